"""Bring a database to this program's schema, or say that it is behind.

Everything here blocks; async code runs it in a thread: `await asyncio.to_thread(migrate.ready, url)`.
"""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import alembic.command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

MIGRATIONS = Path(__file__).with_name("migrations")
ADVISORY_LOCK = 0x706F7374726F6F6D  # "postroom": two upgrades at once wait for each other


class SchemaBehind(Exception):  # noqa: N818 - said to the person who starts the program, in one line
    """The database's schema is not the one this program needs; the text says what to do."""


def upgrade(url: str) -> None:
    """Make the schema of the database at `url` current; waits for any other process that is doing so.

    Raises SchemaBehind where the schema is of a newer program than this one.
    """
    with _locked(make_url(url)) as connection:
        _refuse_newer(connection)
        alembic.command.upgrade(config(connection), "head")


def ready(url: str) -> None:
    """What every process does at start: SQLite is brought up to date, PostgreSQL must be so already.

    Raises SchemaBehind.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        with connected(parsed) as connection:
            current = _current(connection) == _head()
        if not current:
            upgrade(url)
    else:
        check(url)


def check(url: str) -> None:
    """Raises SchemaBehind unless the schema of the database at `url` is current. Changes nothing."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).exists():
        raise SchemaBehind(f"There is no database file {parsed.database} yet: run python -m store upgrade")
    with connected(make_url(url)) as connection:
        _refuse_newer(connection)
        current = _current(connection)
    if current != _head():
        found = f"is at revision {current}" if current else "has no tables yet"
        raise SchemaBehind(f"The database {found}, this program needs {_head()}: run python -m store upgrade")


def drift(url: str) -> list[Any]:
    """What the tables in code have that the database at `url` lacks, and the other way round; empty when they agree."""
    from alembic.autogenerate import compare_metadata
    from sqlmodel import SQLModel

    import store.schema  # noqa: F401 - registers the tables

    with connected(make_url(url)) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, SQLModel.metadata))


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, with the connection that migrations are to run on."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    made.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    made.attributes["connection"] = connection
    return made


@contextlib.contextmanager
def connected(url: URL, *, begin: str = "BEGIN") -> Iterator[Connection]:
    """One synchronous connection to the database of an async URL; `begin` is how SQLite begins a transaction."""
    sqlite = url.get_backend_name() == "sqlite"
    engine = create_engine(url.set(drivername="sqlite") if sqlite else url, poolclass=NullPool)
    if sqlite:
        # Python's driver begins no transaction before DDL: without this a killed migration leaves half a schema.
        event.listen(engine, "connect", _no_own_transactions)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _no_own_transactions(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout = 30000")


@contextlib.contextmanager
def _locked(url: URL) -> Iterator[Connection]:
    with contextlib.ExitStack() as stack:
        if url.get_backend_name() == "sqlite":
            if url.database and url.database != ":memory:":
                try:
                    lock = stack.enter_context(Path(f"{url.database}.lock").open("a"))
                except OSError as error:
                    why = error.strerror or str(error)
                    raise SchemaBehind(
                        f"The folder of {url.database} cannot be written ({why}): change it or POSTROOM_DATABASE_URL"
                    ) from error
                fcntl.flock(lock, fcntl.LOCK_EX)
            # A process of the older program may still be writing: take the write lock before looking.
            yield stack.enter_context(connected(url, begin="BEGIN IMMEDIATE"))
            return
        holder = stack.enter_context(connected(url))
        holder.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
        yield stack.enter_context(connected(url))


def _current(connection: Connection) -> str | None:
    with connection.begin():
        return MigrationContext.configure(connection).get_current_revision()


def _head() -> str | None:
    return ScriptDirectory.from_config(config()).get_current_head()


def _refuse_newer(connection: Connection) -> None:
    current = _current(connection)
    if current is None:
        return
    try:
        ScriptDirectory.from_config(config()).get_revision(current)
    except CommandError as error:
        raise SchemaBehind(
            f"The database is at revision {current}, which this program does not know: run a newer Postroom"
        ) from error
