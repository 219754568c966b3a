"""Lanes: next hops with their shared budget of connections, rate and daily count."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlmodel import col

from store import inserts
from store.engine import Bulk, Reading
from store.schema.lane import Lane, LaneShare
from store.schema.worker import Worker

RELAY = "relay"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a hop takes: connections at a time, recipients a second, recipients a day (UTC). None: no limit."""

    connections: int | None = None
    rate: float | None = None
    daily: int | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """How many may go now, and when the next one may if that is none."""

    allowed: int
    next_at: datetime | None = None


def burst(rate: float) -> float:
    """The bucket holds what a twentieth of a second brings, at least one: a hop that counts by the second or by the
    minute sees its rate, and no more of it after a rest."""
    return max(1.0, rate / 20)


def ensure(bulk: Bulk, key: str) -> int:
    """The lane's id; made if it is new."""
    bulk.connection.execute(inserts.insert(bulk, Lane).values(_new(key)).on_conflict_do_nothing())
    lane_id = bulk.connection.execute(select(col(Lane.id)).where(col(Lane.key) == key)).scalar_one()
    assert lane_id is not None
    return lane_id


def _new(key: str) -> dict[str, Any]:
    return {"key": key, "tokens": 0.0, "day_count": 0}


def budget(bulk: Bulk, lane_id: int, wanted: int) -> Budget:
    """Take up to `wanted` recipients from the lane's budget. The row is locked to the end of the transaction.

    What is taken and not used is given back with `refund`.
    """
    query = select(Lane.__table__).where(col(Lane.id) == lane_id)  # type: ignore[attr-defined]  # SQLModel sets it
    lane = bulk.connection.execute(query.with_for_update(key_share=True)).one()
    now = bulk.now
    if lane.waiting_until is not None and lane.waiting_until > now:
        return Budget(0, lane.waiting_until)
    if lane.alarm is not None:
        wanted = min(wanted, 1)  # one goes ahead to see whether the hop takes mail again
    if lane.rate is None and lane.daily is None:
        return Budget(wanted)
    allowed, next_at = wanted, None
    values: dict[str, Any] = {}
    if lane.rate is not None:
        since = (now - lane.filled_at).total_seconds() if lane.filled_at is not None else float("inf")
        tokens = min(burst(lane.rate), lane.tokens + max(0.0, since) * lane.rate)
        allowed = min(allowed, int(tokens))
        left = tokens - allowed
        # Never back: of two machines whose clocks differ, the later one's time counts.
        values |= {"tokens": left, "filled_at": max(now, lane.filled_at or now)}
        if allowed < wanted:
            # When there is enough to be worth a look: what comes while the bucket is full is lost.
            enough = max(1.0, min(burst(lane.rate), wanted - allowed) / 2)
            next_at = now + timedelta(seconds=(enough - left) / lane.rate)
    if lane.daily is not None:
        day = max(now.date(), lane.day or now.date())
        used = lane.day_count if lane.day == day else 0
        if used >= lane.daily:
            next_at = next_day(now)
        taken = min(allowed, max(0, lane.daily - used))
        values |= {"day": day, "day_count": used + taken}
        if "tokens" in values:
            values["tokens"] += allowed - taken
        allowed = taken
    bulk.connection.execute(update(Lane).where(col(Lane.id) == lane_id).values(values))
    return Budget(allowed, next_at)


def hold(bulk: Bulk, lane_ids: Collection[int]) -> None:
    """Lock these lanes to the end of the transaction, in one order; to be done before any other row is changed."""
    if lane_ids and bulk.dialect == "postgresql":
        rows = select(col(Lane.id)).where(col(Lane.id).in_(lane_ids)).order_by(col(Lane.id))
        bulk.connection.execute(rows.with_for_update(key_share=True))


