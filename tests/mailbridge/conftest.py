"""A nameserver for whoever asks questions, and rooms: a listener over each engine, or over SQLite where the engine does
not matter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mailbridge.intake.listener import certificate
from store.engine import Database
from tests.conftest import Clock
from tests.mailbridge.deliver.nameserver import Nameserver
from tests.mailbridge.desk import Desk
from tests.mailbridge.intake.room import Room, opened


@pytest.fixture
async def nameserver() -> AsyncIterator[Nameserver]:
    """A nameserver with an empty zone."""
    server = await Nameserver().start()
    yield server
    server.stop()


@pytest.fixture
async def room(database: Database) -> AsyncIterator[Room]:
    """A listener with default limits, over each engine."""
    async with opened(database) as one:
        yield one


@pytest.fixture
async def sqlite_room(sqlite_database: Database) -> AsyncIterator[Room]:
    """The same over SQLite alone, where the engine does not matter."""
    async with opened(sqlite_database) as one:
        yield one


@pytest.fixture
async def submission(database: Database, pem: Path) -> AsyncIterator[Room]:
    """A room with a door for who signs in, over each engine."""
    async with opened(database, tls=certificate(str(pem), "")) as one:
        yield one


@pytest.fixture
async def desk(database: Database, clock: Clock) -> Desk:
    """A group in which posts wait, over each engine."""
    return await Desk(database, clock).begin()
