"""Opening and writing: nobody loses an update, and processes that start together do not refuse each other."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from store import engine, lanes, locks
from store.drivers import Drivers
from store.engine import Bulk, Database
from store.locks import DatabaseBusy

PROCESSES = 4
ROUNDS = 3


def begin(url: str, together: Any) -> None:
    """Open, read and write, at the moment the others do."""

    async def live() -> None:
        together.wait()
        database = await Database.open(url)
        await database.bulk(lambda bulk: lanes.ensure(bulk, "relay"))
        async with database.reading() as tx:
            assert (await (await tx.connection()).execute(text("SELECT count(*) FROM lane"))).scalar() == 1
        await database.close()

    asyncio.run(live())


def test_processes_that_open_a_fresh_file_together_all_do(tmp_path: Path, sqlite_template: Path) -> None:
    """The first of them turns it to WAL, which none of the others may take for a fault."""
    context = multiprocessing.get_context("forkserver")
    for number in range(ROUNDS):
        file = tmp_path / f"{number}.db"
        shutil.copyfile(sqlite_template, file)
        together = context.Barrier(PROCESSES)
        url = f"sqlite+aiosqlite:///{file}"
        processes = [context.Process(target=begin, args=(url, together)) for _ in range(PROCESSES)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0] * PROCESSES


async def test_no_update_is_lost(database: Database) -> None:
    lane_id = await database.bulk(lambda bulk: lanes.ensure(bulk, "relay"))
    await database.bulk(lambda bulk: lanes.limit(bulk, lane_id, lanes.Limits(daily=10_000)))

    async def take() -> None:
        assert (await database.bulk(lambda bulk: lanes.budget(bulk, lane_id, 1))).allowed == 1

    await asyncio.gather(*(take() for _ in range(60)))
    async with database.reading() as tx:
        lane = await lanes.get(tx, lane_id)
    assert lane is not None
    assert lane.day_count == 60


async def test_sqlite_syncs_every_commit(tmp_path: Path, sqlite_template: Path) -> None:
    file = tmp_path / "postroom.db"
    shutil.copyfile(sqlite_template, file)
    database = await Database.open(f"sqlite+aiosqlite:///{file}")
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 0}
    async with database.engine.connect() as connection:
        found = {name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in wanted}
    bulk = await database.bulk(
        lambda bulk: {name: bulk.connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
    )
    await database.close()
    assert found == bulk == wanted


async def test_all_whom_another_process_locks_out_are_told_after_one_deadline(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They queue for the lock, and each used to begin its wait where the one before had given up."""
    monkeypatch.setattr(locks, "WRITE_DEADLINE_SECONDS", 1.0)
    file = tmp_path / "postroom.db"
    shutil.copyfile(sqlite_template, file)
    database = await Database.open(f"sqlite+aiosqlite:///{file}")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def write() -> None:
        async with database.writing():
            pass

    begun = time.monotonic()
    jobs = [write() for _ in range(20)] + [database.bulk(lambda bulk: None) for _ in range(20)]
    told = await asyncio.gather(*jobs, return_exceptions=True)
    took = time.monotonic() - begun
    assert [type(one) for one in told] == [DatabaseBusy] * 40
    assert took < 40 * 1.0 / 2  # forty deadlines, if one followed the other
    other.close()
    await asyncio.gather(write(), database.bulk(lambda bulk: None))
    await database.close()


def test_who_comes_late_tries_once() -> None:
    tries = locks.busy_pauses(deadline=time.monotonic() - 1)
    assert next(tries) == 0
    with pytest.raises(DatabaseBusy):
        next(tries)


async def test_a_connection_ended_from_two_sides_ends(tmp_path: Path, sqlite_template: Path) -> None:
    """A task that is cancelled twice closes its connection while the pool stops it: the closing waited for a word from
    a thread that had gone, for ever."""
    file = tmp_path / "postroom.db"
    shutil.copyfile(sqlite_template, file)
    drivers = Drivers()
    connection = drivers.connect(str(file))
    await connection
    closing = asyncio.create_task(connection.close())
    await asyncio.sleep(0)  # it has given its first word to the thread
    connection.stop()
    async with asyncio.timeout(30):
        await closing
        await drivers.ended()
    assert not connection.thread.is_alive()


