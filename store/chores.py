"""Chores: periodic jobs, each claimed in the database, so that one process runs it however many tick."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import col, select

from store.engine import Reading, Writing
from store.inserts import insert
from store.schema.chore import Chore


async def claim(tx: Writing, name: str, every: timedelta) -> bool:
    """True if the chore `name` is due now and ours to run; it is due again `every` later.

    The first claim of a name succeeds. One statement, so that of several processes one wins.
    """
    statement = insert(tx, Chore).values(name=name, due_at=tx.now + every)
    result = await tx.exec(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"due_at": tx.now + every},
            where=col(Chore.due_at) <= tx.now,
        ).returning(col(Chore.name))
    )
    return result.first() is not None


async def due(tx: Reading, name: str) -> bool:
    """Whether `claim` would succeed now, without claiming."""
    resting = select(Chore.name).where(col(Chore.name) == name, col(Chore.due_at) > tx.now)
    return (await tx.exec(resting)).first() is None
