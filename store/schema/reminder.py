"""Reminder: one time that a group's moderators were reminded of held posts, however many those were."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from store.schema.columns import key, moment, reference


class Reminder(SQLModel, table=True):
    """Which posts it names is theirs to say (`post.reminder_id`): a later reminder takes them over."""

    __table_args__ = (Index("ix_reminder_group", "group_id", "created_at"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, sa_column=key())
    group_id: int = Field(sa_column=reference("group.id", ondelete="CASCADE"))
    created_at: datetime = Field(sa_column=moment())
