"""Locks: how long a transaction waits for SQLite's one writer, and what is told of a lock that could not be had."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial

from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from store.drivers import Connection as Driver

WRITE_DEADLINE_SECONDS = 10.0
# Who has waited that long behind others of this process still tries: they may have been many, and not locked out.
LAST_TRY_SECONDS = 0.1
RETRY_SECONDS = 0.001
TRYING_SECONDS = 0.1  # at a time
DEADLOCK = "40P01"
BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class DatabaseBusy(Exception):  # noqa: N818 - a state, and temporary
    """The database's lock was not had before the deadline, or PostgreSQL broke this one of two transactions that waited
    for each other. Nothing was changed; try again."""


@asynccontextmanager
async def unbroken() -> AsyncIterator[None]:
    """What a deadlock undid is to be tried again, as what found no lock is: the same to whoever asked."""
    try:
        yield
    except OperationalError as error:
        if is_deadlock(error):
            raise DatabaseBusy("two transactions waited for each other, and this one was undone") from error
        raise


def is_deadlock(error: OperationalError) -> bool:
    """True if PostgreSQL broke this transaction for another's sake."""
    return getattr(error.orig, "sqlstate", None) == DEADLOCK


def is_busy(error: OperationalError) -> bool:
    """True if SQLite refused only because somebody else is writing, or recovers what a killed writer left."""
    # The low octet is the code; the rest says more (BUSY_RECOVERY, BUSY_SNAPSHOT).
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in BUSY


def busy_pauses(deadline: float | None = None) -> Iterator[float]:
    """Pauses between tries for a lock, in seconds, until the deadline (by default a whole one from now); then raises
    DatabaseBusy."""
    until = time.monotonic() + WRITE_DEADLINE_SECONDS if deadline is None else deadline
    yield 0.0  # however late it is by now: a busy machine may have taken all that time for the way here
    while time.monotonic() < until:
        yield RETRY_SECONDS * random.random()  # noqa: S311, TID251 - jitter, not a secret
    raise DatabaseBusy("another process has kept the database's lock")


async def patiently(connection: AsyncConnection, *statements: str, deadline: float | None = None) -> None:
    """Begin by statements which may find SQLite busy, each again after about a millisecond, up to the deadline; raises
    DatabaseBusy.

    The connection's thread does the waiting: a try by way of the event loop takes longer than the gap that a busy
    writer leaves between two transactions.
    """
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, Driver)
    left, pauses = list(statements), busy_pauses(deadline)
    while left:
        await driver.do(partial(_tried, driver.raw, left, pauses))
    await connection.begin()  # SQLAlchemy is told: it sends nothing


def _tried(raw: sqlite3.Connection, statements: list[str], pauses: Iterator[float]) -> None:
    """Take from the list what could be run within a while: so soon a task that is cancelled has its thread back."""
    until = time.monotonic() + TRYING_SECONDS
    for pause in pauses:
        try:
            while statements:
                raw.execute(statements[0]).close()
                del statements[0]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in BUSY:
                raise OperationalError(statements[0], (), error) from error
        if not statements or time.monotonic() >= until:
            return
        time.sleep(pause)
