"""Message: immutable bytes as received, stored once."""

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from store.schema.columns import key, moment

KEPT = text("raw IS NOT NULL")


class Message(SQLModel, table=True):
    """`raw` is what stood between 354 and the final dot, dot-unstuffed; `size` its octets. `raw` is emptied by
    retention."""

    __table_args__ = (
        Index("ix_message_kept", "created_at", postgresql_where=KEPT, sqlite_where=KEPT),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    size: int
    digest: str  # SHA-256 of raw, hexadecimal
    raw: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    created_at: datetime = Field(sa_column=moment())
