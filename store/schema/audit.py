"""Audit: who did what to which group, append-only."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from store.schema.columns import document, key, moment, reference


class Audit(SQLModel, table=True):
    """`actor` is a person's random subject id, `mail` (acted by a token or an authenticated mail), `import` or
    `system`.

    `as_operator` says that the right came from being operator, not from the group. `details` holds before and after.
    """

    __table_args__ = (Index("ix_audit_group", "group_id", "id"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, sa_column=key())
    at: datetime = Field(sa_column=moment())
    actor: str
    as_operator: bool = False
    verb: str  # group.created, request.approved, post.released, ...
    group_id: int | None = Field(default=None, sa_column=reference("group.id", nullable=True))
    subject: str = ""  # what it was done to: request:12, post:7, membership:3
    details: dict[str, Any] = Field(default_factory=dict, sa_column=document())
