"""The audit's chain: whatever is done to a sealed row shows, and the database refuses what it can."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from store import audit, chain, sealing
from store.engine import Database
from store.schema.audit import Audit
from store.terms import Actor

ADA = Actor("0123456789abcdef0123456789abcdef")
TRIGGERS = {
    "sqlite": ("DROP TRIGGER audit_insert", "DROP TRIGGER audit_update", "DROP TRIGGER audit_delete",
               "DROP TRIGGER audit_head_update"),
    "postgresql": ("ALTER TABLE audit DISABLE TRIGGER ALL", "ALTER TABLE audit_head DISABLE TRIGGER ALL"),
}  # fmt: skip


async def chained(database: Database, n: int = 5) -> None:
    async with database.writing() as tx:
        for number in range(n):
            details = {
                "before": {"footer": f"old {number}"},
                "after": {"footer": "new"},
                "count": number,
                "ids": [1, 2],
            }
            await audit.record(tx, "group.changed", ADA, subject=f"post:{number}", details=details)
    assert await sealing.seal(database) == n


async def verdict(database: Database, anchor: tuple[int, str] | None = None) -> sealing.Verdict:
    async with database.reading() as tx:
        return await sealing.verify(tx, anchor)


async def execute(database: Database, *statements: str) -> None:
    async with database.writing() as tx:
        connection = await tx.connection()
        for statement in statements:
            await connection.execute(text(statement))


async def test_rows_are_chained_in_places_without_a_gap(database: Database) -> None:
    await chained(database)
    first = await verdict(database)
    assert (first.count, first.unsealed, first.erased, first.fault) == (5, 0, 0, None)
    assert re.fullmatch("[0-9a-f]{64}", first.head)
    async with database.writing() as tx:
        await audit.record(tx, "group.tested", ADA)
    assert (await verdict(database)).unsealed == 1
    assert await sealing.seal(database) == 1
    assert await sealing.seal(database) == 0
    assert (await verdict(database, (5, first.head))).fault is None
    found = await verdict(database, (5, "f" * 64))
    assert found.fault is not None
    assert (found.fault.kind, found.fault.seal) == ("anchor", 5)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_commits_late_gets_the_next_place(database_url: str) -> None:
    """On PostgreSQL a row may have a lower id than one that is sealed already; SQLite has one writer at a time."""
    database = await Database.open(database_url)
    try:
        async with database.writing() as slow:
            await audit.record(slow, "group.created", ADA)
            await chained(database, 2)
        assert await sealing.seal(database) == 1
        async with database.reading() as tx:
            rows = (await tx.exec(select(Audit.id, Audit.seal).order_by(col(Audit.seal)))).all()
        assert [row[0] for row in rows] == [2, 3, 1]
        assert (await verdict(database)).fault is None
    finally:
        await database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'mail' WHERE seal = 2",
        "UPDATE audit SET details = '{}' WHERE seal = 2",
        "UPDATE audit SET hash = '' WHERE seal = 2",
        "DELETE FROM audit WHERE seal = 2",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET count = 1",
        "INSERT INTO audit (at, actor, as_operator, verb, subject, details, seal) "
        "SELECT at, actor, as_operator, verb, subject, details, 9 FROM audit WHERE seal = 2",
    ],
)
async def test_the_database_refuses_to_change_the_past(sqlite_database: Database, statement: str) -> None:
    await chained(sqlite_database)
    with pytest.raises(DBAPIError, match="append-only"):
        await execute(sqlite_database, statement)
    assert (await verdict(sqlite_database)).fault is None


async def test_both_engines_refuse_alike(database: Database) -> None:
    await chained(database, 2)
    async with database.writing() as tx:
        await audit.record(tx, "group.tested", ADA)
    refused = [
        "UPDATE audit SET verb = 'x' WHERE seal = 2",
        "UPDATE audit SET verb = 'x' WHERE seal IS NULL",
        "UPDATE audit SET seal = NULL WHERE seal = 2",
        "DELETE FROM audit WHERE seal IS NULL",
        "UPDATE audit_head SET count = 1",
        "DELETE FROM audit_head",
    ]
    if database.dialect == "postgresql":
        refused += ["TRUNCATE audit", "TRUNCATE audit_head"]
    for statement in refused:
        with pytest.raises(DBAPIError, match="append-only"):
            await execute(database, statement)


TAMPERED: dict[str, tuple[tuple[str, ...], str, int]] = {
    "edited": (("UPDATE audit SET verb = 'group.deleted' WHERE seal = 3",), "altered", 3),
    "edited in its details": (
        ("""UPDATE audit SET details = '{"before": {"footer": "x"}, "after": {"footer": "new"}, "count": 2,
            "ids": [1, 2]}' WHERE seal = 3""",), "altered", 3),
    "backdated": (("UPDATE audit SET at = '2020-01-01 00:00:00' WHERE seal = 3",), "altered", 3),
    "deleted": (("DELETE FROM audit WHERE seal = 3",), "missing", 3),
    "deleted and closed up": (
        ("DELETE FROM audit WHERE seal = 3", "UPDATE audit SET seal = 3 WHERE seal = 4",
         "UPDATE audit SET seal = 4 WHERE seal = 5"), "altered", 3),
    "cut at its end": (("DELETE FROM audit WHERE seal = 5",), "cut", 5),
    "inserted": (
        ("UPDATE audit SET seal = 6 WHERE seal = 5", "UPDATE audit SET seal = 5 WHERE seal = 4",
         "INSERT INTO audit (at, actor, as_operator, verb, subject, details, seal, hash) "
         "SELECT at, actor, as_operator, verb, subject, details, 4, hash FROM audit WHERE seal = 3"), "altered", 4),
    "added at its end": (
        ("INSERT INTO audit (at, actor, as_operator, verb, subject, details, seal, hash) "
         "SELECT at, actor, as_operator, verb, subject, details, 6, hash FROM audit WHERE seal = 5",), "added", 6),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
