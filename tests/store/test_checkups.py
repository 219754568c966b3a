"""Checkups: one at a time, claimed once, and said to be unheard or lost when they are."""

from __future__ import annotations

import asyncio

import pytest
from sqlmodel import col, select

from store import checkups, outbox, persons
from store.engine import Database
from store.findings import Finding, Progress
from store.schema.checkup import Checkup
from store.schema.notice import Notice
from store.terms import NoticeKind, Refused
from tests.conftest import Clock
from tests.store import offices

FAULT = Finding("mx_null", "groups.example.org", {"record": "x"})


async def asked(database: Database, name: str = "ada", email: str | None = "") -> Checkup:
    person = await offices.person(database, name, email)
    async with database.writing() as tx:
        return await checkups.ask(tx, person, persons.actor(person))


async def claimed(database: Database) -> Checkup | None:
    async with database.writing() as tx:
        return await checkups.claim(tx)


async def now(database: Database, checkup: Checkup) -> tuple[Progress, list[Finding]]:
    assert checkup.id is not None
    async with database.reading() as tx:
        found = await checkups.get(tx, checkup.id)
        assert found is not None
        return checkups.progress(found, tx.now), checkups.findings(found)


async def test_from_the_question_to_the_end(database: Database) -> None:
    checkup = await asked(database)
    assert checkup.probe == "ada@example.org"
    assert await now(database, checkup) == (Progress.WAITING, [])
    taken = await claimed(database)
    assert taken is not None
    assert taken.id == checkup.id
    assert taken.id is not None
    for _ in range(2):
        async with database.writing() as tx:
            await checkups.tell(tx, taken.id, [FAULT])
    assert await now(database, checkup) == (Progress.RUNNING, [FAULT, FAULT])
    async with database.writing() as tx:
        await checkups.finish(tx, taken.id)
    assert await now(database, checkup) == (Progress.DONE, [FAULT, FAULT])
    async with database.reading() as tx:
        (placement,) = await outbox.placements(tx, NoticeKind.CHECKUP, taken.id)
        (notice,) = (await tx.exec(select(Notice).where(col(Notice.kind) == NoticeKind.CHECKUP))).all()
    assert (placement.target, notice.version) == ("U0ADA", 5)  # said, then redrawn at each of four changes


async def test_one_of_two_processes_gets_it(database: Database) -> None:
    await asked(database)
    assert sorted([await claimed(database) is None, await claimed(database) is None]) == [False, True]


async def test_several_who_claim_at_once_get_it_once(database: Database) -> None:
    await asked(database)
    got = await asyncio.gather(*(claimed(database) for _ in range(5)))
    assert sum(one is not None for one in got) == 1


async def test_a_second_is_refused_until_the_first_ended(database: Database, clock: Clock) -> None:
    first = await asked(database, "ada")
    with pytest.raises(Refused, match="checkup_under_way"):
        await asked(database, "grace")
    assert first.id is not None
    async with database.writing() as tx:
        await checkups.finish(tx, first.id)
    await asked(database, "grace")
    clock.advance(checkups.LOST_AFTER.total_seconds())
    await asked(database, "ada", None)


async def test_nobody_takes_it_and_that_is_said(database: Database, clock: Clock) -> None:
    checkup = await asked(database)
    clock.advance(14)
    assert (await now(database, checkup))[0] is Progress.WAITING
    clock.advance(1)
    assert (await now(database, checkup))[0] is Progress.UNHEARD
    assert await claimed(database) is not None  # a bridge that starts late
    assert (await now(database, checkup))[0] is Progress.RUNNING
    clock.advance(120)
    assert (await now(database, checkup))[0] is Progress.LOST


async def test_what_was_asked_too_long_ago_is_not_begun(database: Database, clock: Clock) -> None:
    checkup = await asked(database)
    clock.advance(checkups.LOST_AFTER.total_seconds())
    assert await claimed(database) is None
    assert (await now(database, checkup))[0] is Progress.LOST


async def test_old_ones_are_forgotten(database: Database, clock: Clock) -> None:
    await asked(database)
    clock.advance(31 * 86_400)
    kept = await asked(database, "grace")
    async with database.writing() as tx:
        assert await checkups.purge(tx) == 1
    async with database.reading() as tx:
        assert [one.id for one in (await tx.exec(select(Checkup))).all()] == [kept.id]
