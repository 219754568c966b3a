"""What a delivery costs the database does not grow with its post: no statement on its way reads a whole table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlmodel import col, update

from store import (
    expansion,
    held,
    ladder,
    memberships,
    nesting,
    outbox,
    pending,
    posts,
    queue,
    reports,
    retention,
    skipping,
    tallies,
    turns,
    vitals,
    workers,
)
from store.engine import Bulk, Database
from store.hours import Hours
from store.schema.delivery import Delivery
from store.terms import Action, Decision, Standing
from tests.store.offices import SYSTEM
from tests.store.test_queue import OK, make_post, relay

MANY = 20_000
LARGE = ("delivery", "post", "placement", "notice", "request")


@dataclass
class Listener:
    """Every statement a database ran, once, with its parameters."""

    statements: dict[str, Any] = field(default_factory=dict)

    def heard(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            self.statements.setdefault(statement, parameters[0] if many else parameters)


@pytest.fixture
def listener(database: Database) -> Listener:
    listening = Listener()
    for engine in (database.engine.sync_engine, database._bulk_engine):
        event.listen(engine, "before_cursor_execute", listening.heard)
    return listening


def rows(bulk: Bulk, table: str, columns: dict[str, str]) -> None:
    """Many rows of a table; each column's value is an expression of `x`, 1 to MANY."""
    numbers = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < :many) SELECT x FROM n"
    insert = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} FROM ({numbers}) q"
    bulk.connection.execute(text(insert), {"many": MANY})


async def crowd(database: Database) -> int:
    """A post with many deliveries, among many posts, notices and requests that are over; gives its id."""
    lane_id = await relay(database)
    post_id = await database.bulk(lambda bulk: make_post(bulk, 3))
    moment = "'2026-03-02 08:00:00.000000'" if database.dialect == "sqlite" else "timestamptz '2026-03-02 08:00:00+00'"

    def fill(bulk: Bulk) -> None:
        rows(bulk, "delivery", {
            "post_id": str(post_id), "membership_id": "1000 + x", "address": "'c' || x || '@x.example'",
            "lane_id": str(lane_id), "state": "'queued'", "created_at": moment, "due_at": moment, "attempts": "0",
            "enhanced": "''", "reply": "''", "repeated": "FALSE",
        })  # fmt: skip
        rows(bulk, "notice", {
            "kind": "'report'", "key": "'x:' || x", "subject_id": "x", "arguments": "'{}'", "version": "1",
            "created_at": moment,
        })  # fmt: skip
        rows(bulk, "placement", {
            "notice_id": "(SELECT min(id) FROM notice) + x - 1", "target": "'C1'", "state": "'waiting'", "wanted": "1",
            "shown": "1", "due_at": moment, "attempts": "0", "uncertain": "FALSE", "error": "''",
        })  # fmt: skip
        rows(bulk, "request", {
            "group_id": "1", "kind": "'join'", "address": "'r' || x", "key": "'r' || x", "note": "''",
            "state": "'denied'", "created_at": moment, "decision_reason": "''",
        })  # fmt: skip
        bulk.connection.execute(text("UPDATE post SET expanded_at = accepted_at"))
        rows(bulk, "message", {"size": "1", "digest": "'d' || x", "created_at": moment})
        own = {"id", "done_at", "state", "message_id"}
        names = [one["name"] for one in columns_of(bulk, "post") if one["name"] not in own]
        messages = "SELECT id FROM message WHERE raw IS NULL"
        done = f"SELECT {', '.join(names)}, 'accepted', {moment}, many.id FROM post, ({messages}) many"
        bulk.connection.execute(text(f"INSERT INTO post ({', '.join(names)}, state, done_at, message_id) {done}"))
        tallies.add(bulk, tallies.NOBODY, [(post_id, tallies.EXPANDED, MANY)])
        turns.give(bulk, [(lane_id, post_id)], bulk.now)

    await database.bulk(fill)
    async with database.engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.exec_driver_sql("ANALYZE")
    return post_id


def columns_of(bulk: Bulk, table: str) -> Any:
    from sqlalchemy import inspect

    return inspect(bulk.connection).get_columns(table)


async def scans(database: Database, listener: Listener, tables: Sequence[str] = LARGE) -> list[str]:
    """Which of the statements read one of the tables, all large, from end to end, with the table."""
    found = []
    statements = dict(listener.statements)
    explain = "EXPLAIN QUERY PLAN " if database.dialect == "sqlite" else "EXPLAIN "
    whole: Callable[[str, str], bool] = (
        (lambda line, table: line.startswith(f"SCAN {table}") and "USING" not in line)
        if database.dialect == "sqlite"
        else (lambda line, table: f"Seq Scan on {table}" in line)
    )
    async with database.engine.connect() as connection:
        for statement, parameters in statements.items():
            plan = [str(row[-1]) for row in (await connection.exec_driver_sql(explain + statement, parameters)).all()]
            found += [f"{table}: {statement}" for table in tables if any(whole(line, table) for line in plan)]
    return found


