"""Outcomes: what became of each copy of a post, a page or all of them; and the deferred ones, tried at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import update
from sqlmodel import col, func, select

from store import audit, outbox, turns
from store.engine import Database, Reading, Writing
from store.schema.delivery import CLAIMABLE, Delivery
from store.schema.lane import Lane
from store.schema.post import Post
from store.signal import Topic
from store.terms import Actor, DeliveryState, NoticeKind

READ_AT_ONCE: Final = 5_000
MOST_LINES: Final = 200_000  # of a file: more would not fit into the memory of who reads it either
HASTENED_AT_ONCE: Final = 2_000  # rows of one transaction


@dataclass(frozen=True, slots=True)
class Outcome:
    """One copy: to whom, what became of it and when, by which hop ("" for the relay), what that said last, how often it
    was tried, and when it is tried again."""

    address: str
    state: DeliveryState
    at: datetime | None
    hop: str
    reply: str
    attempts: int
    due_at: datetime | None


async def page(tx: Reading, post_id: int, *, limit: int, offset: int = 0) -> list[Outcome]:
    """Copies in the order in which they were made."""
    query = _rows(post_id).order_by(col(Delivery.id)).limit(limit).offset(offset)
    return [_outcome(delivery, lane) for delivery, lane in (await tx.exec(query)).all()]


async def count(tx: Reading, post_id: int) -> int:
    """How many copies there are rows of."""
    return (await tx.exec(select(func.count(col(Delivery.id))).where(col(Delivery.post_id) == post_id))).one()


async def all_of(database: Database, post_id: int) -> AsyncIterator[list[Outcome]]:
    """Every copy, up to MOST_LINES, in pieces; each piece is a transaction of its own."""
    last, seen = 0, 0
    while seen < MOST_LINES:
        async with database.reading() as tx:
            query = _rows(post_id).where(col(Delivery.id) > last).order_by(col(Delivery.id)).limit(READ_AT_ONCE)
            rows = (await tx.exec(query)).all()
            found = [_outcome(delivery, lane) for delivery, lane in rows]
            last = rows[-1][0].id or 0 if rows else last
        if not found:
            return
        seen += len(found)
        yield found


async def hasten(tx: Writing, post_id: int, actor: Actor) -> int:
    """Have deferred copies of a post tried at once, some at a time: returns how many. The lanes' limits and waits stay.

    A post that its next hop refuses is left alone: its alarm asks what to do.
    """
    post = await tx.get(Post, post_id)
    if post is None or post.stalled is not None:
        return 0
    waiting: list[Any] = [col(Delivery.post_id) == post_id, CLAIMABLE, col(Delivery.state) == DeliveryState.DEFERRED]
    later = select(Delivery.id, Delivery.lane_id).where(*waiting, col(Delivery.due_at) > tx.now)
    # Locked in the order in which leaving locks them; what a worker holds is being tried anyway.
    rows = (await tx.exec(later.order_by(col(Delivery.id)).limit(HASTENED_AT_ONCE).with_for_update())).all()
    if not rows:
        return 0
    await tx.exec(update(Delivery).where(col(Delivery.id).in_([row[0] for row in rows])).values(due_at=tx.now))
    pairs = {(lane_id, post_id) for _, lane_id in rows}
    await tx.run(lambda bulk: turns.give(bulk, pairs, bulk.now))
    await audit.record(
        tx, "post.hastened", actor, group_id=post.group_id, subject=f"post:{post_id}", details={"copies": len(rows)}
    )
    await outbox.touch_last(tx, NoticeKind.REPORT, post_id)
    tx.wake(Topic.DELIVER)
    return len(rows)


def _rows(post_id: int):  # type: ignore[no-untyped-def]  # a select of two tables, whose type has no short name
    return (
        select(Delivery, Lane).join(Lane, col(Lane.id) == col(Delivery.lane_id)).where(col(Delivery.post_id) == post_id)
    )


def _outcome(delivery: Delivery, lane: Lane) -> Outcome:
    return Outcome(
        address=delivery.address,
        state=delivery.state,
        at=delivery.settled_at,
        hop=lane.key.removeprefix("mx:") if lane.key.startswith("mx:") else "",
        reply=" ".join(part for part in (str(delivery.code or ""), delivery.enhanced, delivery.reply) if part),
        attempts=delivery.attempts,
        due_at=delivery.due_at if delivery.state is DeliveryState.DEFERRED else None,
    )
