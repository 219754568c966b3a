"""Reports: what became of a post so far, from its tallies and never from its deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, select, update

from store import nesting, notices, tallies
from store.alteration import AS_IT_CAME, Alteration
from store.engine import Bulk, Reading
from store.nesting import Passed
from store.schema.delivery import Delivery
from store.schema.group import Group
from store.schema.lane import Lane, Turn
from store.schema.post import Post
from store.terms import BounceReason, DeliveryState, GroupPolicy, NoticeKind, Stage

WORTH_SAYING_SECONDS = 2.0  # a rate that delays a post by less is not a wait
POSTS_COUNTED = 20
SHOWN_STATES = (DeliveryState.FAILED, DeliveryState.BOUNCED, DeliveryState.DEFERRED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why copies wait: `alarm` (a fault of ours), `rate` or `daily` (the hop's limits), `stalled` (refused content),
    `unmade` (they cannot be made), `hold` (of the group, until somebody lifts it).

    `reply` is what the hop said, if it did; `until` when the next may go, `by` when all will have gone.
    """

    why: str
    reply: str = ""
    until: datetime | None = None
    by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A post's counts. `expected` is None while it still expands; `passed` are the groups within its group."""

    post: Post
    policy: GroupPolicy
    counts: dict[str, int]
    expected: int | None
    waiting: Waiting | None
    finished: bool
    alteration: Alteration = AS_IT_CAME
    passed: Sequence[Passed] = ()

    @property
    def remaining(self) -> int:
        return tallies.remaining(self.counts)


@dataclass(frozen=True, slots=True)
class Failure:
    """A recipient whose copy is not where it should be, and what the hop said."""

    address: str
    state: DeliveryState
    reply: str
    stage: Stage | None
    at: datetime | None
    reason: BounceReason | None = None


async def report(tx: Reading, post_id: int) -> Report | None:
    """The report of an accepted post; None if there is none."""
    post = await tx.get(Post, post_id, populate_existing=True)
    if post is None or post.policy is None:
        return None
    counts = await tallies.of_post(tx, post_id)
    expected = counts.get(tallies.EXPANDED, 0) if post.expanded_at is not None else None
    finished = post.done_at is not None
    waiting = None if finished else await _waiting(tx, post, tallies.remaining(counts))
    alteration = Alteration.from_json(post.alteration) if post.alteration else AS_IT_CAME
    passed = await nesting.passed(tx, post)
    return Report(post, GroupPolicy.from_json(post.policy), counts, expected, waiting, finished, alteration, passed)


def altered(bulk: Bulk, post_id: int, alteration: Alteration) -> None:
    """Keep for the report what a post's edition changed; every worker that makes the edition finds the same.

    Before its deliveries are locked: whoever retries or stops a post locks it first, too.
    """
    unknown = update(Post).where(col(Post.id) == post_id, col(Post.alteration).is_(None))
    bulk.connection.execute(unknown.values(alteration=alteration.as_json()))
    notices.touch_last(bulk, NoticeKind.REPORT, post_id)


async def _waiting(tx: Reading, post: Post, remaining: int) -> Waiting | None:
    if post.stalled is not None:
        why = "unmade" if post.stalled.get("unmade") else "stalled"
        return Waiting(why, reply=str(post.stalled.get("reply", "")))
    group = await tx.get(Group, post.group_id)
    if group is not None and group.on_hold and not post.test:
        return Waiting("hold")
    rows = await tx.exec(
        select(Lane).join(Turn, col(Turn.lane_id) == col(Lane.id)).where(col(Turn.post_id) == post.id).limit(20)
    )
    lanes = list(rows.all())
    for lane in lanes:
        if lane.alarm is not None and lane.waiting_until is not None:
            return Waiting("alarm", reply=str(lane.alarm.get("reply", "")), until=lane.waiting_until)
    for lane in lanes:
        if lane.daily is not None and lane.day == tx.now.date() and lane.day_count >= lane.daily:
            midnight = tx.now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
            return Waiting("daily", until=midnight, by=_finish(lane, midnight, await _ahead(tx, lane, remaining)))
    for lane in lanes:
        if lane.rate is not None and remaining > lane.rate * WORTH_SAYING_SECONDS:
            return Waiting("rate", by=_finish(lane, tx.now, await _ahead(tx, lane, remaining)))
    return None


async def _ahead(tx: Reading, lane: Lane, remaining: int) -> int:
    """Recipients that go by the lane until the post's last does: posts take turns, so of each other as many at most."""
    others = select(Turn.post_id).where(col(Turn.lane_id) == lane.id, col(Turn.post_id) != 0).limit(POSTS_COUNTED)
    sums = [tallies.remaining(await tallies.of_post(tx, post_id)) for post_id in (await tx.exec(others)).all()]
    return max(remaining, sum(min(remaining, n) for n in sums))


def _finish(lane: Lane, start: datetime, remaining: int) -> datetime:
    """When `remaining` recipients will have gone by a lane that begins again at `start`: rate, and whole days."""
    days, left = 0, remaining
    if lane.daily:
        today = lane.daily if start.date() != lane.day else max(0, lane.daily - lane.day_count)
        if left > today:
            days = -(-(left - today) // lane.daily)
            left = left - today - (days - 1) * lane.daily
            start = start.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)
    return start + timedelta(seconds=left / lane.rate) if lane.rate else start


async def failures(tx: Reading, post_id: int, limit: int = 100, offset: int = 0) -> list[Failure]:
    """A page of who does not have a copy, failed ones first, with what the hop said last."""
    query = (
        select(Delivery)
        .where(col(Delivery.post_id) == post_id, col(Delivery.state).in_(SHOWN_STATES))
        .order_by(col(Delivery.state).desc(), col(Delivery.id))
        .limit(limit)
        .offset(offset)
    )
    return [
        Failure(
            delivery.address,
            delivery.state,
            " ".join(part for part in (str(delivery.code or ""), delivery.enhanced, delivery.reply) if part),
            delivery.stage,
            delivery.settled_at,
            BounceReason(delivery.reason) if delivery.reason else None,
        )
        for delivery in (await tx.exec(query)).all()
    ]
