"""Traces: the rows in which something of a person stands, table by table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, Text, cast, func, literal, or_, select

from store.engine import Reading
from store.privacy import columns
from store.privacy.identity import Identity


async def rows(
    tx: Reading, table: Table, identity: Identity, *, names: bool, without: Sequence[str] = ("raw",)
) -> list[dict[str, Any]]:
    """The rows of a table that refer to the person, or in whose texts an address or Slack id of theirs stands; with
    `names`, a full name too. Every column but those `without`."""
    wanted = [one for one in table.columns if one.name not in without]
    query = select(*wanted).where(_candidates(table, identity, names=names)).order_by(*table.primary_key.columns)
    found = (await (await tx.connection()).execute(query)).mappings().all()
    return [dict(row) for row in found if refers(table, row, identity) or _mentions(table, row, identity, names=names)]


def refers(table: Table, row: Any, identity: Identity) -> bool:
    """Whether a row refers to the person's own row, or is it."""
    if table.name == "person":
        return row["id"] in identity.person_ids
    return any(row[one.name] in identity.person_ids for one in columns.people(table))


def theirs(table: Table, row: Any, identity: Identity) -> bool:
    """Whether a row is about the person alone: it goes as a whole."""
    if table.name == "person":
        return row["id"] in identity.person_ids
    if any(row[one.name] in identity.person_ids for one in columns.people(table) if not one.nullable):
        return True
    if table.name == "membership" and row["person_id"] in identity.person_ids:
        return True
    return any(identity.whole(str(row[name])) for name in columns.owners(table) if row[name])


def _candidates(table: Table, identity: Identity, *, names: bool) -> ColumnElement[bool]:
    """What the database can tell: LIKE knows no borders of words, so some of these are none."""
    conditions: list[ColumnElement[bool]] = [one.in_(identity.person_ids) for one in columns.people(table)]
    if table.name == "person":
        conditions.append(table.c.id.in_(identity.person_ids))
    for one in columns.texts(table):
        named = names and f"{table.name}.{one.name}" not in columns.NAMES
        conditions += [_holds(one, word) for word in _words(identity, names=named)]
    for one in columns.documents(table):
        for word in _words(identity, names=names):
            conditions += [_holds(cast(one, Text), form) for form in {word, json.dumps(word)[1:-1]}]
    return or_(literal(value=False), *conditions)


def _words(identity: Identity, *, names: bool) -> Iterator[str]:
    yield from sorted(identity.keys | identity.slack_ids)
    if names:
        yield from sorted(identity.names)


def _holds(column: ColumnElement[Any], word: str) -> ColumnElement[bool]:
    return or_(func.lower(column).contains(word.lower(), autoescape=True), column.contains(word, autoescape=True))


def _mentions(table: Table, row: Any, identity: Identity, *, names: bool) -> bool:
    for one in columns.texts(table):
        named = names and f"{table.name}.{one.name}" not in columns.NAMES
        if row.get(one.name) and (identity.words if named else identity.marks).search(row[one.name]):
            return True
    pattern = identity.words if names else identity.marks
    return any(pattern.search(text) for one in columns.documents(table) for text in _texts(row.get(one.name)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
