"""Queue: claim deliveries by lane, fairly between posts, and settle what became of them.

Settling and the next claim are one transaction. Every statement goes by an index that a post's size does not lengthen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, case, delete, func, insert, or_, select, update
from sqlmodel import col

from store import freezing, lanes, pace, strikes, tallies, turns, workers
from store.engine import Bulk, Writing
from store.schema.delivery import CLAIMABLE, Delivery
from store.schema.lane import Lane, Turn
from store.schema.post import UNDONE, Post
from store.signal import Topic
from store.terms import BounceReason, DeliveryState, Outcome

TURNS_AT_ONCE = 8
SHORTLY = timedelta(milliseconds=20)
REPLY_OCTETS = 500

_table = Delivery.__table__  # type: ignore[attr-defined]  # SQLModel sets it
_OPEN = CLAIMABLE  # in the words of the index: SQLite takes a partial one only for its own condition


@dataclass(frozen=True, slots=True)
class Claim:
    """One claimed delivery: of a post, or of a letter (`post_id` is then None). `deferred`: it was tried before."""

    id: int
    lane_id: int
    post_id: int | None
    letter_id: int | None
    membership_id: int | None
    address: str
    attempts: int
    deferred: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a claim; `due_at` is when a deferred one is tried again."""

    claim: Claim
    outcome: Outcome
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """The claims, and when the lane's budget has more if it gave less than was asked (None: when woken)."""

    claims: tuple[Claim, ...]
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ready:
    """Lanes to claim on, as (id, key), locked for this transaction; and when to look again for those another worker
    is claiming on at this moment."""

    lanes: tuple[tuple[int, str], ...]
    again_at: datetime | None = None


def lanes_due(bulk: Bulk, limit: int) -> Ready:
    """Lanes with something due that do not wait; the one served longest ago first."""
    ready = or_(col(Lane.waiting_until).is_(None), col(Lane.waiting_until) <= bulk.now)
    query = (
        select(col(Lane.id), col(Lane.key))
        .join(Turn, col(Turn.lane_id) == col(Lane.id))
        .where(col(Turn.due_at) <= bulk.now, ready)
        .group_by(col(Lane.id), col(Lane.key))
        .order_by(func.min(col(Turn.served_at)))
        .limit(limit)
    )
    due = [(int(row.id), row.key) for row in bulk.connection.execute(query)]
    free = lanes.hold_free(bulk, [lane_id for lane_id, _ in due])
    found = tuple((lane_id, key) for lane_id, key in due if lane_id in free)
    return Ready(found, None if len(found) == len(due) else bulk.now + SHORTLY)


def next_due(bulk: Bulk) -> datetime | None:
    """When something becomes due that is not yet: a retry, or a lane's wait at its end."""
    later = case((col(Lane.waiting_until) > col(Turn.due_at), col(Lane.waiting_until)), else_=col(Turn.due_at))
    query = select(later.label("at")).select_from(Turn).join(Lane, col(Lane.id) == col(Turn.lane_id))
    moment: datetime | None = bulk.connection.execute(query.where(later > bulk.now).order_by(later).limit(1)).scalar()
    return moment


