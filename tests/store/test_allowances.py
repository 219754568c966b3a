"""Allowances: exactly as many as there may be, however many ask at once and from however many processes."""

from __future__ import annotations

import asyncio

import pytest
from sqlmodel import select

from store import allowances
from store.allowances import LIMITS
from store.engine import Database
from store.schema.allowance import Allowance
from store.terms import AllowanceScope
from tests.conftest import Clock


async def take(database: Database, scope: AllowanceScope, subject: str = "ann@example.org") -> bool:
    async with database.writing() as tx:
        return await allowances.take(tx, scope, subject)


async def left(database: Database, scope: AllowanceScope, subject: str = "ann@example.org") -> bool:
    async with database.reading() as tx:
        return await allowances.left(tx, scope, subject)


@pytest.mark.parametrize("scope", AllowanceScope)
async def test_as_many_as_allowed_and_again_after_the_period(
    database: Database, clock: Clock, scope: AllowanceScope
) -> None:
    most, period = LIMITS[scope].most, LIMITS[scope].period.total_seconds()
    for _ in range(most):
        assert await left(database, scope)
        assert await take(database, scope)
    assert not await left(database, scope)
    clock.advance(period - 1)
    assert not await take(database, scope)
    assert await take(database, scope, "bob@example.org")
    clock.advance(1)
    assert await left(database, scope)
    assert [await take(database, scope) for _ in range(most + 1)] == [True] * most + [False]


async def test_of_many_at_once_from_several_processes_one_wins(database: Database, database_url: str) -> None:
    others = [await Database.open(database_url, clock=database.clock) for _ in range(2)]
    try:
        bridges = [database, *others]
        taken = await asyncio.gather(
            *(take(bridges[number % 3], AllowanceScope.CONFIRMATION) for number in range(60))
        )  # fmt: skip
    finally:
        for other in others:
            await other.close()
    assert taken.count(True) == 1


async def test_what_is_rolled_back_is_not_used(database: Database) -> None:
    async def broken() -> None:
        async with database.writing() as tx:
            assert await allowances.take(tx, AllowanceScope.CONFIRMATION, "ann@example.org")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await broken()
    assert await take(database, AllowanceScope.CONFIRMATION)


async def test_what_is_over_is_forgotten(database: Database, clock: Clock) -> None:
    await take(database, AllowanceScope.NETWORK, "192.0.2.0/24")
    await take(database, AllowanceScope.CONFIRMATION)
    clock.advance(3600)
    async with database.writing() as tx:
        assert await allowances.purge(tx) == 1
        assert [row.subject for row in await tx.exec(select(Allowance))] == ["ann@example.org"]
    clock.advance(24 * 3600)
    async with database.writing() as tx:
        assert await allowances.purge(tx) == 1