def hold_free(bulk: Bulk, lane_ids: Collection[int]) -> set[int]:
    """Lock those of these lanes that nobody has locked; gives them.

    Waiting for a lane with others locked already is how two workers would lock up.
    """
    if not lane_ids or bulk.dialect == "sqlite":
        return set(lane_ids)
    rows = select(col(Lane.id)).where(col(Lane.id).in_(lane_ids))
    found = bulk.connection.execute(rows.with_for_update(key_share=True, skip_locked=True)).scalars()
    return {lane_id for lane_id in found if lane_id is not None}


def refund(bulk: Bulk, lane_id: int, unused: int) -> None:
    """Give back what `budget` allowed and nobody claimed."""
    if unused > 0:
        row = update(Lane).where(col(Lane.id) == lane_id)
        bulk.connection.execute(row.where(col(Lane.rate).is_not(None)).values(tokens=col(Lane.tokens) + unused))
        bulk.connection.execute(row.where(col(Lane.daily).is_not(None)).values(day_count=col(Lane.day_count) - unused))


def next_day(now: datetime) -> datetime:
    """Midnight UTC, when daily counts begin anew."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def limit(bulk: Bulk, lane_id: int, limits: Limits) -> None:
    """Replace the limits a lane had."""
    values = {"connections": limits.connections, "rate": limits.rate, "daily": limits.daily}
    bulk.connection.execute(update(Lane).where(col(Lane.id) == lane_id).values(values))


def share(bulk: Bulk, lane_id: int, worker_id: int, wanted: int, held: int) -> int:
    """How many connections, of those wanted, this worker may hold to the lane: a fair part of the lane's limit.

    `held` is what the worker has open: it counts until it is closed, so one that comes new waits for the others to
    let go. The row is locked to the end of the transaction.
    """
    row = select(col(Lane.connections)).where(col(Lane.id) == lane_id).with_for_update(key_share=True)
    connections = bulk.connection.execute(row).scalar_one()
    if connections is None:
        return wanted
    role = select(col(Worker.role)).where(col(Worker.id) == worker_id).scalar_subquery()
    alive = select(col(Worker.id)).where(col(Worker.role) == role, col(Worker.dead_at).is_(None))
    living = list(bulk.connection.execute(alive.order_by(col(Worker.id))).scalars())
    if worker_id not in living:
        return 0
    fair, rest = divmod(connections, len(living))
    fair += living.index(worker_id) < rest
    release(bulk, worker_id, [lane_id])
    others = select(func.coalesce(func.sum(col(LaneShare.connections)), 0)).where(col(LaneShare.lane_id) == lane_id)
    granted = max(0, min(wanted, fair, connections - int(bulk.connection.execute(others).scalar_one())))
    if taken := max(granted, held):
        mine = {"lane_id": lane_id, "worker_id": worker_id, "connections": taken}
        bulk.connection.execute(insert(LaneShare).values(mine))
    return granted


def release(bulk: Bulk, worker_id: int, lane_ids: Sequence[int]) -> None:
    """Give back a worker's connections to these lanes."""
    mine = delete(LaneShare).where(col(LaneShare.worker_id) == worker_id, col(LaneShare.lane_id).in_(lane_ids))
    bulk.connection.execute(mine)


def wait(bulk: Bulk, lane_id: int, until: datetime, alarm: Mapping[str, Any]) -> bool:
    """Keep the lane waiting for a fault of ours. True if it was not already alarmed (somebody should be told)."""
    known = bulk.connection.execute(select(col(Lane.alarm)).where(col(Lane.id) == lane_id)).scalar_one()
    since = known["since"] if known else bulk.now.isoformat()
    values = {"waiting_until": until, "alarm": {**alarm, "since": since}}
    bulk.connection.execute(update(Lane).where(col(Lane.id) == lane_id).values(values))
    return known is None


def clear(bulk: Bulk, lane_id: int) -> bool:
    """The hop takes mail again. True if the lane was alarmed."""
    alarmed = update(Lane).where(col(Lane.id) == lane_id, col(Lane.waiting_until).is_not(None))
    return bulk.connection.execute(alarmed.values(waiting_until=None, alarm=None)).rowcount > 0


async def get(tx: Reading, lane_id: int) -> Lane | None:
    """The lane's row."""
    return await tx.get(Lane, lane_id)
