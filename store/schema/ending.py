"""Ending: one time that people were reminded of a membership whose date comes near."""

from datetime import datetime

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from store.schema.columns import ID, choice, key, moment, reference
from store.verdicts import EndingAnswer


class Ending(SQLModel, table=True):
    """`days` before `until`. The membership may be gone when its card is drawn anew, so nothing refers to its row."""

    __table_args__ = (
        UniqueConstraint("membership_id", "until", "days", name="uq_ending_time"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    group_id: int = Field(sa_column=reference("group.id", ondelete="CASCADE"))
    membership_id: int = Field(sa_column=Column(ID, nullable=False))
    until: datetime = Field(sa_column=moment())
    days: int
    answer: EndingAnswer = Field(sa_column=choice(EndingAnswer, "ending_answer", grows=True))
    extended_to: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    decided_by: int | None = Field(default=None, sa_column=reference("person.id", nullable=True))
    decided_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    created_at: datetime = Field(sa_column=moment())
