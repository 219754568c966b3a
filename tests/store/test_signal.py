"""Waking other processes: within a moment, whatever the path is like, and without leaving anything behind."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from store.engine import Database
from store.signal import DatagramSignal, Topic

OTHER = """
import asyncio, sys
from store.engine import Database
from store.signal import Topic

async def say(url):
    database = await Database.open(url)
    async with database.writing() as tx:
        tx.wake(Topic.NOTICE)
    await database.close()

asyncio.run(say(sys.argv[1]))
"""
ENDED = """
import asyncio, os, sys
from store.engine import Database

async def die(url):
    await Database.open(url)
    os._exit(0)

asyncio.run(die(sys.argv[1]))
"""


async def run(program: str, url: str) -> None:
    """Another process, to its end."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", program, url)
    assert await child.wait() == 0


async def until_woken(heard: asyncio.Event) -> None:
    """Without the poll: only a wake ends this."""
    async with asyncio.timeout(60):
        await heard.wait()


async def test_another_process_wakes_those_who_wait_for_its_topic(database_url: str) -> None:
    database = await Database.open(database_url)
    try:
        with database.signal.ear(Topic.NOTICE) as ear, database.signal.ear(Topic.EXPAND) as other:
            await asyncio.sleep(0)
            ear.event.clear()
            other.event.clear()
            await run(OTHER, database_url)
            await until_woken(ear.event)
            assert not other.event.is_set()
    finally:
        await database.close()


async def fail(database: Database) -> None:
    async with database.writing() as tx:
        tx.wake(Topic.NOTICE)
        raise ZeroDivisionError


async def test_what_is_rolled_back_wakes_nobody(database: Database) -> None:
    with database.signal.ear(Topic.NOTICE, Topic.EXPAND) as ear:
        ear.event.clear()
        await asyncio.gather(fail(database), return_exceptions=True)
        async with database.writing() as tx:
            tx.wake(Topic.DELIVER)
        assert not ear.event.is_set()
        async with database.writing() as tx:
            tx.wake(Topic.EXPAND)
        await until_woken(ear.event)


async def test_an_ear_hears_between_two_waits_and_not_after_it_is_closed(database: Database) -> None:
    with database.signal.ear(Topic.NOTICE) as ear:
        database.signal.hear([Topic.NOTICE, "of a newer version"])
        assert await ear.wait(0)
        assert not await ear.wait(0)
    database.signal.hear([Topic.NOTICE])
    assert not await ear.wait(0)


async def test_the_folder_is_private_and_holds_the_living_only(tmp_path: Path, sqlite_template: Path) -> None:
    file = tmp_path / "postroom.db"
    file.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite+aiosqlite:///{file}"
    folder = Path(f"{file}.wake")
    await run(ENDED, url)
    assert len(list(folder.iterdir())) == 1
    database = await Database.open(url)
    try:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        async with database.writing() as tx:
            tx.wake(Topic.NOTICE)
        assert [path.name.partition("-")[0] for path in folder.iterdir()] == [str(os.getpid())]
    finally:
        await database.close()
    assert list(folder.iterdir()) == []


async def test_a_path_longer_than_a_sockets_may_be(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 30) / ("deeper" * 30)
    folder.mkdir(parents=True)
    one, two = DatagramSignal(folder / "a.wake"), DatagramSignal(folder / "a.wake")
    await one.start()
    await two.start()
    try:
        with two.ear(Topic.NOTICE) as ear:
            one.wake([Topic.NOTICE])
            await until_woken(ear.event)
    finally:
        await one.close()
        await two.close()


async def test_a_full_socket_is_passed_over(tmp_path: Path) -> None:
    """Nobody waits for a process that does not read: it has wakes enough already."""
    one, two = DatagramSignal(tmp_path / "a.wake"), DatagramSignal(tmp_path / "a.wake")
    await one.start()
    await two.start()
    try:
        with two.ear(Topic.NOTICE) as ear:
            for _ in range(5000):  # far more than a receive queue holds; the loop has no chance to read between
                one.wake([Topic.NOTICE])
            await until_woken(ear.event)
    finally:
        await one.close()
        await two.close()


async def test_a_start_that_fails_leaves_nothing_open(tmp_path: Path, sqlite_template: Path) -> None:
    file = tmp_path / "postroom.db"
    file.write_bytes(sqlite_template.read_bytes())
    Path(f"{file}.wake").write_text("in the way")
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(FileExistsError):
        await Database.open(f"sqlite+aiosqlite:///{file}")
    with pytest.raises(OperationalError):
        await Database.open(f"sqlite+aiosqlite:///{tmp_path}/none/postroom.db")
    assert len(os.listdir("/proc/self/fd")) == before
