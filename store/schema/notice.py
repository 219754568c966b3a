"""Notice: something the bot must say in Slack, and the placements (channel, ts) where it stands."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, String, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from store.schema.columns import choice, document, key, moment, reference
from store.terms import NoticeKind

OPEN_PLACEMENT = text("state <> 'dead' AND shown < wanted")


class Notice(SQLModel, table=True):
    """One row per thing to say: `key` (`request_card:12`, `report:7`) is unique, so a change finds its notice again.

    `version` grows with every change of what it shows; a placement whose `shown` is behind is posted or redrawn
    from the
    state at that moment. `arguments` holds ids and values fixed when it was written, never text of people.
    """

    __table_args__ = (UniqueConstraint("key", name="uq_notice_key"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, sa_column=key())
    kind: NoticeKind = Field(sa_column=choice(NoticeKind, "notice_kind", grows=True))
    key: str
    subject_id: int  # the request, post, group, letter or lane it is about, by kind
    group_id: int | None = Field(default=None, sa_column=reference("group.id", nullable=True))
    arguments: dict[str, Any] = Field(default_factory=dict, sa_column=document())
    version: int = 1
    created_at: datetime = Field(sa_column=moment())


class Placement(SQLModel, table=True):
    """One copy of a notice: `target` is a channel (C…, G…) or a Slack person (U…, reached by DM).

    `channel` and `ts` are Slack's answer. state: `waiting` (something to say or nothing), `posting` (claimed; if its
    worker dies the outcome is unknown), `dead` (Slack refused for good; `error` says why). `wanted` mirrors the
    notice's version so that one index finds what is behind. `uncertain` marks a post whose answer was lost.
    """

    __table_args__ = (
        UniqueConstraint("notice_id", "target", name="uq_placement_target"),
        Index("ix_placement_behind", "due_at", "id", postgresql_where=OPEN_PLACEMENT, sqlite_where=OPEN_PLACEMENT),
        Index("ix_placement_message", "channel", "ts"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    notice_id: int = Field(sa_column=reference("notice.id", ondelete="CASCADE"))
    target: str
    channel: str | None = None
    ts: str | None = None
    thread_ts: str | None = None
    state: str = Field(default="waiting", sa_column=Column(String, nullable=False, server_default="waiting"))
    wanted: int = 1
    shown: int = 0
    due_at: datetime = Field(sa_column=moment())
    attempts: int = 0
    worker_id: int | None = Field(default=None, sa_column=reference("worker.id", nullable=True))
    uncertain: bool = False
    error: str = ""
