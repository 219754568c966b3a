"""Column shapes the tables share: ids, moments, enums stored by value, JSON."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Enum, ForeignKey, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import UTCDateTime

# 64 bits on PostgreSQL; SQLite's INTEGER PRIMARY KEY is 64 bits already, and autoincrements only under that name.
ID = BigInteger().with_variant(Integer, "sqlite")
# None is SQL's NULL: JSON's own null would be a value, which IS NULL does not find.
DOCUMENT = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def key() -> Column[Any]:
    """The primary key: a number that is never used twice (a high-water mark rests on that)."""
    return Column(ID, primary_key=True, autoincrement=True)


def reference(target: str, *, nullable: bool = False, ondelete: str | None = None, index: bool = False) -> Column[Any]:
    """A foreign key to `table.column`."""
    return Column(ID, ForeignKey(target, ondelete=ondelete), nullable=nullable, index=index)


def moment(*, nullable: bool = False) -> Column[Any]:
    """A point in time, aware, in UTC."""
    return Column(UTCDateTime(), nullable=nullable)


def document(*, nullable: bool = False) -> Column[Any]:
    """A JSON value."""
    return Column(DOCUMENT, nullable=nullable)


def choice(kind: type[StrEnum], name: str, *, nullable: bool = False, grows: bool = False) -> Column[Any]:
    """An enum stored as its value with a CHECK: native enums are painful to migrate.

    `grows` leaves the CHECK away: where versions add values, each would have to make the table anew on SQLite.
    """
    return Column(
        Enum(
            kind,
            native_enum=False,
            create_constraint=not grows,
            length=32,
            name=name,
            values_callable=lambda members: [member.value for member in members],
        ),
        nullable=nullable,
    )
