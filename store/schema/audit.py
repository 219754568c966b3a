"""Audit: who did what to which group, append-only and chained; its head; and the marks of who was forgotten."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Index, String, false, text
from sqlmodel import Field, SQLModel

from store.schema.columns import ID, document, key, moment, reference

UNSEALED = text("seal IS NULL")


class Audit(SQLModel, table=True):
    """`actor` is a person's random subject id, `mail` (acted by a token or an authenticated mail), `import` or
    `system`.

    `as_operator` says that the right came from being operator, not from the group. `details` holds before and after.
    `seal` is the row's place in the chain, `hash` the chain up to it (`store.chain`), `salts` what its texts are hashed
    with, by place; all three are none until `store.sealing` has come by. The database refuses any other change of a
    row, and every deletion.
    """

    __table_args__ = (
        Index("ix_audit_group", "group_id", "id"),
        Index("ix_audit_actor", "actor", "id"),
        Index("uq_audit_seal", "seal", unique=True),
        Index("ix_audit_unsealed", "id", postgresql_where=UNSEALED, sqlite_where=UNSEALED),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    at: datetime = Field(sa_column=moment())
    actor: str
    as_operator: bool = False
    verb: str  # group.created, request.approved, post.released, ...
    group_id: int | None = Field(default=None, sa_column=reference("group.id", nullable=True))
    subject: str = ""  # what it was done to: request:12, post:7, membership:3
    details: dict[str, Any] = Field(default_factory=dict, sa_column=document())
    seal: int | None = Field(default=None, sa_column=Column(ID, nullable=True))
    hash: str | None = Field(default=None, sa_column=Column(String, nullable=True))
    salts: dict[str, str] | None = Field(default=None, sa_column=document(nullable=True))


class AuditHead(SQLModel, table=True):
    """The one row (id 1) that says how long the chain is and how it ends, so that a cut end shows. Whoever seals locks
    it. While `erasing`, within one transaction, sealed rows may lose texts."""

    __tablename__ = "audit_head"

    id: int = Field(sa_column=Column(ID, primary_key=True, autoincrement=False))
    count: int = Field(sa_column=Column(ID, nullable=False))
    hash: str
    erasing: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))


class Forgotten(SQLModel, table=True):
    """A keyed one-way mark of an address or Slack id that was erased and is not to be enrolled by a file or a
    follower."""

    mark: str = Field(sa_column=Column(String, primary_key=True))
    created_at: datetime = Field(sa_column=moment())
