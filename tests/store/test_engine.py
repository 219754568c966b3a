"""Opening and writing: nobody loses an update, and processes that start together do not refuse each other."""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import text

from store import lanes
from store.engine import Database

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
