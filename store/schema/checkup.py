"""Checkup: a round of the doctor that a person asked for in Slack, and what it found."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, String, text
from sqlmodel import Field, SQLModel

from store.schema.columns import document, key, moment, reference
from store.schema.person import Person  # noqa: F401 - the table referred to

ASKED = text("claimed_at IS NULL")


class Checkup(SQLModel, table=True):
    """Asked, then claimed by one process of the bridge, then done. `findings` grow meanwhile (`findings.Finding`).

    `probe` is the address that a mail goes to, "" for none; it is the asker's own.
    """

    __table_args__ = (
        Index("ix_checkup_asked", "created_at", postgresql_where=ASKED, sqlite_where=ASKED),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    person_id: int = Field(sa_column=reference("person.id"))
    probe: str = Field(default="", sa_column=Column(String, nullable=False, server_default=""))
    findings: list[dict[str, Any]] = Field(default_factory=list, sa_column=document())
    created_at: datetime = Field(sa_column=moment())
    claimed_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    done_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