async def test_no_statement_of_a_workers_turn_reads_a_whole_table(database: Database, listener: Listener) -> None:
    post_id = await crowd(database)
    listener.statements.clear()
    life = await workers.begin(database, "mailbridge")

    def turn(bulk: Bulk, mine: tuple[queue.Claim, ...]) -> tuple[queue.Claim, ...]:
        assert queue.settle(bulk, life.id, [queue.Result(one, OK) for one in mine])
        for waiting in expansion.pending(bulk):
            expansion.expand(bulk, waiting, by_domain=False)
        [(lane_id, _)] = queue.lanes_due(bulk, 10).lanes
        claims = queue.claim(bulk, life.id, lane_id, 100).claims
        queue.next_due(bulk)
        queue.finish(bulk)
        return claims

    claims = await database.bulk(lambda bulk: turn(bulk, ()))
    claims = await database.bulk(lambda bulk: turn(bulk, claims))
    assert len(claims) == 100
    async with database.writing() as tx:
        assert await skipping.skip(tx, [5000]) == 1
        await outbox.claim(tx, life.id, 6)
        await memberships.stop(tx, 1, SYSTEM)
    await database.bulk(lambda bulk: workers.end(bulk, life.id))
    life.end()
    async with database.reading() as look:
        await posts.to_rejudge(look)
        await pending.count(look, [1, 2])
        await pending.page(look, [1, 2], 0, 10)
        await reports.report(look, post_id)
        await reports.failures(look, post_id)
        await vitals.read(look)
        await held.without_room(look, "a@x.example", authenticated=False, standings=[(1, Standing.STRANGER)])
        await held.expired(look, 10)
        await ladder.to_remind(look)
        await ladder.named(look, 1, 1)
    async with database.writing() as tx:
        await ladder.remind(tx, 1, Hours.parse("always"))
        await retention.empty(tx, timedelta(days=30))
    assert any("delivery" in statement for statement in listener.statements)
    assert await scans(database, listener) == []


async def test_leaving_out_who_has_a_copy_reads_no_whole_table(database: Database, listener: Listener) -> None:
    """A second post of one message, whose contacts are the first one's, to a group that holds groups."""
    first = await crowd(database)
    group_id = await database.bulk(lambda bulk: second_group(bulk, first))
    async with database.engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.exec_driver_sql("ANALYZE")
    listener.statements.clear()
    message = posts.NewMessage(b"x", "p2", author="c7@x.example", authenticated=True, addressed=("c8@x.example",))
    wanted = posts.Submission(group_id, Standing.MEMBER, Decision(Action.ACCEPT), "same")
    async with database.writing() as tx:
        [second] = (await posts.submit(tx, message, [wanted])).posts
        for post_id in await nesting.waiting(tx):
            await nesting.begin(tx, post_id)
    made = await database.bulk(lambda bulk: expansion.expand(bulk, second.id or 0, by_domain=False))
    assert made.rows == expansion.FIRST_CHUNK
    async with database.writing() as tx:
        row = await memberships.find(tx, 1, key="c9@x.example")
        assert row is not None
        await tx.exec(update(Delivery).where(col(Delivery.key) == "c9@x.example").values(membership_id=row.id))
        del listener.statements[list(listener.statements)[-1]]  # the test's own
        assert await skipping.skip(tx, [row.id or 0]) == 1
    async with database.reading() as look:
        counts = await tallies.of_post(look, second.id or 0)
        await reports.report(look, second.id or 0)
    assert counts == {tallies.EXPANDED: expansion.FIRST_CHUNK, "elsewhere": expansion.FIRST_CHUNK - 1}
    assert await scans(database, listener, (*LARGE, "membership")) == []


def second_group(bulk: Bulk, first: int) -> int:
    """A group with the addresses of the first post's deliveries as contacts, those put into a family; gives its id."""
    families = "INSERT INTO family (id, digest, accepted, created_at) SELECT 1, 'same', 1, accepted_at FROM post "
    bulk.connection.execute(text(families + "WHERE id = :post"), {"post": first})
    ranked = "UPDATE post SET family_id = 1, rank = 1, fingerprint = 'same' WHERE id = :post"
    bulk.connection.execute(text(ranked), {"post": first})
    bulk.connection.execute(text("UPDATE delivery SET key = address WHERE post_id = :post"), {"post": first})
    names = [one["name"] for one in columns_of(bulk, "group") if one["name"] not in {"id", "address"}]
    copied = f"SELECT {', '.join(names)}, 'second@x.example' FROM \"group\" WHERE id = 1"
    bulk.connection.execute(text(f'INSERT INTO "group" ({", ".join(names)}, address) {copied}'))
    group_id: int = bulk.connection.execute(text('SELECT max(id) FROM "group"')).scalar_one()
    moment = "'2026-03-02 08:00:00.000000'" if bulk.dialect == "sqlite" else "timestamptz '2026-03-02 08:00:00+00'"
    for group in (1, group_id):
        address = "'c' || x || '@x.example'"
        rows(bulk, "membership", {
            "group_id": str(group), "address": address, "key": address, "domain": "'x.example'", "contact": "TRUE",
            "name": "''", "moderator": "FALSE", "administrator": "FALSE", "receiving": "'on'", "created_at": moment,
        })  # fmt: skip
    return group_id


async def test_a_statement_that_reads_all_is_seen(database: Database, listener: Listener) -> None:
    await crowd(database)
    listener.statements.clear()
    async with database.reading() as tx:
        await (await tx.connection()).execute(text("SELECT id FROM delivery WHERE address = 'x'"))
    assert len(await scans(database, listener)) == 1
