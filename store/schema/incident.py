"""Incident: what bounces say of one contact's mailbox, and the strikes it is made of."""

from datetime import date, datetime

from sqlalchemy import Column, Date, Index, String, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from store.schema.columns import ID, key, moment, reference

OPEN = text("ended_at IS NULL")
SUSPENDED = text("ended_at IS NULL AND suspended_at IS NOT NULL")
WAITING = text("counted IS NULL")


class Incident(SQLModel, table=True):
    """From the first bounce that counts to its end: resumed, removed, left. A contact has one open at most.

    `points` and `day` are the score (features of Mailman's); `suspended_at` is set while copies are stopped, `warnings`
    and `warned_at` count from there. The row outlives the membership, for what was said about it is drawn from here.
    """

    __table_args__ = (
        Index("uq_incident_open", "membership_id", unique=True, postgresql_where=OPEN, sqlite_where=OPEN),
        Index("ix_incident_suspended", "warned_at", postgresql_where=SUSPENDED, sqlite_where=SUSPENDED),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    membership_id: int = Field(sa_column=Column(ID, nullable=False))  # no foreign key: the row outlives the membership
    group_id: int = Field(sa_column=reference("group.id", ondelete="CASCADE"))
    address: str
    points: int = 0
    day: date | None = Field(default=None, sa_column=Column(Date, nullable=True))
    reason: str  # a BounceReason, of the last bounce that counted
    probed_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    suspended_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    warnings: int = 0
    warned_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    removal_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))  # if nothing happens
    ended_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    ended: str = Field(default="", sa_column=Column(String, nullable=False, server_default=""))
    created_at: datetime = Field(sa_column=moment())


class Strike(SQLModel, table=True):
    """One copy that came back, or was refused for its recipient's sake: at most one a contact and post.

    `post_id` is none where a probe came back. `counted` is none until it was looked at.
    """

    __table_args__ = (
        UniqueConstraint("membership_id", "post_id", name="uq_strike_copy"),
        Index("ix_strike_waiting", "created_at", "id", postgresql_where=WAITING, sqlite_where=WAITING),
        Index("ix_strike_post", "post_id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    membership_id: int = Field(sa_column=Column(ID, nullable=False))
    post_id: int | None = Field(default=None, sa_column=reference("post.id", nullable=True, ondelete="CASCADE"))
    reason: str
    counted: bool | None = None
    created_at: datetime = Field(sa_column=moment())
