"""Matter: something about a group's roster that people are asked, with exactly what the card about it showed."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from store.concerns import MatterKind, MatterState
from store.schema.columns import choice, document, key, moment, reference


class Matter(SQLModel, table=True):
    """`come` are Slack ids to enrol, `go` membership ids to take off; `details` counts and codes, no text of people."""

    __table_args__ = (Index("ix_matter_group", "group_id", "kind", "state"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, sa_column=key())
    group_id: int = Field(sa_column=reference("group.id", ondelete="CASCADE"))
    kind: MatterKind = Field(sa_column=choice(MatterKind, "matter_kind", grows=True))
    state: MatterState = Field(default=MatterState.OPEN, sa_column=choice(MatterState, "matter_state", grows=True))
    source: str | None = None
    come: list[str] = Field(default_factory=list, sa_column=document())
    go: list[int] = Field(default_factory=list, sa_column=document())
    details: dict[str, Any] = Field(default_factory=dict, sa_column=document())
    created_at: datetime = Field(sa_column=moment())
    decided_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    decided_by: int | None = Field(default=None, sa_column=reference("person.id", nullable=True))
