"""What is written of the groups: the same again where it is imported, without who stopped their mail."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from sqlmodel import col, select, update

from store import ending
from store.engine import Database
from store.exchange.exporting import Exported, export_groups
from store.names import RESTORABLE
from store.schema.group import Group
from store.schema.membership import Membership
from store.terms import Actor, Leave, Receiving
from tests.store.named import named
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
