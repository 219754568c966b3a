"""Ruling: a group's standing word on authors; and the reasons its deciders gave last."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from store.schema.columns import choice, key, moment, reference
from store.word import RulingKind, Subject


class Ruling(SQLModel, table=True):
    """`pattern` is a `store.pattern.Pattern`'s text; `glob` marks those that no look-up by address finds."""

    __table_args__ = (
        UniqueConstraint("group_id", "kind", "pattern", name="uq_ruling_pattern"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    group_id: int = Field(sa_column=reference("group.id", ondelete="CASCADE"))
    kind: RulingKind = Field(sa_column=choice(RulingKind, "ruling_kind", grows=True))
    pattern: str
    glob: bool = False
    created_by: int | None = Field(default=None, sa_column=reference("person.id", nullable=True))
    created_at: datetime = Field(sa_column=moment())


class SavedReason(SQLModel, table=True):
    """A reason in a decider's own words, offered again in that group: the last few of each subject."""

    __table_args__ = (
        Index("ix_savedreason_group", "group_id", "subject", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    group_id: int = Field(sa_column=reference("group.id", ondelete="CASCADE"))
    subject: Subject = Field(sa_column=choice(Subject, "reason_subject", grows=True))
    text: str
    used_at: datetime = Field(sa_column=moment())
