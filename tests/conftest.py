"""Fixtures for every test: databases of both engines, a clock that is set by hand, free ports."""

from __future__ import annotations

import contextlib
import gc
import os
import random
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings

from store import migrate
from store.engine import Database
from tests import postgres, scratch

PORTS = range(11_000, 32_000)  # below what Linux (32768) and others give to who connects
# What decides, and what everybody reads or gets, has its own tests here. Measuring branches nearly doubles the time of
# a test, so the others, which drive whole programs, go unmeasured.
MEASURED = tuple(
    Path(__file__).parent / part for part in ("bot/views", "bot/commands", "mailbridge/policy", "mailbridge/rewrite")
)
# A busy machine is slow; timings never decide a test.
settings.register_profile("postroom", deadline=None)
settings.load_profile("postroom")


class Clock:
    """A clock that stands still until a test moves it. Calling it gives the time, in UTC."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> datetime:
        """Let `seconds` pass; gives the new time."""
        self.now += timedelta(seconds=seconds)
        return self.now


def pytest_configure() -> None:
    """A terminated run ends like an interrupted one, so that servers and folders go with it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    scratch.settle()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Measure branches where the tests of what is measured are, and nowhere else."""
    for item in items:
        if not any(item.path.is_relative_to(part) for part in MEASURED):
            item.add_marker(pytest.mark.no_cover)


def pytest_collection_finish() -> None:
    """Thousands of collected tests stay to the end: what looks for garbage need not look at them each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """A function that gives a loopback TCP port nobody listens on; never the same twice in a session.

    Not one of those the system gives to who connects: what is free here would be somebody's a moment later. Each of
    several test processes has a share of its own.
    """
    count, mine = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")), os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    share = list(range(PORTS.start + int(mine.removeprefix("gw")), PORTS.stop, count))
    random.shuffle(share)

    def port() -> int:
        while True:
            number = share.pop()
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", number))
                return number

    return port


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of our own making with its key, in one file."""
    path = tmp_path_factory.mktemp("tls") / "mail.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mail.example.org"
    made = subprocess.run([*command.split(), "-keyout", "-", "-out", "-"], capture_output=True, check=True)
    path.write_bytes(made.stdout)
    return path


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file at the current schema, to be copied."""
    path = tmp_path_factory.mktemp("template") / "postroom.db"
    migrate.upgrade(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A server with a template database at the current schema; skips with the reason where none can run."""
    try:
        with postgres.server() as server:
            server.create_empty(postgres.TEMPLATE)
            migrate.upgrade(server.url(postgres.TEMPLATE))
            yield server
    except postgres.PostgresMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database at the current schema, once on each engine."""
    if request.param == "sqlite":
        path = tmp_path / "postroom.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
async def database(database_url: str, clock: Clock) -> AsyncIterator[Database]:
    """An open database, once on each engine, whose time is the fixture `clock`."""
    opened = await Database.open(database_url, clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite_database(sqlite_template: Path, tmp_path: Path, clock: Clock) -> AsyncIterator[Database]:
    """The same on SQLite alone, where the engine does not matter."""
    path = tmp_path / "postroom.db"
    shutil.copyfile(sqlite_template, path)
    opened = await Database.open(f"sqlite+aiosqlite:///{path}", clock=clock)
    yield opened
    await opened.close()
