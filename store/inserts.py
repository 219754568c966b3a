"""INSERT … ON CONFLICT in the words of the engine at hand: uniqueness stays the database's own, without an aborted
transaction when it strikes."""

from __future__ import annotations

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from store.engine import Bulk, Reading


def insert(tx: Reading | Bulk, table: type[SQLModel]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT into `table` that takes `.on_conflict_do_nothing()`, `.on_conflict_do_update()` and `.returning()`."""
    return into(tx.dialect, table)


def into(dialect: str, table: type[SQLModel]) -> sqlite.Insert | postgresql.Insert:
    """The same, for a statement that is kept."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