async def test_closing_waits_for_the_statement_of_a_task_that_was_cancelled(
    tmp_path: Path, sqlite_template: Path
) -> None:
    """Its thread would find the event loop closed, and say so to nobody."""
    file = tmp_path / "postroom.db"
    shutil.copyfile(sqlite_template, file)
    database = await Database.open(f"sqlite+aiosqlite:///{file}")
    begun, go_on = threading.Event(), threading.Event()
    done: list[bool] = []

    def slow() -> int:
        begun.set()
        done.append(go_on.wait(60))
        return 1

    def teach(connection: Any, record: Any) -> None:
        connection.create_function("slow", 0, slow)

    event.listen(database.engine.sync_engine, "connect", teach)
    await database.engine.dispose()  # the connection that opening made knows no such word

    async def ask() -> None:
        async with database.engine.connect() as connection:
            await connection.exec_driver_sql("SELECT slow()")

    asking = asyncio.create_task(ask())
    assert await asyncio.to_thread(begun.wait, 60)
    asking.cancel()
    closing = asyncio.create_task(database.close())
    await asyncio.wait({closing}, timeout=0.2)
    assert not closing.done()
    go_on.set()
    await closing
    assert done == [True]
    with contextlib.suppress(asyncio.CancelledError):
        await asking
    await database.engine.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_who_freezes_within_a_transaction_locks_nobody_out(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its locks are the server's to break, or the claims of a frozen worker could not be taken over while it sleeps."""
    monkeypatch.setattr(engine, "IDLE_SECONDS", 0.3)
    frozen, other = await Database.open(database_url), await Database.open(database_url)
    lane_id = await other.bulk(lambda bulk: lanes.ensure(bulk, "relay"))
    limit = text("UPDATE lane SET daily = :daily WHERE id = :id")
    locked, done = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def freeze(bulk: engine.Bulk) -> None:
        bulk.connection.execute(limit, {"daily": 1, "id": lane_id})
        loop.call_soon_threadsafe(locked.set)
        done.wait()
        bulk.connection.execute(limit, {"daily": 2, "id": lane_id})

    asleep = asyncio.ensure_future(frozen.bulk(freeze))
    await locked.wait()
    await other.bulk(lambda bulk: bulk.connection.execute(limit, {"daily": 3, "id": lane_id}) and None)
    done.set()
    with pytest.raises(DBAPIError):
        await asleep
    async with frozen.reading() as tx:  # and its process goes on, over a connection of its own
        held = await (await tx.connection()).execute(text("SELECT daily FROM lane"))
        assert held.scalar() == 3
    await frozen.close()
    await other.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_of_two_that_wait_for_each_other_one_is_asked_to_try_again(database: Database) -> None:
    first = await database.bulk(lambda bulk: lanes.ensure(bulk, "relay"))
    second = await database.bulk(lambda bulk: lanes.ensure(bulk, "mx:example.org"))
    limit = text("UPDATE lane SET daily = :daily WHERE id = :id")
    met = asyncio.Barrier(2)

    async def crosses(one: int, other: int, daily: int) -> None:
        async with database.writing() as tx:
            connection = await tx.connection()
            await connection.execute(limit, {"daily": daily, "id": one})
            await met.wait()
            await connection.execute(limit, {"daily": daily, "id": other})

    ended = await asyncio.gather(crosses(first, second, 1), crosses(second, first, 2), return_exceptions=True)
    assert [type(one) for one in ended if one is not None] == [DatabaseBusy]
    async with database.reading() as tx:
        held = (await (await tx.connection()).execute(text("SELECT DISTINCT daily FROM lane"))).scalars().all()
    assert held == [1 if ended[0] is None else 2]


async def test_what_is_put_off_is_done_last_and_in_one_order(database: Database) -> None:
    """Of the whole transaction: what is put off by one verb must not be locked before what the next one locks."""
    done: list[str] = []

    def put_off(kind: str, number: int) -> Callable[[Bulk], None]:
        return lambda bulk: bulk.at_end(kind, number, lambda _: done.append(f"{kind}:{number}"))

    async with database.writing() as tx:
        for kind, number in (("report", 12), ("report", 11), ("held_card", 11), ("report", 12)):
            await tx.run(put_off(kind, number))
        done.append("the block")
    assert done == ["the block", "held_card:11", "report:11", "report:12"]
