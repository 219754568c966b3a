"""Open the database and run transactions: one code path for SQLite and PostgreSQL.

SQLite: WAL with `synchronous=FULL` (NORMAL never syncs before our 250), a deferred snapshot for reading, BEGIN
IMMEDIATE for writing with our own short retry instead of the built-in busy handler, which starves small writes.
PostgreSQL: READ COMMITTED; verbs lock the rows they decide on. A process that freezes within a transaction (its machine
sleeps, its container is paused) keeps those locks while its connection lives, and a dead worker's claims could not be
taken over: so the server ends a transaction that asks nothing for IDLE_SECONDS.

What moves thousands of rows (expanding, claiming, settling) runs as one synchronous function in a thread of its own:
an asynchronous SQLite statement costs four thread switches, a batch of ten of them more than its work.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeAlias, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from store import locks
from store.drivers import Drivers
from store.signal import CHANNEL, DatagramSignal, NotifySignal, Signal, Topic

BULK_THREADS = 2
IDLE_SECONDS = 10.0  # half of what makes a silent worker a dead one
DATABASE_FAULTS = (SQLAlchemyError,)  # for who must tell them from faults of their own, and speaks no SQL
DEADLOCKS_SUFFERED = 5
NOTIFY = text("SELECT pg_notify(:channel, :word)")
S = TypeVar("S", bound="Reading")
T = TypeVar("T")
# A deferred transaction has no snapshot before it reads; a process that opens or closes the file may be in the way.
SNAPSHOT = "SELECT 1 FROM sqlite_schema LIMIT 1"


def utc_clock() -> datetime:
    """The wall clock; everything else is given one."""
    return datetime.now(UTC)  # noqa: TID251 - the one clock of the program


@dataclass(slots=True)
class Bulk:
    """A writing transaction on a synchronous connection, for Core statements only."""

    connection: Connection
    now: datetime
    dialect: str
    topics: set[Topic] = field(default_factory=set)
    endings: Endings = field(default_factory=dict)

    def wake(self, topic: Topic) -> None:
        """As Writing.wake."""
        self.topics.add(topic)

    def at_end(self, kind: str, number: int, job: Callable[[Bulk], None]) -> None:
        """Do `job` last in the transaction, once for each (kind, number), in their order.

        For rows many transactions change: taken last and in one order, they make nobody wait for each other.
        """
        self.endings[kind, number] = job

    def finish(self) -> None:
        """Do what was put off to the end."""
        for _, job in sorted(self.endings.items(), key=lambda ending: ending[0]):
            job(self)
        self.endings.clear()


Endings: TypeAlias = dict[tuple[str, int], Callable[[Bulk], None]]


class Reading(AsyncSession):
    """A transaction that only reads. `now` is the moment it began, `dialect` sqlite or postgresql.

    `secrets` key the marks of who was forgotten; none where the database was opened without.
    """

    now: datetime
    dialect: str
    secrets: tuple[bytes, ...]


class Writing(Reading):
    """A transaction that writes; commits when its block ends, rolls back when it raises."""

    topics: set[Topic]
    endings: Endings

    def wake(self, topic: Topic) -> None:
        """Wake who waits for `topic`, in every process, once this is committed."""
        self.topics.add(topic)

    async def run(self, job: Callable[[Bulk], T]) -> T:
        """Run a verb written for `Database.bulk` in this transaction; what it puts off is done before the commit."""
        connection = await self.connection()
        return await connection.run_sync(lambda plain: job(self._bulk(plain)))

    async def finish(self) -> None:
        """Do what was put off to the end."""
        await self.flush()
        if self.endings:
            connection = await self.connection()
            await connection.run_sync(lambda plain: self._bulk(plain).finish())

    def _bulk(self, plain: Connection) -> Bulk:
        return Bulk(plain, self.now, self.dialect, self.topics, self.endings)


class Database:
    """An open database. Made by `open`, ended by `close`."""

    def __init__(
        self,
        engine: AsyncEngine,
        drivers: Drivers,
        signal: Signal,
        clock: Callable[[], datetime],
        secrets: tuple[bytes, ...] = (),
    ) -> None:
        self.engine = engine
        self._drivers = drivers
        self.signal = signal
        self.clock = clock
        self._secrets = secrets
        self.dialect = engine.dialect.name
        self._writer = asyncio.Lock()
        self._bulk_engine = create_bulk(engine.url)
        self._threads = ThreadPoolExecutor(BULK_THREADS, thread_name_prefix="store")

    @classmethod
    async def open(
        cls, url: str, *, clock: Callable[[], datetime] = utc_clock, secrets: tuple[bytes, ...] = ()
    ) -> Self:
        """Connect to a database whose schema is current, and begin to hear other processes' wakes.

        `url` is SQLAlchemy's: `sqlite+aiosqlite:///file.db` or `postgresql+psycopg://…`. Raises OperationalError.
        """
        drivers = Drivers()
        engine = create(url, drivers)
        signal: Signal
        if engine.dialect.name == "sqlite":
            signal = DatagramSignal(Path(f"{engine.url.database}.wake"))
        else:
            signal = NotifySignal(engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
        try:
            async with engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
            await signal.start()
            return cls(engine, drivers, signal, clock, secrets)
        except BaseException:
            await signal.close()
            await engine.dispose()
            await drivers.ended()
            raise

    async def close(self) -> None:
        await self.signal.close()
        await self.engine.dispose()
        await self._drivers.ended()
        self._threads.shutdown()
        self._bulk_engine.dispose()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reading]:
        """A snapshot (SQLite) or statement-wise consistent (PostgreSQL) view; what it changes is not kept."""
        async with self.engine.connect() as connection:
            if self.dialect == "sqlite":
                await locks.patiently(connection, "BEGIN", SNAPSHOT)
            async with self._session(Reading, connection) as session:
                yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Writing]:
        """A transaction that commits at the end of the block. Raises DatabaseBusy if the lock cannot be had.

        Keep it short: no network inside, at most some thousand rows.
        """
        async with self._serialised() as deadline, locks.unbroken(), self.engine.connect() as connection:
            if self.dialect == "sqlite":
                await locks.patiently(connection, "BEGIN IMMEDIATE", deadline=deadline)
            async with self._session(Writing, connection) as session:
                session.topics, session.endings = set(), {}
                yield session
                await session.finish()
                await session.commit()
            if session.topics and self.dialect == "postgresql":
                word = " ".join(sorted(session.topics))
                await connection.execute(NOTIFY, {"channel": CHANNEL, "word": word})
            await connection.commit()
        if session.topics:
            self.signal.wake(session.topics)

    async def bulk(self, job: Callable[[Bulk], T]) -> T:
        """Run `job` as one writing transaction in a thread; its result once committed. Raises as `writing` does.

        A cancelled caller does not stop the transaction: it commits or fails as a whole. `job` may run more than once:
        PostgreSQL breaks one of two transactions that wait for each other, and that one begins anew.
        """
        async with self._serialised() as deadline:
            loop = asyncio.get_running_loop()
            result, topics = await loop.run_in_executor(self._threads, self._run_bulk, job, deadline)
        if topics:
            self.signal.wake(topics)
        return result

    def _run_bulk(self, job: Callable[[Bulk], T], deadline: float) -> tuple[T, set[Topic]]:
        for _ in range(DEADLOCKS_SUFFERED):
            try:
                return self._run_once(job, deadline)
            except OperationalError as error:
                if not locks.is_deadlock(error):
                    raise
        return self._run_once(job, deadline)

    def _run_once(self, job: Callable[[Bulk], T], deadline: float) -> tuple[T, set[Topic]]:
        with self._bulk_engine.connect() as connection:
            if self.dialect == "sqlite":
                for pause in locks.busy_pauses(deadline):
                    try:
                        connection.exec_driver_sql("BEGIN IMMEDIATE")
                        break
                    except OperationalError as error:
                        if not locks.is_busy(error):
                            raise
                        time.sleep(pause)
            bulk = Bulk(connection, self.clock(), self.dialect)
            result = job(bulk)
            bulk.finish()
            if bulk.topics and self.dialect == "postgresql":
                connection.execute(NOTIFY, {"channel": CHANNEL, "word": " ".join(sorted(bulk.topics))})
            connection.commit()
        return result, bulk.topics

    def _session(self, kind: type[S], connection: AsyncConnection) -> S:
        # The session never ends the transaction: the block that opened it does.
        session = kind(bind=connection, expire_on_commit=False, join_transaction_mode="rollback_only")
        session.now = self.clock()
        session.dialect = self.dialect
        session.secrets = self._secrets
        return session

    @asynccontextmanager
    async def _serialised(self) -> AsyncIterator[float]:
        """SQLite has one writer: this process's tasks queue in order here rather than race for its lock.

        Gives the moment, of the monotonic clock, until which the lock is worth trying for. It counts from before the
        queue: else the tenth of ten that another process locks out would wait ten deadlines.
        """
        deadline = time.monotonic() + locks.WRITE_DEADLINE_SECONDS
        if self.dialect != "sqlite":
            yield deadline
            return
        async with self._writer:
            yield max(deadline, time.monotonic() + locks.LAST_TRY_SECONDS)


def create(url: str | URL, drivers: Drivers | None = None) -> AsyncEngine:
    """The engine with the settings every connection of ours has; migrations and tests use the same.

    `drivers` knows SQLite's connections from then on, and can be waited for once the engine is disposed of.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = create_async_engine(parsed, pool_size=10, max_overflow=10, pool_pre_ping=True)
        event.listen(engine.sync_engine, "connect", prepare_postgresql)
        return engine
    # The connection used last first: each keeps the last mail it wrote bound to its statement.
    connect_args = {"timeout": 0, "async_creator_fn": (drivers or Drivers()).connect}
    engine = create_async_engine(parsed, pool_size=10, max_overflow=10, pool_use_lifo=True, connect_args=connect_args)
    event.listen(engine.sync_engine, "connect", prepare_sqlite)
    return engine