def claim(bulk: Bulk, worker_id: int, lane_id: int, wanted: int) -> Claimed:
    """Claim up to `wanted` due deliveries of a lane for a worker, a fair part from each post whose turn it is."""
    if wanted <= 0:
        return Claimed((), None)
    budget = lanes.budget(bulk, lane_id, wanted)
    if budget.allowed == 0:
        return Claimed((), budget.next_at)
    due = [col(Turn.lane_id) == lane_id, col(Turn.due_at) <= bulk.now]
    waiting = select(col(Turn.post_id)).where(*due).order_by(col(Turn.served_at), col(Turn.post_id))
    # Locked before its deliveries are looked at: a turn given meanwhile would be taken away with what it stands for.
    waiting = waiting.limit(TURNS_AT_ONCE).with_for_update(skip_locked=True)
    post_ids = list(bulk.connection.execute(waiting).scalars())
    if not post_ids:
        lanes.refund(bulk, lane_id, budget.allowed)
        return Claimed((), bulk.now + SHORTLY if bulk.dialect == "postgresql" else None)
    frozen = freezing.frozen(bulk, lane_id, post_ids)
    post_ids = [post_id for post_id in post_ids if post_id not in frozen]
    claims: list[Claim] = []
    for index, post_id in enumerate(post_ids):
        fair = -(-(budget.allowed - len(claims)) // (len(post_ids) - index))
        claims += _claim_of_post(bulk, worker_id, lane_id, post_id, fair)
    lanes.refund(bulk, lane_id, budget.allowed - len(claims))
    if frozen and not claims:  # others may have waited behind these
        return Claimed((), bulk.now + SHORTLY)
    return Claimed(tuple(claims), budget.next_at if budget.allowed < wanted else None)


def _claim_of_post(bulk: Bulk, worker_id: int, lane_id: int, post_id: int, limit: int) -> list[Claim]:
    of_post = col(Delivery.post_id).is_(None) if post_id == turns.LETTERS else col(Delivery.post_id) == post_id
    open_: list[Any] = [col(Delivery.lane_id) == lane_id, of_post, _OPEN]
    rows: Sequence[Any] = ()
    if limit > 0:
        picked = select(_table).where(*open_, col(Delivery.due_at) <= bulk.now)
        picked = picked.order_by(col(Delivery.due_at), col(Delivery.id)).limit(limit)
        rows = bulk.connection.execute(picked.with_for_update(skip_locked=True)).all()
    if rows:
        bulk.connection.execute(
            update(Delivery)
            .where(col(Delivery.id).in_([row.id for row in rows]))
            .values(state=DeliveryState.CLAIMED, worker_id=worker_id)
        )
    turn = [col(Turn.lane_id) == lane_id, col(Turn.post_id) == post_id]
    if len(rows) == limit:
        bulk.connection.execute(update(Turn).where(*turn).values(served_at=bulk.now))
    else:
        left = select(func.min(col(Delivery.due_at))).where(*open_)
        due_at = bulk.connection.execute(left).scalar_one()
        if due_at is None:
            bulk.connection.execute(delete(Turn).where(*turn))
        else:
            bulk.connection.execute(update(Turn).where(*turn).values(served_at=bulk.now, due_at=due_at))
    return [
        Claim(
            id=row.id,
            lane_id=lane_id,
            post_id=row.post_id,
            letter_id=row.letter_id,
            membership_id=row.membership_id,
            address=row.address,
            attempts=row.attempts,
            deferred=row.state == DeliveryState.DEFERRED,
            created_at=row.created_at,
        )
        for row in rows
    ]


_SETTLE = (
    update(_table)
    .where(
        _table.c.id == bindparam("b_id"),
        _table.c.worker_id == bindparam("b_worker"),
        _table.c.state == DeliveryState.CLAIMED,
    )
    .values(
        state=bindparam("b_state"),
        code=bindparam("b_code"),
        enhanced=bindparam("b_enhanced"),
        reply=bindparam("b_reply"),
        stage=bindparam("b_stage"),
        fault=bindparam("b_fault"),
        reason=bindparam("b_reason"),
        attempts=_table.c.attempts + bindparam("b_tried"),
        due_at=bindparam("b_due"),
        repeated=or_(_table.c.repeated, bindparam("b_uncertain")),
        worker_id=None,
        settled_at=bindparam("b_at"),
    )
)


def settle(bulk: Bulk, worker_id: int, results: Sequence[Result]) -> bool:
    """Write what became of claims: rows, tallies, turns, and the posts that are done.

    False if the worker was declared dead meanwhile: nothing is changed, its claims are somebody else's. That is asked
    without results too: what a dead worker claims in the same transaction nobody would free.
    """
    if not workers.is_alive(bulk, worker_id):
        return False
    if not results:
        return True
    lanes.hold(bulk, {result.claim.lane_id for result in results if result.due_at is not None})
    bulk.connection.execute(_SETTLE, [_row(worker_id, result, bulk.now) for result in results])
    relayed = {r.claim.post_id for r in results if r.outcome.state is DeliveryState.RELAYED and r.claim.post_id}
    accepted = pace.accepted(bulk, relayed)
    counts: list[tallies.Count] = []
    for result in results:
        post_id = result.claim.post_id or turns.LETTERS
        if result.claim.deferred:
            counts.append((post_id, DeliveryState.DEFERRED, -1))
        counts.append((post_id, result.outcome.state, 1))
        if result.outcome.state is DeliveryState.RELAYED and post_id in accepted:
            counts.append((post_id, pace.outcome(accepted[post_id], bulk.now), 1))
        if result.outcome.uncertain:
            counts.append((post_id, tallies.REPEATED, 1))
    tallies.add(bulk, worker_id, counts)
    due: dict[tuple[int, int], datetime] = {}
    for result in results:
        if result.due_at is not None:
            pair = (result.claim.lane_id, result.claim.post_id or turns.LETTERS)
            due[pair] = min(due.get(pair, result.due_at), result.due_at)
    turns.give_each(bulk, due)
    if relayed:
        first = select(col(Post.id)).where(col(Post.id).in_(relayed), col(Post.first_relayed_at).is_(None))
        _mark(bulk, first, first_relayed_at=bulk.now)
    strikes.add(bulk, [_strike(result.claim, result.outcome.reason) for result in results if _struck(result)])
    finish(bulk, {result.claim.post_id for result in results if result.claim.post_id})
    return True


def _struck(result: Result) -> bool:
    return result.outcome.state is DeliveryState.FAILED and result.claim.membership_id is not None


def _strike(claim: Claim, reason: BounceReason | None) -> strikes.New:
    assert claim.membership_id is not None
    return strikes.New(claim.membership_id, claim.post_id, reason or BounceReason.UNCLEAR)


def _row(worker_id: int, result: Result, now: datetime) -> dict[str, Any]:
    outcome = result.outcome
    return {
        "b_id": result.claim.id,
        "b_worker": worker_id,
        "b_state": outcome.state,
        "b_code": outcome.reply.code,
        "b_enhanced": outcome.reply.enhanced,
        "b_reply": outcome.reply.text[:REPLY_OCTETS],
        "b_stage": outcome.stage,
        "b_fault": outcome.fault,
        "b_reason": outcome.reason,
        "b_tried": 1,
        "b_due": result.due_at or now,
        "b_uncertain": outcome.uncertain,
        "b_at": now,
    }


def unclaim(bulk: Bulk, worker_id: int, claims: Sequence[Claim], due_at: datetime) -> None:
    """Give claims back untried: a drain, a lane that waits."""
    for deferred in (False, True):
        ids = [claim.id for claim in claims if claim.deferred == deferred]
        if ids:
            bulk.connection.execute(
                update(Delivery)
                .where(col(Delivery.id).in_(ids), col(Delivery.worker_id) == worker_id)
                .values(
                    state=DeliveryState.DEFERRED if deferred else DeliveryState.QUEUED, worker_id=None, due_at=due_at
                )
            )
    turns.give(bulk, {(claim.lane_id, claim.post_id or turns.LETTERS) for claim in claims}, due_at)


def finish(bulk: Bulk, post_ids: Iterable[int] | None = None) -> list[int]:
    """Mark done every accepted post (of these, or of all) whose deliveries all have an outcome. Returns their ids.

    Two workers that settle the last two rows at once do not see each other: the idle tick asks again for all.
    """
    query = select(col(Post.id)).where(UNDONE, col(Post.expanded_at).is_not(None))
    if post_ids is not None:
        query = query.where(col(Post.id).in_(list(post_ids)))
    undone = [post_id for post_id in bulk.connection.execute(query).scalars() if post_id is not None]
    if not undone:
        return []
    counts = tallies.sums(bulk, undone)
    done = [post_id for post_id in undone if tallies.remaining(counts[post_id]) <= 0]
    if done:
        _mark(bulk, select(col(Post.id)).where(col(Post.id).in_(done)), done_at=bulk.now, stalled=None)
    return done


def _mark(bulk: Bulk, posts: Select[Any], **values: Any) -> None:
    """Change these posts, locked in one order."""
    found = bulk.connection.execute(posts.order_by(col(Post.id)).with_for_update(key_share=True)).scalars().all()
    if found:
        bulk.connection.execute(update(Post).where(col(Post.id).in_(found)).values(values))


async def enqueue_letter(
    tx: Writing,
    letter_id: int,
    address: str,
    lane_key: str = lanes.RELAY,
    *,
    membership_id: int | None = None,
    after: timedelta = timedelta(0),
) -> None:
    """Put a letter's one delivery on a lane, in the causing transaction, due `after` a while; of the membership it is
    about, if any."""

    def enqueue(bulk: Bulk) -> None:
        lane_id, due_at = lanes.ensure(bulk, lane_key), bulk.now + after
        row = {"letter_id": letter_id, "lane_id": lane_id, "address": address, "created_at": bulk.now}
        row |= {"membership_id": membership_id}
        bulk.connection.execute(insert(Delivery).values(row | {"due_at": due_at, "state": DeliveryState.QUEUED}))
        turns.give(bulk, [(lane_id, turns.LETTERS)], due_at)
        bulk.wake(Topic.DELIVER)

    await tx.run(enqueue)
