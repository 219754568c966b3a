"""Drivers: SQLite's asynchronous connections, each of which is a thread that is given whole statements, and how a
database waits for them to end."""

from __future__ import annotations

import asyncio
import sqlite3
import weakref
from collections.abc import Callable, Iterable
from threading import Thread
from typing import Any, Self

import aiosqlite


class Cursor:
    """A cursor of which SQLAlchemy wants `cursor`, `execute`, `fetchall` and `close` one after the other.

    aiosqlite takes each of them to the thread and back. Here the first statement does it all, in one turn: its rows are
    wanted in any case, and half of what a statement of ours costs is going there and back.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Any = ()) -> None:
        """Run one statement, and fetch what it gives."""
        await self._run(lambda cursor: cursor.execute(sql, parameters))

    async def executemany(self, sql: str, parameters: Iterable[Any]) -> None:
        """Run one statement for each of the parameters; it gives nothing."""
        await self._run(lambda cursor: cursor.executemany(sql, parameters))

    async def fetchall(self) -> list[Any]:
        """The rows of the last statement, once."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """The thread's own cursor was closed with its statement."""

    async def _run(self, statement: Callable[[sqlite3.Cursor], sqlite3.Cursor]) -> None:
        def job() -> tuple[list[Any], Any, int, int | None]:
            cursor = self._connection.raw.cursor()
            try:
                statement(cursor)
                rows = cursor.fetchall() if cursor.description else []
                return rows, cursor.description, cursor.rowcount, cursor.lastrowid
            finally:
                cursor.close()

        self._rows, self.description, self.rowcount, self.lastrowid = await self._connection.do(job)


class Connection(aiosqlite.Connection):
    """A connection whose cursors are ours."""

    @property
    def raw(self) -> sqlite3.Connection:
        """SQLite's own connection. Raises ValueError once it is closed, which SQLAlchemy knows."""
        return self._conn

    @property
    def thread(self) -> Thread:
        return self._thread

    @property
    def open(self) -> bool:
        """False once it has been told to close."""
        return self._running

    def stop(self) -> asyncio.Future[Any] | None:
        """Tell the thread to close and end, once: who cancels a task twice ends its connection from two sides, and
        aiosqlite's second word waits for an answer from a thread that has gone, for ever."""
        told: asyncio.Future[Any] | None = super().stop() if self._running else None
        return told

    def cursor(self) -> Any:
        """A cursor, without a word to the thread."""
        return Cursor(self)

    async def do(self, job: Callable[[], Any]) -> Any:
        """Run `job` in the thread, behind all that it was given before."""
        return await self._execute(job)  # type: ignore[no-untyped-call]  # aiosqlite leaves it untyped


class Drivers:
    """The connections of one engine.

    A task that is cancelled in the middle of a statement leaves the statement to the connection's thread, which tells
    the event loop when it is done: a loop that was closed meanwhile makes an exception of it, in a thread where nobody
    hears.
    """

    def __init__(self) -> None:
        self._held: list[tuple[weakref.ref[Connection], Thread]] = []

    def connect(self, path: str, **settings: Any) -> Connection:
        """A connection that is not begun yet; SQLAlchemy awaits it."""
        connection = Connection(lambda: sqlite3.connect(path, **settings), iter_chunk_size=64)
        connection.thread.daemon = True  # a process that is told to end does not wait for a disk
        # Gone is what nobody knows and has ended; what has not begun yet is known.
        self._held = [(one, thread) for one, thread in self._held if thread.is_alive() or one() is not None]
        self._held.append((weakref.ref(connection), connection.thread))
        return connection

    async def ended(self) -> None:
        """Wait until every thread has done what it was given. Connections still in use stay in use."""
        for held, thread in self._held:
            connection = held()
            if not thread.is_alive():
                continue
            if connection is not None and connection.open:
                await connection.do(bool)
            else:
                await asyncio.to_thread(thread.join)