async def test_who_gets_past_the_database_is_seen(sqlite_database: Database, name: str) -> None:
    statements, kind, place = TAMPERED[name]
    await chained(sqlite_database)
    await execute(sqlite_database, *TRIGGERS["sqlite"], *statements)
    found = (await verdict(sqlite_database)).fault
    assert found is not None
    assert (found.kind, found.seal) == (kind, place)


async def test_postgresql_sees_it_as_well(database: Database) -> None:
    await chained(database)
    await execute(database, *TRIGGERS[database.dialect], "UPDATE audit SET subject = 'post:9' WHERE seal = 4")
    found = (await verdict(database)).fault
    assert found is not None
    assert (found.kind, found.seal) == ("altered", 4)


async def test_an_end_cut_with_its_head_shows_by_a_head_kept_elsewhere(sqlite_database: Database) -> None:
    await chained(sqlite_database)
    noted = await verdict(sqlite_database)
    await execute(
        sqlite_database,
        *TRIGGERS["sqlite"],
        "DELETE FROM audit WHERE seal > 3",
        "UPDATE audit_head SET count = 3, hash = (SELECT hash FROM audit WHERE seal = 3)",
    )
    assert (await verdict(sqlite_database)).fault is None
    found = (await verdict(sqlite_database, (noted.count, noted.head))).fault
    assert found is not None
    assert (found.kind, found.seal) == ("cut", 4)


def test_a_text_can_be_erased_and_the_link_holds() -> None:
    details = {"a/b": ["Ada", {"c": "kept"}], "n": 3, "erased": "Ada", "none": None, "d": {"erased": "Ada"}}
    salts = chain.salted(details, iter(f"salt{n}" for n in range(9)).__next__)
    assert salts == {"/a~1b/0": "salt0", "/a~1b/1/c": "salt1", "/erased": "salt2", "/d/erased": "salt3"}
    before = chain.erased(details, salts)
    emptied, left = chain.erase(details, salts, lambda text: text == "Ada")
    assert "Ada" not in str(emptied)
    assert left == {"/a~1b/1/c": "salt1"}
    assert (before, chain.erased(emptied, left)) == (0, 3)
    assert chain._covered(emptied, left, "") == chain._covered(details, salts, "")
    assert chain._covered({**emptied, "n": 4}, left, "") != chain._covered(details, salts, "")
