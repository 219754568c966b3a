"""Allowances: how many letters a mailbox, a network or a group may cause, counted where every bridge sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import case, col, delete, or_, select

from store.engine import Reading, Writing
from store.inserts import insert
from store.schema.allowance import Allowance
from store.terms import AllowanceScope


@dataclass(frozen=True, slots=True)
class Limit:
    """So many within a period, which begins with the first of them."""

    most: int
    period: timedelta


LIMITS = {
    # List bombing: a stranger has every group here write to a victim. So it is one letter, over all groups.
    AllowanceScope.CONFIRMATION: Limit(1, timedelta(hours=24)),
    AllowanceScope.NETWORK: Limit(20, timedelta(hours=1)),
    AllowanceScope.GROUP: Limit(60, timedelta(hours=1)),
    AllowanceScope.HELP: Limit(10, timedelta(hours=24)),
}


async def left(tx: Reading, scope: AllowanceScope, subject: str) -> bool:
    """Whether anything is left: a look that costs no write. Only `take` decides."""
    limit = LIMITS[scope]
    spent = select(Allowance.used).where(
        col(Allowance.scope) == scope,
        col(Allowance.subject) == subject,
        col(Allowance.since) > tx.now - limit.period,
        col(Allowance.used) >= limit.most,
    )
    return (await tx.exec(spent)).first() is None


async def take(tx: Writing, scope: AllowanceScope, subject: str) -> bool:
    """Use one up. False where none is left, and then nothing is written.

    One statement on one row, which is locked until the transaction ends: of many at once, over all processes, exactly
    as many succeed as are allowed.
    """
    limit = LIMITS[scope]
    over = col(Allowance.since) <= tx.now - limit.period
    statement = insert(tx, Allowance).values(scope=scope, subject=subject, since=tx.now, used=1)
    taken = await tx.exec(
        statement.on_conflict_do_update(
            index_elements=["scope", "subject"],
            set_={
                "since": case((over, tx.now), else_=col(Allowance.since)),
                "used": case((over, 1), else_=col(Allowance.used) + 1),
            },
            where=or_(over, col(Allowance.used) < limit.most),
        ).returning(col(Allowance.used))
    )
    return taken.first() is not None


async def purge(tx: Writing) -> int:
    """Forget those whose period is over. Returns how many."""
    over = [
        (col(Allowance.scope) == scope) & (col(Allowance.since) <= tx.now - limit.period)
        for scope, limit in LIMITS.items()
    ]
    return int((await tx.exec(delete(Allowance).where(or_(*over)))).rowcount)
