"""Suppression: an address that left, complained or was forgotten, which an import must not bring back."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from store.schema.columns import choice, key, moment, reference
from store.terms import SuppressionReason


class Suppression(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("group_id", "key", name="uq_suppression_address"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    group_id: int = Field(sa_column=reference("group.id", ondelete="CASCADE"))
    key: str
    reason: SuppressionReason = Field(sa_column=choice(SuppressionReason, "suppression_reason"))
    created_at: datetime = Field(sa_column=moment())
