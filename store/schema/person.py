"""Person: a Slack user as the directory last saw them."""

from datetime import datetime

from sqlalchemy import Column, Index, String
from sqlmodel import Field, SQLModel

from store.schema.columns import key, moment


class Person(SQLModel, table=True):
    """`email` is the profile address in lower case, or none: some people have none, and that is a state, not a fault.

    `subject` is a random id by which the audit names the person, so that the audit outlives an erasure.
    """

    __table_args__ = (Index("ix_person_email", "email"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, sa_column=key())
    slack_id: str = Field(sa_column=Column(String, nullable=False, unique=True))
    subject: str = Field(sa_column=Column(String, nullable=False, unique=True))
    name: str
    email: str | None = None
    locale: str = "en-US"
    time_zone: str = "UTC"
    guest: bool = False
    stranger: bool = False  # of another workspace (Slack Connect)
    deactivated: bool = False
    bot: bool = False
    workspace_admin: bool = False  # owner or admin of the workspace: operator where POSTROOM_OPERATORS names nobody
    operator: bool = False
    refreshed_at: datetime = Field(sa_column=moment())
