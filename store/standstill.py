"""Standstill: every group on hold at once, by an operator, and those that are made or restored meanwhile too.

It lasts while a living group is on a hold of that kind. Each group is held, or let go, in a transaction of its own: a
thousand are no reason to keep the database from everybody, and one that changes at that moment does not undo the rest.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import text
from sqlmodel import col, select

from store import holding
from store.engine import Database, Reading, Writing
from store.locks import DatabaseBusy
from store.schema.group import Group
from store.schema.hold import Hold
from store.terms import Actor, GroupKind, Refused

TRIES: Final = 5  # per group; a busy database is waited for at each
# Taken by whoever makes a group, beside each other, until they commit; the standstill passes it once, alone.
GATE: Final = 0x706F7374_686F6C64
ENTER: Final = text("SELECT pg_advisory_xact_lock_shared(:key)")
PASS: Final = text("SELECT pg_advisory_xact_lock(:key)")


@dataclass(frozen=True, slots=True)
class Done:
    """How many groups were held or let go, and the addresses of those that the database was too busy for."""

    n: int
    left: tuple[str, ...] = ()


async def begin(database: Database, reason: str, actor: Actor) -> Done:
    """Put every group on hold that is not. Raises Refused `hold_reason_long`."""
    reason = holding.fitting(reason)
    one = partial(_hold, reason=reason, actor=actor)
    first = await _each(database, free, one)
    if database.dialect == "postgresql":
        # Who made a group without seeing any hold has committed when this returns; who comes later sees them.
        async with database.writing() as tx:
            await (await tx.connection()).execute(PASS, {"key": GATE})
    # What was made meanwhile, and what was too busy.
    second = await _each(database, free, one)
    return Done(first.n + second.n, second.left)


async def end(database: Database, actor: Actor) -> Done:
    """Lift every hold that was put on all groups; what administrators hold themselves stays."""
    return await _each(database, held, partial(_lift, actor=actor))


async def reach(tx: Writing, group_id: int) -> bool:
    """A group is made, or comes back: while all are on hold it is too. Says whether it is on hold."""
    if tx.dialect == "postgresql":
        await (await tx.connection()).execute(ENTER, {"key": GATE})
    group = await tx.get(Group, group_id, populate_existing=True)
    if group is None or group.on_hold:
        return group is not None
    other = await holding.of_all(tx)
    if other is None:
        return False
    await holding.hold(tx, group_id, other.reason, Actor("system", other.created_by), everywhere=True)
    return True


async def free(tx: Reading) -> list[Group]:
    """The groups that are not on hold."""
    query = select(Group).where(
        col(Group.kind) == GroupKind.GROUP, col(Group.deleted_at).is_(None), col(Group.hold_id).is_(None)
    )
    return list((await tx.exec(query.order_by(col(Group.id)))).all())


async def held(tx: Reading) -> list[Group]:
    """The groups that are on hold because all are; deleted ones too, as they may be restored."""
    query = select(Group).join(Hold, col(Hold.id) == col(Group.hold_id)).where(col(Hold.everywhere))
    return list((await tx.exec(query.order_by(col(Group.id)))).all())


async def _hold(tx: Writing, group: Group, *, reason: str, actor: Actor) -> None:
    assert group.id is not None
    await holding.hold(tx, group.id, reason, actor, everywhere=True)


async def _lift(tx: Writing, group: Group, *, actor: Actor) -> None:
    assert group.id is not None
    locked = select(Group).where(col(Group.id) == group.id).with_for_update(key_share=True)
    now = (await tx.exec(locked)).one()
    if now.deleted_at is None:
        await holding.lift(tx, group.id, actor, operator=True)
    else:
        await holding.close(tx, now)


async def _each(
    database: Database,
    which: Callable[[Reading], Awaitable[list[Group]]],
    change: Callable[[Writing, Group], Awaitable[None]],
) -> Done:
    async with database.reading() as reading:
        found = await which(reading)
    n, left = 0, []
    for group in found:
        for _ in range(TRIES):
            try:
                async with database.writing() as tx:
                    await change(tx, group)
                n += 1
                break
            except Refused:
                break  # deleted, held or let go meanwhile: it is as it should be
            except DatabaseBusy:
                continue
        else:
            left.append(group.address)
    return Done(n, tuple(left))
