"""Fates: what became of a post's copy for one address, and why; and how an address stands to a group now.

"Why did this person not get it?" is answered from the rows alone: the delivery with the hop's last reply where there is
one, else what left the address out. Nothing is asked of a mail server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_
from sqlmodel import col, select

from store import incidents, memberships
from store.engine import Reading
from store.schema.delivery import Delivery
from store.schema.group import Group
from store.schema.lane import Lane
from store.schema.membership import Membership
from store.schema.person import Person
from store.schema.post import REAL, Post
from store.schema.suppression import Suppression
from store.terms import Apart, BounceReason, DeliveryState, PostState, Receiving, Stage, SuppressionReason

SEARCHED = 300  # the newest posts of a group among which a subject is looked for
RECEIVES = "receives"
# Of a skipped copy: what stopped the contact. Where they still receive, the post itself was stopped.
SKIPPED_BY = {
    Receiving.STOPPED: "skipped_left",
    Receiving.BOUNCING: "skipped_bouncing",
    Receiving.PAUSED: "skipped_stopped",
    Receiving.ON: "skipped_stopped",
}


@dataclass(frozen=True, slots=True)
class Whom:
    """Of whom it is asked: the address as it is compared (none for a person without one), and their place."""

    address: str
    key: str | None
    row: Membership | None
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """How an address stands to a group now (`why.now.<name>`): since or until when, and for which bounces."""

    name: str
    at: datetime | None = None
    reason: BounceReason | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What the next hop said last. `hop` is a domain whose servers take mail themselves, or "" for the relay."""

    hop: str
    reply: str
    stage: Stage | None
    reason: BounceReason | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one post for one address (`why.fate.<name>`). `at` is when, or when it is tried again; `group` is
    the one that had the copy instead; `place` is what left the address out."""

    post: Post
    name: str
    at: datetime | None = None
    said: Said | None = None
    group: Group | None = None
    place: Place | None = None


async def whom(tx: Reading, group_id: int | None, *, person: Person | None = None, key: str | None = None) -> Whom:
    """A person, or an address in comparing form, with their place in the group."""
    row = await memberships.find(tx, group_id, person_id=person.id if person else None, key=key)
    email = person.email if person else None
    address = (row.address if row else None) or email or key or ""
    return Whom(address, (row.key if row else None) or key or email, row, person)


async def place(tx: Reading, group_id: int, whom: Whom) -> Place:
    """How somebody stands to the group at this moment."""
    row = whom.row
    if row is None:
        if whom.key is None:
            return Place("absent")
        query = select(Suppression).where(col(Suppression.group_id) == group_id, col(Suppression.key) == whom.key)
        gone = (await tx.exec(query)).first()
        return Place("absent") if gone is None else Place(SuppressionReason(gone.reason).value, gone.created_at)
    if not row.contact:
        return Place("no_contact")
    if row.gone:
        return Place("deactivated")
    if row.receiving is Receiving.PAUSED:
        over = row.paused_until is not None and row.paused_until <= tx.now
        return Place(RECEIVES) if over else Place("paused" if row.paused_until is None else "away", row.paused_until)
    if row.receiving is Receiving.BOUNCING:
        assert row.id is not None
        incident = (await incidents.of(tx, [row.id])).get(row.id)
        if incident is None:
            return Place("bouncing")
        return Place("bouncing_why", incident.suspended_at, BounceReason(incident.reason))
    return Place("stopped" if row.receiving is Receiving.STOPPED else RECEIVES)


async def of(tx: Reading, post: Post, whom: Whom) -> Fate:
    """What became of a post for somebody."""
    if post.state is not PostState.ACCEPTED:
        return Fate(post, f"post_{post.state.value}", post.decided_at or post.created_at)
    delivery = await _delivery(tx, [post.id], whom.key)
    if delivery is not None:
        return await _copied(tx, post, delivery)
    if await _emptied(tx, post):
        return Fate(post, "emptied")
    return await _spared(tx, post, whom)


async def _copied(tx: Reading, post: Post, delivery: Delivery) -> Fate:
    """Of a copy that was made."""
    name, at = delivery.state.value, delivery.settled_at
    if delivery.state is DeliveryState.DEFERRED:
        at = delivery.due_at
    elif delivery.state is DeliveryState.SKIPPED:
        row = await tx.get(Membership, delivery.membership_id) if delivery.membership_id is not None else None
        gone = row is None and delivery.membership_id is not None
        name = "skipped_left" if gone else SKIPPED_BY[row.receiving if row else Receiving.ON]
        if row is not None and row.gone:
            name = "skipped_deactivated"
    elif delivery.state is DeliveryState.RELAYED and delivery.repeated:
        name = "relayed_repeated"
    if post.stalled is not None and delivery.state in (DeliveryState.QUEUED, DeliveryState.DEFERRED):
        name = "stalled"
    return Fate(post, name, at, await _said(tx, delivery))


async def _said(tx: Reading, delivery: Delivery) -> Said:
    lane = await tx.get(Lane, delivery.lane_id)
    hop = lane.key.removeprefix("mx:") if lane is not None and lane.key.startswith("mx:") else ""
    reply = " ".join(part for part in (str(delivery.code or ""), delivery.enhanced, delivery.reply) if part)
    reason = BounceReason(delivery.reason) if delivery.reason else None
    return Said(hop, reply, delivery.stage, reason, delivery.attempts)


async def _spared(tx: Reading, post: Post, whom: Whom) -> Fate:
    """Of one for whom no copy was made; each cause in the order in which expansion asks."""
    row = whom.row
    now = await place(tx, post.group_id, whom)
    if row is None or row.id is None or not row.contact:
        return Fate(post, "absent", place=now)
    if row.id > (post.high_water or 0):
        return Fate(post, "joined_later", row.created_at)
    apart = post.apart or {}
    for cause in (Apart.NESTED, Apart.OWN, Apart.ADDRESSED):
        if row.id in apart.get(cause, ()):
            return Fate(post, cause.value)
    elsewhere = await _elsewhere(tx, post, whom.key)
    if elsewhere is not None:
        return Fate(post, "elsewhere", post.accepted_at, group=elsewhere)
    if post.expanded_at is None and row.id > post.expanded_id:
        return Fate(post, "awaited")
    return Fate(post, "did_not_receive", place=now)


async def _elsewhere(tx: Reading, post: Post, key: str | None) -> Group | None:
    """The group by which the address had the message, if an earlier one of its family did."""
    if post.family_id is None or post.rank is None:
        return None
    earlier = select(Post.id).where(col(Post.family_id) == post.family_id, col(Post.rank) < post.rank)
    delivery = await _delivery(tx, (await tx.exec(earlier.order_by(col(Post.rank)))).all(), key)
    if delivery is None or delivery.state is DeliveryState.SKIPPED:
        return None
    query = select(Group).join(Post, col(Post.group_id) == col(Group.id)).where(col(Post.id) == delivery.post_id)
    return (await tx.exec(query)).first()


async def _delivery(tx: Reading, post_ids: Sequence[int | None], key: str | None) -> Delivery | None:
    """The delivery of these posts to an address, one that is at its contact or may yet be before one that was skipped.

    A look for each state: of several states at once PostgreSQL may read a whole post (see `families.covered`).
    """
    if not post_ids or key is None:
        return None
    states = [*(state for state in DeliveryState if state is not DeliveryState.SKIPPED), DeliveryState.SKIPPED]
    looks: list[Any] = [
        select(col(Delivery.id))
        .where(col(Delivery.post_id).in_(post_ids), col(Delivery.state) == state, col(Delivery.key) == key)
        .limit(1)
        .scalar_subquery()
        for state in states
    ]
    found = (await tx.exec(select(func.coalesce(*looks)))).first()
    return None if found is None else await tx.get(Delivery, found, populate_existing=True)


async def _emptied(tx: Reading, post: Post) -> bool:
    """Whether the rows of a post's copies are gone: figures stay, addresses do not."""
    if post.done_at is None or post.first_relayed_at is None:
        return False
    return (await tx.exec(select(Delivery.id).where(col(Delivery.post_id) == post.id).limit(1))).first() is None


async def recent(tx: Reading, group_id: int, limit: int, *, author: str | None = None, words: str = "") -> list[Post]:
    """The newest posts of a group, newest first, test mails left out. `author`: only accepted ones and those that name
    this address as their author. `words`: a public id, or a part of a subject among the newest."""
    query = select(Post).where(col(Post.group_id) == group_id, REAL)
    if author is not None:
        query = query.where(or_(col(Post.state) == PostState.ACCEPTED, func.lower(col(Post.author)) == author))
    query = query.order_by(col(Post.created_at).desc(), col(Post.id).desc())
    found = list((await tx.exec(query.limit(SEARCHED if words else limit))).all())
    if words:
        sought = " ".join(words.casefold().split())
        found = [one for one in found if one.public_id == words or sought in " ".join(one.subject.casefold().split())]
    return found[:limit]
