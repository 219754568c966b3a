"""Columns: where something about a person can stand, read from the schema itself, so that no table is forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from sqlalchemy import JSON, Column, Enum, String, Table, TypeDecorator, UniqueConstraint
from sqlmodel import SQLModel

import store.schema  # noqa: F401 - registers the tables

# Not looked through like the others: the audit loses texts by its own rules (`store.chain`), and marks name nobody.
APART: Final = frozenset({"audit", "audit_head", "forgotten"})
# Settings of a group are its administrators' words: named to who erases, never changed by it.
GROUPS: Final = frozenset({"group", "name"})
# Rows that are about one person when this column is theirs: they go as a whole.
THEIRS: Final[Mapping[str, tuple[str, ...]]] = {
    "person": ("slack_id", "email"),
    "membership": ("key",),
    "password": ("address",),
    "letter": ("address",),
    "incident": ("address",),
    "checkup": ("probe",),
}
# A name in a row that is somebody else's is theirs, too.
NAMES: Final = frozenset({"person.name", "membership.name", "post.author_name", "password.label"})
# Kept to check somebody, never shown to anybody.
SECRET: Final = frozenset({"password.digest", "password.selector"})


def tables() -> list[Table]:
    """The tables to look through, those that refer to others first."""
    return [table for table in reversed(SQLModel.metadata.sorted_tables) if table.name not in APART]


def texts(table: Table) -> list[Column[Any]]:
    """Columns of free text: neither choices nor JSON."""
    return [one for one in table.columns if isinstance(_kind(one), String) and not isinstance(_kind(one), Enum)]


def documents(table: Table) -> list[Column[Any]]:
    """Columns of JSON."""
    return [one for one in table.columns if isinstance(_kind(one), JSON)]


def people(table: Table) -> list[Column[Any]]:
    """Columns that refer to a person's row."""
    return [one for one in table.columns if any(key.column.table.name == "person" for key in one.foreign_keys)]


@cache
def owners(table: Table) -> frozenset[str]:
    """The columns whose value makes the row theirs: those named, and those of a key, which cannot be emptied."""
    return frozenset(THEIRS.get(table.name, ())) | frozenset(_keyed(table))


def _kind(column: Column[Any]) -> Any:
    return column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type


def _keyed(table: Table) -> Iterator[str]:
    named = {one.name for one in texts(table)}
    for constraint in (table.primary_key, *table.constraints):
        if constraint is table.primary_key or isinstance(constraint, UniqueConstraint):
            yield from (one.name for one in constraint.columns if one.name in named)
    for one in table.columns:
        if one.unique and one.name in named:
            yield one.name
