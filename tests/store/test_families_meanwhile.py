"""What happens to the posts of a family meanwhile: one is released, its group is deleted, its message grows old."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from store import ending, expansion, families, memberships, nesting, posts, retention, roster
from store.engine import Bulk, Database
from tests.conftest import Clock
from tests.store.offices import SYSTEM, contact, group, person
from tests.store.test_families import HOLD, expand, leave, live, pair, relay, submit


async def test_what_is_still_to_be_passed_on_keeps_its_message(database: Database, clock: Clock) -> None:
    """A post held for long whose contacts are all groups is done as soon as it is released."""
    ada = await person(database, "ada")
    outer = await group(database, ada, "outer")
    inner = await group(database, ada, "inner")
    async with database.writing() as tx:
        await memberships.enrol(tx, outer, [contact("inner@groups.example.org")], contact=True, actor=SYSTEM)
    [post_id] = await submit(database, outer, decision=HOLD)
    clock.advance(timedelta(days=6).total_seconds())
    async with database.writing() as tx:
        await posts.release(tx, post_id, SYSTEM)
    await expand(database)
    async with database.writing() as tx:
        post = await posts.get(tx, post_id)
        assert post is not None
        assert (post.done_at, post.nested) == (clock.now, [inner])
        assert await retention.empty(tx, timedelta(days=1)) == 0
        await nesting.finish(tx, post_id)
    clock.advance(timedelta(days=2).total_seconds())  # its time begins with its end
    async with database.writing() as tx:
        assert await retention.empty(tx, timedelta(days=1)) == 1


async def test_a_deleted_group_takes_nobody_over(database: Database) -> None:
    one, two = await pair(database)
    await submit(database, one)
    [second] = await submit(database, two)
    await expand(database)
    await relay(database, second, ["b@m.example"])
    async with database.writing() as tx:
        done = await posts.get(tx, second)
        assert done is not None
        assert done.done_at is not None
        await ending.delete(tx, two, SYSTEM)
    await leave(database, one, "c@m.example")
    assert await live(database, second) == ["b@m.example"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer
async def test_what_comes_again_while_it_is_released_does_not_lock_up(database: Database, clock: Clock) -> None:
    """Who releases has the post and waits for the family; who brings the message again has the family."""
    one, two = await pair(database)
    async with database.writing() as tx:
        family = await families.join(tx, "same")
    clock.advance(1)
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks, contextlib.AsyncExitStack() as others:
        async with database.writing() as leaver:
            await roster.lock(leaver, one)
            again = tasks.create_task(submit(database, one, two))  # has looked for repeats, and waits for the roster
            await waiting(database, 1)
            [held] = await submit(database, two, decision=HOLD)
            await families.lock(await others.enter_async_context(database.writing()), family.id)
        await waiting(database, 1)
        releasing = tasks.create_task(release(database, held))
        await waiting(database, 2)
    assert len(again.result()) == 1
    assert releasing.result()


async def release(database: Database, post_id: int) -> bool:
    async with database.writing() as tx:
        return (await posts.release(tx, post_id, SYSTEM)).won


async def waiting(database: Database, count: int) -> None:
    """Until so many transactions wait for a lock, as PostgreSQL tells."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    found = 0
    while found < count:
        async with database.reading() as tx:
            found = (await (await tx.connection()).exec_driver_sql(asked)).scalar_one()
        await asyncio.sleep(0.01)


async def test_who_has_a_copy_is_looked_up_by_address_in_a_post_just_made(database: Database) -> None:
    """Before the database has statistics of it: else each address costs a walk through the whole earlier post."""
    ada = await person(database, "ada")
    crowd = tuple(contact(f"c{n:04}@m.example") for n in range(1000))
    first, second = [await group(database, ada, name, contacts=crowd) for name in ("one", "two")]
    await submit(database, first)
    await expand(database)
    [post_id] = await submit(database, second)
    asked: list[tuple[str, Any]] = []

    def heard(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith("SELECT") and "FROM delivery" in statement and "FROM membership" in statement:
            asked.append((statement, parameters))

    event.listen(database._bulk_engine, "before_cursor_execute", heard)
    await database.bulk(lambda bulk: expansion.expand(bulk, post_id, by_domain=False))
    event.remove(database._bulk_engine, "before_cursor_execute", heard)
    [(statement, parameters)] = asked
    explain, word, key = (
        ("EXPLAIN QUERY PLAN ", "SEARCH", "key=?")
        if database.dialect == "sqlite"
        else ("EXPLAIN ", "Index Cond", "(key)::text =")
    )

    def plan(bulk: Bulk) -> list[str]:
        return [str(row[-1]) for row in bulk.connection.exec_driver_sql(explain + statement, parameters)]

    found = [line for line in await database.bulk(plan) if word in line and "post_id" in line]
    # The few that are claimed have an index of their own.
    assert len(found) >= len(families.COVERED) - 1
    assert [line for line in found if key not in line or "state" not in line] == []
