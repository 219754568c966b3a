"""Bounce: what came back to a return path of ours, kept for some days whether or not it changed anything."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.schema.columns import key, moment, reference


class Bounce(SQLModel, table=True):
    """`acted` says that it marked its delivery bounced (RFC 3464 `Action: failed` at a valid return path)."""

    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=key())
    delivery_id: int = Field(sa_column=reference("delivery.id", ondelete="CASCADE", index=True))
    message_id: int = Field(sa_column=reference("message.id"))
    acted: bool = False
    enhanced: str = ""
    diagnostic: str = ""
    created_at: datetime = Field(sa_column=moment())
