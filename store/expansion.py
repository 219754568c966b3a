"""Expansion: turn an accepted post into delivery rows, in bounded chunks, from the contacts as of acceptance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, func, insert, literal, or_, select, true, update
from sqlmodel import col

from store import families, inserts, lanes, tallies, turns
from store.engine import Bulk
from store.schema.columns import ID
from store.schema.delivery import Delivery
from store.schema.group import Group
from store.schema.lane import Lane
from store.schema.membership import Membership
from store.schema.person import Person
from store.schema.post import UNDONE, Post
from store.signal import Topic
from store.terms import Apart, DeliveryState, GroupKind, PostState, Receiving

FIRST_CHUNK = 200  # so that the first copies leave while the rest expand
CHUNK = 2000
POSTS_AT_ONCE = 20
MX = "mx:"
# With its type: PostgreSQL takes a bare NULL among columns for text.
NO_MEMBERSHIP = literal(None, ID)


@dataclass(frozen=True, slots=True)
class Expanded:
    """Rows made now, and whether the post has all of them."""

    rows: int
    finished: bool


def pending(bulk: Bulk) -> list[int]:
    """Posts that are accepted, not yet expanded, and next in their families; oldest first."""
    query = select(col(Post.id)).where(UNDONE, col(Post.expanded_at).is_(None), families.UNBLOCKED)
    found = bulk.connection.execute(query.order_by(col(Post.id)).limit(POSTS_AT_ONCE)).scalars()
    return [post_id for post_id in found if post_id is not None]


def expand(bulk: Bulk, post_id: int, *, by_domain: bool) -> Expanded:
    """Make the next chunk of a post's deliveries; nothing if another worker is at it.

    `by_domain` gives every recipient domain its own lane (mail goes straight to MX hosts), else all go by the relay's.
    """
    query = select(Post.__table__).where(  # type: ignore[attr-defined]  # SQLModel sets it
        col(Post.id) == post_id, col(Post.state) == PostState.ACCEPTED, col(Post.expanded_at).is_(None)
    )
    post = bulk.connection.execute(query.with_for_update(skip_locked=True)).first()
    if post is None:
        return Expanded(0, finished=False)
    earlier = families.earlier(bulk, post)
    if earlier is None:
        return Expanded(0, finished=False)
    limit = CHUNK if post.expanded_id else FIRST_CHUNK
    recipients = _recipients(bulk, post).subquery()
    chunk = select(recipients).order_by(recipients.c.id).limit(limit).subquery()
    n, last = bulk.connection.execute(select(func.count(), func.max(chunk.c.id)).select_from(chunk)).one()
    if n:
        spared = _spared(bulk, post, earlier, chunk)
        without = {one for ids in spared.values() for one in ids}
        if len(without) < n:
            rest = select(chunk).where(chunk.c.id.not_in(without)).subquery() if without else chunk
            _insert(bulk, post_id, rest, by_domain=by_domain)
        counts = [(post_id, cause.value, len(ids)) for cause, ids in spared.items()]
        tallies.add(bulk, tallies.NOBODY, [(post_id, tallies.EXPANDED, n), *counts])
    finished = n < limit
    values: dict[str, Any] = {"expanded_id": last or post.expanded_id}
    if finished:
        values["expanded_at"] = bulk.now
        if not n and not post.expanded_id:
            values["done_at"] = bulk.now  # nobody receives
    bulk.connection.execute(update(Post).where(col(Post.id) == post_id).values(values))
    bulk.wake(Topic.DELIVER)
    return Expanded(n, finished)


def _spared(bulk: Bulk, post: Any, earlier: list[int], chunk: Any) -> dict[Apart, set[int]]:
    """Who of the chunk gets no copy, each by the first cause that holds."""
    apart = post.apart or {}
    found: dict[Apart, set[int]] = {}
    seen: set[int] = set()
    wished = {one for cause in (Apart.OWN, Apart.ADDRESSED) for one in apart.get(cause, ())}
    here = set(bulk.connection.execute(select(chunk.c.id).where(chunk.c.id.in_(wished))).scalars()) if wished else set()
    for cause, ids in (
        (Apart.OWN, here.intersection(apart.get(Apart.OWN, ()))),
        (Apart.ADDRESSED, here.intersection(apart.get(Apart.ADDRESSED, ()))),
        (Apart.ELSEWHERE, families.covered(bulk, earlier, chunk)),
    ):
        found[cause] = ids - seen
        seen |= ids
    return found


def _recipients(bulk: Bulk, post: Any) -> Select[Any]:
    """Who the post is for: (id to continue from, membership, address, and the key it is compared by)."""
    if post.test or post.only_to:
        only = post.only_to or post.author
        alone = _columns(literal(1), NO_MEMBERSHIP, literal(only), literal(only.lower()))
        return alone.where(literal(post.expanded_id) == 0)
    group = bulk.connection.execute(
        select(col(Group.kind), col(Group.parent_id), col(Group.deleted_at)).where(col(Group.id) == post.group_id)
    ).one()
    if group.deleted_at is not None:
        return _columns(literal(1), NO_MEMBERSHIP, literal(""), literal("")).where(literal(1) == 0)
    if group.kind is GroupKind.GROUP:
        receives = or_(
            col(Membership.receiving) == Receiving.ON,
            and_(col(Membership.receiving) == Receiving.PAUSED, col(Membership.paused_until) <= bulk.now),
        )
        groups = (post.apart or {}).get(Apart.NESTED, ())
        return (
            _columns(col(Membership.id), col(Membership.id), col(Membership.address), col(Membership.key))
            .where(col(Membership.id).not_in(groups) if groups else true())
            .where(col(Membership.group_id) == post.group_id, col(Membership.contact), receives, ~col(Membership.gone))
            .where(col(Membership.id) > post.expanded_id, col(Membership.id) <= post.high_water)
        )
    operators = _columns(col(Person.id), NO_MEMBERSHIP, col(Person.email), col(Person.email)).where(
        col(Person.operator), col(Person.deactivated).is_(False), col(Person.email).is_not(None)
    )
    if group.kind is not GroupKind.OWNER:
        return operators.where(col(Person.id) > post.expanded_id)
    address = func.coalesce(col(Person.email), col(Membership.address))
    administrators = (
        _columns(col(Membership.id), col(Membership.id), address, func.coalesce(col(Person.email), col(Membership.key)))
        .join(Person, col(Person.id) == col(Membership.person_id), isouter=True)
        .where(col(Membership.group_id) == group.parent_id, col(Membership.administrator), address.is_not(None))
        .where(or_(col(Person.deactivated).is_(None), col(Person.deactivated).is_(False)))
    )
    anybody = bulk.connection.execute(administrators.limit(1)).first()
    # An owner's address that reaches nobody would lose mail: the operators answer for it.
    return (administrators if anybody else operators).where(literal(post.expanded_id) == 0)


def _columns(position: Any, membership: Any, address: Any, key: Any) -> Select[Any]:
    return select(position.label("id"), membership.label("membership_id"), address.label("address"), key.label("key"))


def _insert(bulk: Bulk, post_id: int, chunk: Any, *, by_domain: bool) -> None:
    columns = ["post_id", "membership_id", "address", "key", "lane_id", "state", "created_at", "due_at"]
    columns += ["attempts", "enhanced", "reply", "repeated"]
    row: list[Any] = [literal(post_id), chunk.c.membership_id, chunk.c.address, chunk.c.key]
    rest: list[Any] = [
        literal(DeliveryState.QUEUED.value),
        literal(bulk.now),
        literal(bulk.now),
        literal(0),
        literal(""),
        literal(""),
    ]
    rest.append(literal(False))
    if by_domain:
        domain = func.lower(func.substr(chunk.c.address, _at(bulk, chunk.c.address) + 1))
        key = literal(MX) + domain
        new = select(key, literal(0.0), literal(0)).distinct().order_by(key)
        bulk.connection.execute(
            inserts.insert(bulk, Lane)
            .from_select(["key", "tokens", "day_count"], new.where(literal(1) == 1))
            .on_conflict_do_nothing()
        )
        with_lane = chunk.join(Lane, col(Lane.key) == key)
        source = select(*row, col(Lane.id), *rest).select_from(with_lane)
        ids = bulk.connection.execute(select(col(Lane.id)).distinct().select_from(with_lane)).scalars()
        lane_ids = [lane_id for lane_id in ids if lane_id is not None]
    else:
        lane_ids = [lanes.ensure(bulk, lanes.RELAY)]
        source = select(*row, literal(lane_ids[0]), *rest)
    bulk.connection.execute(insert(Delivery).from_select(columns, source.order_by(chunk.c.id)))
    turns.give(bulk, [(lane_id, post_id) for lane_id in lane_ids], bulk.now)


def _at(bulk: Bulk, address: Any) -> Any:
    return func.instr(address, "@") if bulk.dialect == "sqlite" else func.strpos(address, "@")
