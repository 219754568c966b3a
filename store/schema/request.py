"""Request: a subscription (or a leaving, where leaving is moderated) that waits for a decision."""

from datetime import datetime

from sqlalchemy import Column, Index, Integer, text
from sqlmodel import Field, SQLModel

from store.schema.columns import ID, choice, document, key, moment, reference
from store.terms import RequestKind, RequestState

WAITING = text("state IN ('unconfirmed', 'pending')")
LAPSING = text("(undo_until IS NOT NULL OR claimed_until IS NOT NULL)")


class Request(SQLModel, table=True):
    """At most one waiting request per address and group: the database says so, not the code.

    While it is pending: `expires_at`, `remind_at`, `rung` and `reminder_id` are as a held post's. So are who
    looks at it, and until when a decision can be taken back, as of a post.
    """

    __table_args__ = (
        Index("uq_request_waiting", "group_id", "key", unique=True, postgresql_where=WAITING, sqlite_where=WAITING),
        Index("ix_request_person", "person_id"),
        Index("ix_request_lapsing", "id", postgresql_where=LAPSING, sqlite_where=LAPSING),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    group_id: int = Field(sa_column=reference("group.id", ondelete="CASCADE"))
    kind: RequestKind = Field(default=RequestKind.JOIN, sa_column=choice(RequestKind, "request_kind"))
    address: str
    key: str
    person_id: int | None = Field(default=None, sa_column=reference("person.id", nullable=True))
    note: str = ""  # what the applicant wrote
    state: RequestState = Field(default=RequestState.PENDING, sa_column=choice(RequestState, "request_state"))
    created_at: datetime = Field(sa_column=moment())
    # By mail: since when the mailbox is known to be the applicant's. Without it nobody is written to.
    confirmed_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    expires_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    remind_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    reminder_id: int | None = Field(default=None, sa_column=Column(ID, nullable=True))
    rung: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    decided_by: int | None = Field(default=None, sa_column=reference("person.id", nullable=True))
    decided_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    decision_reason: str = ""
    claimed_by: int | None = Field(default=None, sa_column=Column(ID, nullable=True))
    claimed_until: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    undo_until: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    undo: dict[str, int] | None = Field(default=None, sa_column=document(nullable=True))