def create_bulk(url: str | URL) -> Engine:
    """The synchronous twin of `create`, for `Database.bulk`."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = create_engine(parsed, pool_size=BULK_THREADS, pool_pre_ping=True)
        event.listen(engine, "connect", prepare_postgresql)
        return engine
    engine = create_engine(
        parsed.set(drivername="sqlite+pysqlite"),
        pool_size=BULK_THREADS,
        connect_args={"timeout": 0, "check_same_thread": False},
    )
    event.listen(engine, "connect", prepare_sqlite)
    return engine


def prepare_postgresql(connection: Any, record: Any) -> None:
    """Settle a fresh PostgreSQL connection."""
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = {round(IDLE_SECONDS * 1000)}")
    cursor.close()
    connection.commit()


def prepare_sqlite(connection: Any, record: Any) -> None:
    """Settle a fresh SQLite connection."""
    # The driver would begin on its own, and before writes only: reads and writes of one transaction would see
    # different states and lose updates in silence. We begin ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("busy_timeout=0", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        _settle_pragma(cursor, pragma)
    cursor.close()


def _settle_pragma(cursor: Any, pragma: str) -> None:
    # The first look at the file: of processes that start together one may be turning it to WAL, or recovering it.
    for pause in locks.busy_pauses():
        try:
            cursor.execute(f"PRAGMA {pragma}")
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in locks.BUSY:
                raise
            time.sleep(pause)
