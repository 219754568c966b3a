"""Hold: an emergency hold of a group, who put it on and why, and who lifted it."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.schema.columns import key, moment, reference


class Hold(SQLModel, table=True):
    """One row a hold, open while `ended_at` is empty; the group's `hold_id` names the open one.

    `everywhere` says that an operator put it on all groups at once.
    """

    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=key())
    group_id: int = Field(sa_column=reference("group.id", index=True))
    reason: str = ""
    everywhere: bool = False
    created_at: datetime = Field(sa_column=moment())
    created_by: int | None = Field(default=None, sa_column=reference("person.id", nullable=True))
    ended_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    ended_by: int | None = Field(default=None, sa_column=reference("person.id", nullable=True))
