"""Drivers: SQLite's asynchronous connections, each of which is a thread, and how a database waits for them to end."""

from __future__ import annotations

import asyncio
import weakref
from threading import Thread
from typing import Any

import aiosqlite


class Drivers:
    """The connections of one engine.

    A task that is cancelled in the middle of a statement leaves the statement to the connection's thread, which tells
    the event loop when it is done: a loop that was closed meanwhile makes an exception of it, in a thread where nobody
    hears.
    """

    def __init__(self) -> None:
        self._held: list[tuple[weakref.ref[aiosqlite.Connection], Thread]] = []

    def connect(self, *arguments: Any, **named: Any) -> aiosqlite.Connection:
        """The driver's own connection, not begun yet; SQLAlchemy awaits it."""
        connection = aiosqlite.connect(*arguments, **named)
        thread = connection._thread  # noqa: SLF001 - as SQLAlchemy does: there is no public way to it
        thread.daemon = True  # a process that is told to end does not wait for a disk
        # One that is not alive and known to no task has ended; one that has not begun yet is neither.
        self._held = [(one, other) for one, other in self._held if other.is_alive() or one() is not None]
        self._held.append((weakref.ref(connection), thread))
        return connection

    async def ended(self) -> None:
        """Wait until every thread has done what it was given. Connections still in use stay in use."""
        for held, thread in self._held:
            connection = held()
            if connection is not None and connection._running:  # noqa: SLF001 - as above
                if thread.is_alive():
                    await connection._execute(bool)  # type: ignore[no-untyped-call]  # noqa: SLF001 - a job behind all others
            elif thread.is_alive():
                await asyncio.to_thread(thread.join)
