"""The schema: made by migrations alone, the same on both engines, and refused where it is not ours."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import alembic.command
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Enum, inspect, text
from sqlalchemy.engine import make_url
from sqlmodel import SQLModel, col, select

from store import migrate
from store.engine import Database
from store.schema.membership import Membership
from store.schema.post import Post
from store.terms import GroupKind, GroupPolicy
from tests.mailbridge.intake.room import add_group
from tests.postgres import Server
from tests.store.test_queue import make_post


def test_the_migrations_make_what_the_tables_say(database_url: str) -> None:
    assert migrate.drift(database_url) == []


def test_the_drift_is_seen(database_url: str) -> None:
    with migrate.connected(make_url(database_url)) as connection, connection.begin():
        connection.execute(text("ALTER TABLE chore ADD COLUMN strange INTEGER"))
    assert migrate.drift(database_url) != []


def test_every_enum_column_has_its_check(database_url: str) -> None:
    with migrate.connected(make_url(database_url)) as connection:
        seen = inspect(connection)
        for table in SQLModel.metadata.tables.values():
            named = {constraint["name"] for constraint in seen.get_check_constraints(table.name)}
            kinds = [column.type for column in table.columns if isinstance(column.type, Enum)]
            wanted = {kind.name for kind in kinds if kind.create_constraint}
            assert wanted <= named, table.name


def test_no_migration_lets_sqlite_use_an_id_twice(tmp_path: Path) -> None:
    """A table that batch mode makes anew comes out without AUTOINCREMENT, on which a high-water mark rests."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'new.db'}"
    migrate.ready(url)
    with migrate.connected(make_url(url)) as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")).all()
    made: dict[str, str] = {row.name: row.sql for row in rows}
    for table in SQLModel.metadata.tables.values():
        assert ("AUTOINCREMENT" in made[table.name]) == table.dialect_options["sqlite"]["autoincrement"], table.name


def test_the_last_migrations_can_be_undone_and_done_again(database_url: str) -> None:
    with migrate.connected(make_url(database_url)) as connection:
        alembic.command.downgrade(migrate.config(connection), "0001")
    with pytest.raises(migrate.SchemaBehind):
        migrate.check(database_url)
    migrate.upgrade(database_url)
    assert migrate.drift(database_url) == []


async def test_posts_that_go_out_are_left_in_the_words_of_the_older_version(database_url: str) -> None:
    database = await Database.open(database_url)
    try:
        post_id = await database.bulk(lambda bulk: make_post(bulk, 1))
        async with database.writing() as tx:
            post = await tx.get_one(Post, post_id)
            post.policy = GroupPolicy(1, GroupKind.GROUP, "a@b.example", "a@b.example", "A", footer="Hello").as_json()
            tx.add(post)
    finally:
        await database.close()
    with migrate.connected(make_url(database_url)) as connection:
        alembic.command.downgrade(migrate.config(connection), "0006")
    with migrate.connected(make_url(database_url)) as connection:
        found = connection.execute(text("SELECT policy FROM post")).scalar_one()
    kept = json.loads(found) if isinstance(found, str) else found
    assert kept["address"] == "a@b.example"
    assert not {"subject_tag", "footer", "reply_to"} & kept.keys()
    assert GroupPolicy.from_json(kept | {"of_a_later_version": 1}).footer is None


def test_ready_brings_sqlite_up_to_date(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'new.db'}"
    with pytest.raises(migrate.SchemaBehind, match="run python -m store upgrade"):
        migrate.check(url)
    migrate.ready(url)
    migrate.check(url)


def test_ready_refuses_an_old_postgresql_and_changes_nothing(postgres_server: Server) -> None:
    name = postgres_server.create_empty("bare")
    url = postgres_server.url(name)
    try:
        with pytest.raises(migrate.SchemaBehind, match="run python -m store upgrade"):
            migrate.ready(url)
        with migrate.connected(make_url(url)) as connection:
            assert inspect(connection).get_table_names() == []
        migrate.upgrade(url)
        migrate.ready(url)
    finally:
        postgres_server.drop(name)


def test_a_newer_schema_is_refused(database_url: str) -> None:
    with migrate.connected(make_url(database_url)) as connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for step in (migrate.check, migrate.ready, migrate.upgrade):
        with pytest.raises(migrate.SchemaBehind, match="newer Postroom"):
            step(database_url)


def test_processes_that_upgrade_at_once_wait_for_each_other(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'new.db'}"
    context = multiprocessing.get_context("spawn")
    with context.Pool(3) as pool:
        pool.map(migrate.ready, [url] * 3)
    migrate.check(url)


def test_rows_of_the_first_schema_stay_when_kinds_are_added(tmp_path: Path, postgres_server: Server) -> None:
    """SQLite makes such a table anew: nothing in it, or referring to it, may go with the old one."""
    name = postgres_server.create_empty("first")
    try:
        for url in (f"sqlite+aiosqlite:///{tmp_path / 'first.db'}", postgres_server.url(name)):
            with migrate.connected(make_url(url)) as connection:
                alembic.command.upgrade(migrate.config(connection), "0001")
                connection.commit()
            with migrate.connected(make_url(url)) as connection, connection.begin():
                connection.execute(text(
                    "INSERT INTO notice (id, kind, key, subject_id, arguments, version, created_at) "
                    "VALUES (7, 'report', 'report:1', 1, '{}', 1, '2026-03-02 09:00:00')"
                ))  # fmt: skip
                connection.execute(text(
                    "INSERT INTO placement (id, notice_id, target, wanted, shown, due_at, attempts, uncertain, error) "
                    "VALUES (3, 7, 'C1', 1, 0, '2026-03-02 09:00:00', 0, false, '')"
                ))  # fmt: skip
                connection.execute(text(
                    "INSERT INTO letter (id, kind, address, language, arguments, in_reply_to, created_at) "
                    "VALUES (5, 'test', 'a@b.example', 'en', '{}', '', '2026-03-02 09:00:00')"
                ))  # fmt: skip
            migrate.upgrade(url)
            assert migrate.drift(url) == []
            with migrate.connected(make_url(url)) as connection, connection.begin():
                kept = "SELECT notice.id, placement.id FROM notice JOIN placement ON notice_id = notice.id"
                assert [tuple(row) for row in connection.execute(text(kept))] == [(7, 3)]
                # A kind that a later version adds needs no new table.
                connection.execute(text("UPDATE letter SET kind = 'of_a_later_version' WHERE id = 5"))
    finally:
        postgres_server.drop(name)


async def test_keys_are_written_anew_where_case_made_one_address_of_two(database: Database) -> None:
    address, folded, lowered = "\N{KELVIN SIGN}.A@example.org", "\N{KELVIN SIGN}.a@example.org", "k.a@example.org"
    group_id = await add_group(database, "dev")
    async with database.writing() as tx:
        rows = [
            Membership(group_id=group_id, address=one, key=key, domain="example.org", contact=True, created_at=tx.now)
            for one, key in ((address, folded), ("B@example.org", "b@example.org"))
        ]
        tx.add_all(rows)

    def step(connection: Connection, name: str) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            script = ScriptDirectory.from_config(migrate.config(connection))
            revision = script.get_revision("0005")
            getattr(revision.module, name)()

    for name, key in (("downgrade", lowered), ("upgrade", folded), ("upgrade", folded)):
        async with database.writing() as tx:
            await (await tx.connection()).run_sync(step, name)
        async with database.reading() as look:
            found = (await look.exec(select(Membership.key).order_by(col(Membership.id)))).all()
        assert list(found) == [key, "b@example.org"]
