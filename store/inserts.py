"""INSERT … ON CONFLICT in the words of the engine at hand: uniqueness stays the database's own, without an aborted
transaction when it strikes."""

from __future__ import annotations

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from store.engine import Bulk, Reading


def insert(tx: Reading | Bulk, table: type[SQLModel]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT into `table` that takes `.on_conflict_do_nothing()`, `.on_conflict_do_update()` and `.returning()`."""
    if tx.dialect == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
