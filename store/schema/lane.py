"""Lane: a next hop with its shared budget, and whose turn it is on it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Date, Float, ForeignKey, Index, String
from sqlmodel import Field, SQLModel

from store.schema.columns import ID, document, key, moment


class Lane(SQLModel, table=True):
    """`key` is `relay` or `mx:<domain>`. Limits are none where there is none; the budget is the database's, never
    a lock.

    `tokens` and `filled_at` are the rate's token bucket; `day`/`day_count` the daily count. `waiting_until` with
    `alarm`
    (stage, code, enhanced, reply, since, tries) is set while a fault of ours keeps the lane waiting.
    """

    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=key())
    key: str = Field(sa_column=Column(String, nullable=False, unique=True))
    connections: int | None = None
    rate: float | None = Field(default=None, sa_column=Column(Float, nullable=True))  # recipients a second
    daily: int | None = None
    tokens: float = Field(default=0.0, sa_column=Column(Float, nullable=False))
    filled_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    day: date | None = Field(default=None, sa_column=Column(Date, nullable=True))
    day_count: int = 0
    waiting_until: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    alarm: dict[str, Any] | None = Field(default=None, sa_column=document(nullable=True))


class LaneShare(SQLModel, table=True):
    """How many of a lane's connections a worker holds; gone with the worker."""

    __tablename__ = "lane_share"

    lane_id: int = Field(
        sa_column=Column(ID, ForeignKey("lane.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    )
    worker_id: int = Field(
        sa_column=Column(ID, ForeignKey("worker.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    )
    connections: int


class Turn(SQLModel, table=True):
    """A post (0: letters) that has claimable deliveries on a lane; the one served longest ago is next."""

    __table_args__ = (Index("ix_turn_next", "lane_id", "served_at"),)

    lane_id: int = Field(
        sa_column=Column(ID, ForeignKey("lane.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    )
    post_id: int = Field(sa_column=Column(ID, primary_key=True, autoincrement=False))
    due_at: datetime = Field(sa_column=moment())
    served_at: datetime = Field(sa_column=moment())
