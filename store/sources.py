"""Sources: what a post's or a letter's octets are made from, read for the worker that delivers them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import col

from store import names
from store.engine import Bulk
from store.schema.group import Group
from store.schema.letter import Letter
from store.schema.message import Message
from store.schema.post import Post
from store.terms import GroupPolicy, Language, LetterKind, Origin


@dataclass(frozen=True, slots=True)
class PostSource:
    """A post's message and its acceptance; the same for every worker. `carriers` are the addresses of the groups it
    came through, the nearest first."""

    raw: bytes
    policy: GroupPolicy
    public_id: str
    accepted_at: datetime
    helo: str
    client: str
    protocol: str
    results: tuple[str, ...]
    altered: bool  # the report knows already what its edition changes
    authenticated: bool
    origin: Origin
    carriers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LetterSource:
    """A letter's row with its group's settings, if it speaks for a group."""

    kind: LetterKind
    language: Language
    address: str
    arguments: Mapping[str, str]
    group: GroupPolicy | None
    created_at: datetime
    in_reply_to: str


def of_post(bulk: Bulk, post_id: int) -> PostSource:
    """What the Edition of an accepted post is a function of. Its bytes stay until its last delivery has an outcome."""
    query = select(
        col(Message.raw),
        col(Post.policy),
        col(Post.public_id),
        col(Post.accepted_at),
        col(Post.helo),
        col(Post.client),
        col(Post.protocol),
        col(Post.results),
        col(Post.alteration).is_not(None).label("altered"),
        col(Post.authenticated),
        col(Post.origin),
        col(Post.parent_id),
    )
    query = query.join(Message, col(Message.id) == col(Post.message_id)).where(col(Post.id) == post_id)
    row = bulk.connection.execute(query).one()
    policy = GroupPolicy.from_json(row.policy)
    return PostSource(
        raw=row.raw or b"",
        policy=policy,
        public_id=row.public_id,
        accepted_at=row.accepted_at,
        helo=row.helo,
        client=row.client,
        protocol=row.protocol,
        results=tuple(row.results),
        altered=bool(row.altered),
        authenticated=row.authenticated,
        origin=Origin.from_json(row.origin),
        carriers=_carriers(bulk, row.parent_id),
    )


def _carriers(bulk: Bulk, post_id: int | None) -> tuple[str, ...]:
    found: list[str] = []
    while post_id is not None:
        query = select(col(Post.parent_id), col(Post.policy)).where(col(Post.id) == post_id)
        post_id, policy = bulk.connection.execute(query).one()
        found.append(GroupPolicy.from_json(policy).address)
    return tuple(found)


def of_letter(bulk: Bulk, letter_id: int) -> LetterSource:
    """What a letter's octets are a function of."""
    row = bulk.connection.execute(select(Letter.__table__).where(col(Letter.id) == letter_id)).one()  # type: ignore[attr-defined]  # SQLModel sets it
    group = None
    if row.group_id is not None:
        found = bulk.connection.execute(select(Group.__table__).where(col(Group.id) == row.group_id)).mappings().one()  # type: ignore[attr-defined]  # SQLModel sets it
        group = names.policy(Group(**found))
    arguments = {name: str(value) for name, value in row.arguments.items()}
    return LetterSource(row.kind, row.language, row.address, arguments, group, row.created_at, row.in_reply_to)
