"""Open the database and run transactions: one code path for SQLite and PostgreSQL.

SQLite: WAL with `synchronous=FULL` (NORMAL never syncs before our 250), a deferred snapshot for reading, BEGIN
IMMEDIATE for writing with our own short retry instead of the built-in busy handler, which starves small writes.
PostgreSQL: READ COMMITTED; verbs lock the rows they decide on.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from store.signal import CHANNEL, DatagramSignal, NotifySignal, Signal, Topic

WRITE_DEADLINE_SECONDS = 10.0
RETRY_SECONDS = 0.001
S = TypeVar("S", bound="Reading")
BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_BUSY_SNAPSHOT})


class DatabaseBusy(Exception):  # noqa: N818 - a state, and temporary
    """The write lock was not had before the deadline. Nothing was changed; try again later."""


def utc_clock() -> datetime:
    """The wall clock; everything else is given one."""
    return datetime.now(UTC)  # noqa: TID251 - the one clock of the program


class Reading(AsyncSession):
    """A transaction that only reads. `now` is the moment it began, `dialect` sqlite or postgresql."""

    now: datetime
    dialect: str


class Writing(Reading):
    """A transaction that writes; commits when its block ends, rolls back when it raises."""

    topics: set[Topic]

    def wake(self, topic: Topic) -> None:
        """Wake who waits for `topic`, in every process, once this is committed."""
        self.topics.add(topic)


class Database:
    """An open database. Made by `open`, ended by `close`."""

    def __init__(self, engine: AsyncEngine, signal: Signal, clock: Callable[[], datetime]) -> None:
        self.engine = engine
        self.signal = signal
        self.clock = clock
        self.dialect = engine.dialect.name
        self._writer = asyncio.Lock()

    @classmethod
    async def open(cls, url: str, *, clock: Callable[[], datetime] = utc_clock) -> Self:
        """Connect to a database whose schema is current, and begin to hear other processes' wakes.

        `url` is SQLAlchemy's: `sqlite+aiosqlite:///file.db` or `postgresql+psycopg://…`. Raises OperationalError.
        """
        engine = create(url)
        signal: Signal
        if engine.dialect.name == "sqlite":
            signal = DatagramSignal(Path(f"{engine.url.database}.wake"))
        else:
            signal = NotifySignal(engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        await signal.start()
        return cls(engine, signal, clock)

    async def close(self) -> None:
        await self.signal.close()
        await self.engine.dispose()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reading]:
        """A snapshot (SQLite) or statement-wise consistent (PostgreSQL) view; what it changes is not kept."""
        async with self.engine.connect() as connection:
            if self.dialect == "sqlite":
                await connection.exec_driver_sql("BEGIN")
            async with self._session(Reading, connection) as session:
                yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Writing]:
        """A transaction that commits at the end of the block. Raises DatabaseBusy if the lock cannot be had.

        Keep it short: no network inside, at most some thousand rows.
        """
        async with self._serialised(), self.engine.connect() as connection:
            if self.dialect == "sqlite":
                await begin_immediate(connection)
            async with self._session(Writing, connection) as session:
                session.topics = set()
                yield session
                await session.commit()
            if session.topics and self.dialect == "postgresql":
                word = " ".join(sorted(session.topics))
                await connection.execute(text("SELECT pg_notify(:channel, :word)"), {"channel": CHANNEL, "word": word})
            await connection.commit()
        if session.topics:
            self.signal.wake(session.topics)

    def _session(self, kind: type[S], connection: AsyncConnection) -> S:
        # The session never ends the transaction: the block that opened it does.
        session = kind(bind=connection, expire_on_commit=False, join_transaction_mode="rollback_only")
        session.now = self.clock()
        session.dialect = self.dialect
        return session

    @asynccontextmanager
    async def _serialised(self) -> AsyncIterator[None]:
        """SQLite has one writer: this process's tasks queue in order here rather than race for its lock."""
        if self.dialect != "sqlite":
            yield
            return
        async with self._writer:
            yield


async def begin_immediate(connection: AsyncConnection) -> None:
    """BEGIN IMMEDIATE with our own retry of about a millisecond, up to the deadline; raises DatabaseBusy."""
    deadline = asyncio.get_running_loop().time() + WRITE_DEADLINE_SECONDS
    while True:
        try:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
        except OperationalError as error:
            if getattr(error.orig, "sqlite_errorcode", None) not in BUSY:
                raise
            if asyncio.get_running_loop().time() > deadline:
                raise DatabaseBusy("another process has kept the database's write lock") from error
            await asyncio.sleep(RETRY_SECONDS * random.random())  # noqa: S311, TID251 - jitter, not a secret
        else:
            return


def create(url: str) -> AsyncEngine:
    """The engine with the settings every connection of ours has; migrations and tests use the same."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_async_engine(parsed, pool_size=10, max_overflow=10, pool_pre_ping=True)
    engine = create_async_engine(parsed, pool_size=10, max_overflow=10, connect_args={"timeout": 0})

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        # The driver would begin on its own, and before writes only: reads and writes of one transaction would see
        # different states and lose updates in silence. We begin ourselves.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=0"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine
