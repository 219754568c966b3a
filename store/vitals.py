"""Vitals: a few counts that say whether the machine lives, cheap enough to be asked every few seconds."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement
from sqlmodel import col, func, select

from store.engine import Reading
from store.schema.lane import Lane
from store.schema.post import HELD, UNDONE, Post
from store.schema.worker import Worker
from store.workers import DEAD_AFTER


@dataclass(frozen=True, slots=True)
class Vitals:
    """Lanes and how many of them wait for a fault of ours; posts held and posts not yet done; living workers."""

    lanes: int
    lanes_waiting: int
    posts_held: int
    posts_open: int
    workers: int


async def read(tx: Reading) -> Vitals:
    """Return the counts as of now. Each rests on a small table or on a partial index, never on deliveries."""
    waiting = col(Lane.waiting_until) > tx.now
    return Vitals(
        lanes=(await tx.exec(select(func.count()).select_from(Lane))).one(),
        lanes_waiting=(await tx.exec(select(func.count()).select_from(Lane).where(waiting))).one(),
        posts_held=(await tx.exec(select(func.count()).select_from(Post).where(HELD))).one(),
        posts_open=(await tx.exec(select(func.count()).select_from(Post).where(UNDONE))).one(),
        workers=(await tx.exec(select(func.count()).select_from(Worker).where(_beating(tx)))).one(),
    )


async def living(tx: Reading, role: str) -> int:
    """How many processes of a role (`bot`, `mailbridge`) are at work now."""
    query = select(func.count()).select_from(Worker).where(col(Worker.role) == role, _beating(tx))
    return (await tx.exec(query)).one()


def _beating(tx: Reading) -> ColumnElement[bool]:
    return col(Worker.dead_at).is_(None) & (col(Worker.heartbeat_at) > tx.now - DEAD_AFTER)
