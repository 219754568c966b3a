"""All groups on hold at once: each by itself, and whatever is made or restored meanwhile too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from sqlmodel import col, select

from store import ending, groups, holding, standstill
from store.engine import Database, Writing
from store.groups import NewGroup
from store.locks import DatabaseBusy
from store.roster import Entry
from store.schema.hold import Hold
from store.schema.person import Person
from store.standstill import Done
from store.terms import Refused
from tests.store.offices import SERVED, SYSTEM, group, of, person


async def put(database: Database, reason: str = "A storm") -> Done:
    return await standstill.begin(database, reason, SYSTEM)


async def on_hold(database: Database, *ids: int) -> list[bool]:
    return [(await of(database, one)).on_hold for one in ids]


async def delete(database: Database, group_id: int) -> None:
    async with database.writing() as tx:
        await ending.delete(tx, group_id, SYSTEM)


async def restore(database: Database, group_id: int) -> None:
    async with database.writing() as tx:
        await ending.restore(tx, group_id, SYSTEM)


async def test_all_stop_and_only_operators_lift_any(database: Database) -> None:
    ada = await person(database, "ada")
    one, own = await group(database, ada, "one"), await group(database, ada, "own")
    async with database.writing() as tx:
        await holding.hold(tx, own, "Its own", SYSTEM)
    with pytest.raises(Refused, match="hold_reason_long"):
        await put(database, "x" * 301)
    assert await put(database) == Done(1)
    for group_id in (one, own):  # else who held a group before would let it go on alone
        async with database.writing() as tx:
            with pytest.raises(Refused, match="held_everywhere"):
                await holding.lift(tx, group_id, SYSTEM, operator=False)
    assert await standstill.end(database, SYSTEM) == Done(1)
    assert await on_hold(database, one, own) == [False, True]


async def test_who_is_made_or_restored_meanwhile_is_on_hold_too(database: Database) -> None:
    ada = await person(database, "ada")
    names = ("one", "before", "during", "both")
    one, before, during, both = [await group(database, ada, name) for name in names]
    await delete(database, before)
    await put(database)
    late = await group(database, ada, "late")
    async with database.reading() as tx:
        found = await holding.current(tx, await of(database, late))
        assert found is not None
        assert (found.reason, found.everywhere) == ("A storm", True)
    await restore(database, before)
    for group_id in (during, both):
        await delete(database, group_id)
    await restore(database, during)
    assert await on_hold(database, late, before, during) == [True] * 3
    # What is deleted while all are on hold, and restored when they are not any more, is not left behind.
    assert await standstill.end(database, SYSTEM) == Done(5)
    await restore(database, both)
    later = await group(database, ada, "later")
    assert await on_hold(database, one, before, during, both, late, later) == [False] * 6


async def test_the_hold_of_a_group_outlives_its_deletion_and_ends_with_its_roster(database: Database) -> None:
    ada = await person(database, "ada")
    back, gone = await group(database, ada, "back"), await group(database, ada, "gone")
    for group_id in (back, gone):
        async with database.writing() as tx:
            await holding.hold(tx, group_id, "A stolen account", SYSTEM)
        await delete(database, group_id)
    await restore(database, back)
    assert await on_hold(database, back, gone) == [True, True]
    database.clock.advance(31 * 86_400)  # type: ignore[attr-defined]  # the fixture's own clock
    async with database.writing() as tx:
        await ending.erase_due(tx)
        left = (await tx.exec(select(Hold.group_id).where(col(Hold.ended_at).is_(None)))).all()
    assert list(left) == [back]


class Unlucky:
    """A database whose transactions are broken so many times before they go through, as PostgreSQL breaks one of two
    that wait for each other."""

    def __init__(self, database: Database, times: int) -> None:
        self.database, self.times = database, times
        self.dialect, self.reading = database.dialect, database.reading

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Writing]:
        async with self.database.writing() as tx:
            yield tx
            if self.times:
                self.times -= 1
                raise DatabaseBusy


async def test_one_that_changes_at_that_moment_does_not_undo_the_rest(sqlite_database: Database) -> None:
    ada = await person(sqlite_database, "ada")
    ids = [await group(sqlite_database, ada, name) for name in ("one", "two", "three")]
    busy = Unlucky(sqlite_database, standstill.TRIES * 2 + 1)
    done = await standstill.begin(busy, "", SYSTEM)  # type: ignore[arg-type]  # acts like one
    assert done == Done(3)  # tried again once the rest was held
    assert await on_hold(sqlite_database, *ids) == [True] * 3
    busy.times = standstill.TRIES
    done = await standstill.end(busy, SYSTEM)  # type: ignore[arg-type]  # acts like one
    assert done == Done(2, ("one@groups.example.org",))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer
async def test_a_group_made_by_somebody_who_has_not_committed_yet_is_held(database: Database) -> None:
    ada = await person(database, "ada")
    await group(database, ada, "one")
    made, go = asyncio.Event(), asyncio.Event()
    making = asyncio.create_task(slowly(database, ada, made.set, go))
    await made.wait()
    stopping = asyncio.create_task(put(database))
    # It waits for the gate, which PostgreSQL itself shows, and for nothing before it.
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    async with asyncio.timeout(20):
        while True:
            async with database.engine.connect() as connection:
                if (await connection.exec_driver_sql(waiting)).scalar():
                    break
            await asyncio.sleep(0.01)
    go.set()
    late = await making
    assert await stopping == Done(2)
    assert await on_hold(database, late) == [True]


async def slowly(database: Database, ada: Person, made: Callable[[], None], go: asyncio.Event) -> int:
    """Make a group, and commit when told to."""
    new = NewGroup(f"late@{SERVED.domains[0]}", administrators=(Entry(person_id=ada.id),))
    async with database.writing() as tx:
        found = await groups.create(tx, new, SERVED, SYSTEM)
        made()
        await go.wait()
    assert found.id is not None
    return found.id
