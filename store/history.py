"""History: the audit read back, newest first, with the names of those it means as they are known now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import col, or_, select

from store.chunks import chunks
from store.engine import Reading
from store.schema.audit import Audit
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.person import Person
from store.schema.post import Post
from store.schema.request import Request

NAMED = 3  # memberships of one act that are named


@dataclass(frozen=True, slots=True)
class Filters:
    """What to show: of one group or (None) of all, of one actor, of verbs that begin so, from a moment on."""

    group_id: int | None = None
    actor: str = ""
    verb: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One row: who did what when. `slack_id` is none for what no person did (`actor` says what), or for whom nobody
    knows any more. `objects` are Slack ids or addresses of whom it was done to, as far as they are still known."""

    id: int
    at: datetime
    verb: str
    actor: str
    slack_id: str | None
    as_operator: bool
    group: str
    subject: str
    objects: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


async def page(tx: Reading, filters: Filters, *, offset: int, limit: int) -> list[Act]:
    """Some acts, the newest first."""
    query = select(Audit).order_by(col(Audit.id).desc()).offset(offset).limit(limit)
    if filters.group_id is not None:
        query = query.where(col(Audit.group_id) == filters.group_id)
    if filters.actor:
        query = query.where(col(Audit.actor) == filters.actor)
    if filters.verb:
        query = query.where(or_(col(Audit.verb) == filters.verb, col(Audit.verb).startswith(f"{filters.verb}.")))
    if filters.since is not None:
        query = query.where(col(Audit.at) >= filters.since)
    return await _told(tx, (await tx.exec(query)).all())


async def _told(tx: Reading, rows: Sequence[Audit]) -> list[Act]:
    people: dict[str, str] = {}
    for some in chunks({row.actor for row in rows}):
        found = await tx.exec(select(Person.subject, Person.slack_id).where(col(Person.subject).in_(some)))
        people.update(dict(found.all()))
    groups: dict[int | None, str] = {}
    for ids in chunks({row.group_id for row in rows if row.group_id is not None}):
        groups.update(dict((await tx.exec(select(Group.id, Group.address).where(col(Group.id).in_(ids)))).all()))
    names = await _names(tx, {number for row in rows for number in _meant(row)})
    return [
        Act(
            row.id or 0,
            row.at,
            row.verb,
            row.actor,
            people.get(row.actor),
            row.as_operator,
            groups.get(row.group_id, ""),
            row.subject,
            tuple(names[one] for one in _meant(row) if one in names),
            row.details,
        )
        for row in rows
    ]


def _meant(row: Audit) -> list[str]:
    """The subjects an act is about: its own, or the first memberships of a bulk."""
    listed = row.details.get("memberships")
    many = [f"membership:{one}" for one in listed[:NAMED]] if isinstance(listed, list) else []
    return [row.subject] if row.subject else many


async def _names(tx: Reading, subjects: set[str]) -> dict[str, str]:
    """`membership:3` and the like -> whom it is about."""
    numbers: dict[str, set[int]] = {}
    for subject in subjects:
        kind, _, number = subject.partition(":")
        if number.isdecimal():
            numbers.setdefault(kind, set()).add(int(number))
    found: dict[str, str] = {}
    for ids in chunks(numbers.get("membership", ())):
        roster = select(Membership.id, Person.slack_id, Membership.address).outerjoin(
            Person, col(Person.id) == col(Membership.person_id)
        )
        for row_id, slack_id, address in (await tx.exec(roster.where(col(Membership.id).in_(ids)))).all():
            found[f"membership:{row_id}"] = slack_id or address or ""
    for ids in chunks(numbers.get("request", ())):
        asked = select(Request.id, Request.address).where(col(Request.id).in_(ids))
        found.update({f"request:{row_id}": address for row_id, address in (await tx.exec(asked)).all()})
    for ids in chunks(numbers.get("post", ())):
        written = select(Post.id, Post.author).where(col(Post.id).in_(ids))
        found.update({f"post:{row_id}": author for row_id, author in (await tx.exec(written)).all()})
    return {subject: name for subject, name in found.items() if name}
