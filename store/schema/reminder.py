"""Reminder: one time that a group's people were reminded of what waits, however much that was."""

from datetime import datetime

from sqlalchemy import Column, Index, String
from sqlmodel import Field, SQLModel

from store.schema.columns import key, moment, reference


class Reminder(SQLModel, table=True):
    """What it names is for that to say (`post.reminder_id`, `request.reminder_id`): a later reminder takes it over.
    `rung` says how loudly it was said (`store.ladder`)."""

    __table_args__ = (Index("ix_reminder_group", "group_id", "created_at"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, sa_column=key())
    group_id: int = Field(sa_column=reference("group.id", ondelete="CASCADE"))
    rung: str = Field(default="again", sa_column=Column(String, nullable=False, server_default="again"))
    created_at: datetime = Field(sa_column=moment())
