"""What is written of the groups: the same again where it is imported, without who stopped their mail."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from sqlmodel import col, select, update

from store import ending
from store.engine import Database
from store.exchange.document import ImportRefused
from store.exchange.exporting import Exported, export_groups
from store.names import RESTORABLE
from store.schema.group import Group
from store.schema.membership import Membership
from store.terms import Actor, Leave, Receiving
from tests.store.named import named
from tests.store.offices import person
from tests.store.test_exchange import CSV, FILE, change_leave, leave, run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "dev.csv").write_text(CSV)
    path = tmp_path / "groups.yaml"
    path.write_text(FILE)
    return path


async def test_what_is_exported_imports_to_the_same(database: Database, file: Path, tmp_path: Path) -> None:
    await run(database, file)
    written = io.StringIO()
    async with database.reading() as tx:
        assert await export_groups(tx, written) == Exported(groups=1, stopped=0)
    again = tmp_path / "again.yaml"
    again.write_text(written.getvalue())
    assert (await run(database, again, prune=True))[-1] == "Nothing to change."
    async with database.writing() as tx:
        group = await named(tx, "dev@groups.example.org")
        assert group is not None
        assert group.id is not None
        await ending.delete(tx, group.id, Actor("system"))
        empty = io.StringIO()
        assert await export_groups(tx, empty) == Exported(groups=0, stopped=0)
        assert empty.getvalue() == "groups: []\n"
        long_ago = tx.now - RESTORABLE
        await tx.exec(update(Group).where(col(Group.id) == group.id).values(deleted_at=long_ago))
        await ending.erase_due(tx)
    await run(database, again)
    twice = io.StringIO()
    async with database.reading() as tx:
        await export_groups(tx, twice)
    assert twice.getvalue() == written.getvalue()


async def test_who_stopped_is_in_no_export_and_stays_on_the_roster(
    database: Database, file: Path, tmp_path: Path
) -> None:
    await run(database, file)
    await change_leave(database, Leave.CLOSED)
    await leave(database, "bob@example.com")
    written = io.StringIO()
    async with database.reading() as tx:
        assert await export_groups(tx, written) == Exported(groups=1, stopped=1)
    assert "bob@example.com" not in written.getvalue()
    again = tmp_path / "again.yaml"
    again.write_text(written.getvalue())
    assert (await run(database, again, prune=True))[-1] == "Nothing to change."
    async with database.reading() as tx:
        [row] = (await tx.exec(select(Membership).where(col(Membership.key) == "bob@example.com"))).all()
    assert (row.contact, row.receiving) == (True, Receiving.STOPPED)


async def test_bans_and_allowed_authors_come_along(database: Database, file: Path) -> None:
    await person(database, "ann", "ann@example.com")
    bans = '    bans: ["@spam.example", "*-news@*.example", Eve@x.example]\n'
    file.write_text(FILE + bans + "    allowed: [jo@x.example]\n")
    told = await run(database, file)
    assert "dev@groups.example.org: 3 bans are added: @spam.example, *-news@*.example, eve@x.example" in told
    assert "dev@groups.example.org: 1 author is always allowed: jo@x.example" in told
    written = io.StringIO()
    async with database.reading() as tx:
        await export_groups(tx, written)
    file.write_text(written.getvalue())
    assert await run(database, file, prune=True) == ["Nothing to change."]
    file.write_text(FILE)  # which says nothing of them
    assert await run(database, file, prune=True) == ["Nothing to change."]
    file.write_text(FILE + "    bans: [eve@x.example]\n    allowed: []\n")
    assert await run(database, file) == ["Nothing to change."]
    assert await run(database, file, prune=True) == [
        "dev@groups.example.org: 2 bans are taken back: *-news@*.example, @spam.example",
        "dev@groups.example.org: 1 author is not always allowed any more: jo@x.example",
    ]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("bans: ['*']", "groups.yaml:19: "),
        ("allowed: ['@x.example']", "groups.yaml:19: "),
        ("bans: ['*@*.example.com', U1]", "groups.yaml:19: U1 is not"),
        ("bans: [ann@example.com]", "ann@example.com"),  # who administers it
    ],
)
async def test_what_cannot_be_banned_or_allowed_is_named(
    sqlite_database: Database, file: Path, line: str, fault: str
) -> None:
    await person(sqlite_database, "ann", "ann@example.com")
    file.write_text(f"{FILE}    {line}\n")
    with pytest.raises(ImportRefused) as refused:
        await run(sqlite_database, file)
    assert fault in str(refused.value)
    async with sqlite_database.reading() as tx:
        assert await named(tx, "dev@groups.example.org") is None
