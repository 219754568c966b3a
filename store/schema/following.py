"""Following: how a group stands to the channel or user group it follows, what moved there, and who is left out."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from store.concerns import LeftOut
from store.schema.columns import ID, choice, document, key, moment, reference

WAITING = text("done_at IS NULL")


class Following(SQLModel, table=True):
    """One row a group that follows something. `wanted` counts the comparisons asked for, `done` those made.

    `held_until` is a claim, which ends by itself if its process dies; `generation` is its fence. `read_at` is when the
    source was last read, `mark` the user group's own time of its last change (epoch seconds), by which a lost event
    shows. `recent` says who came and went unasked within the hour.
    """

    group_id: int = Field(sa_column=Column(ID, ForeignKey("group.id", ondelete="CASCADE"), primary_key=True))
    source: str = Field(sa_column=Column(String, nullable=False, index=True))
    name: str = ""  # as Slack shows it to people
    wanted: int = 1
    done: int = 0
    due_at: datetime = Field(sa_column=moment())
    held_until: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    generation: int = 0
    attempts: int = 0
    mark: int | None = None
    recent: dict[str, Any] = Field(default_factory=dict, sa_column=document())
    read_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class Movement(SQLModel, table=True):
    """Somebody came into what a group follows, or went: what an event said, kept a while after it was acted upon.

    `at` is Slack's time of the event, the same in every repeat of it: a repeat that comes late changes nothing.
    """

    __table_args__ = (
        UniqueConstraint("group_id", "slack_id", "at", name="uq_movement_event"),
        Index("ix_movement_waiting", "group_id", postgresql_where=WAITING, sqlite_where=WAITING),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    group_id: int = Field(sa_column=reference("group.id", ondelete="CASCADE"))
    slack_id: str
    inside: bool = Field(sa_column=Column(Boolean, nullable=False))
    at: str
    created_at: datetime = Field(sa_column=moment())
    done_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class Aside(SQLModel, table=True):
    """Somebody who is in what a group follows and no contact by it, and why."""

    group_id: int = Field(sa_column=Column(ID, ForeignKey("group.id", ondelete="CASCADE"), primary_key=True))
    slack_id: str = Field(sa_column=Column(String, primary_key=True, index=True))
    reason: LeftOut = Field(sa_column=choice(LeftOut, "left_out", grows=True))
