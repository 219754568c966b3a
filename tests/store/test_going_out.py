"""Rosters change while a post goes out: who leaves gets nothing more, who comes later gets nothing, and nobody two."""

from __future__ import annotations

import asyncio

import pytest
from sqlmodel import col, select

from store import ending, expansion, memberships, posts, queue, tallies, workers
from store.engine import Database
from store.schema.delivery import Delivery
from store.terms import Action, Decision, DeliveryState, Outcome, Reply, Stage, Standing
from tests.store.offices import SYSTEM, contact, group, person, row_of


async def post(database: Database, group_id: int) -> int:
    """An accepted post of the group."""
    message = posts.NewMessage(b"x", "p", author="x@x.example")
    submission = posts.Submission(group_id, Standing.MEMBER, Decision(Action.ACCEPT, (), ()), None)
    async with database.writing() as tx:
        [made] = (await posts.submit(tx, message, [submission])).posts
    assert made.id is not None
    return made.id


async def expand(database: Database, post_id: int) -> bool:
    """One chunk; whether that was the last."""
    return (await database.bulk(lambda bulk: expansion.expand(bulk, post_id, by_domain=False))).finished


async def states(database: Database, post_id: int) -> dict[str, DeliveryState]:
    async with database.reading() as tx:
        rows = (await tx.exec(select(Delivery).where(col(Delivery.post_id) == post_id))).all()
    assert len({row.address for row in rows}) == len(rows)
    return {row.address: row.state for row in rows}


async def test_leaving_skips_exactly_that_address_whatever_of_the_post_exists(database: Database) -> None:
    """One who has a copy waiting, one who is not expanded yet, one who comes back: the post misses only these."""
    ada = await person(database, "ada")
    many = [contact(f"c{n:03}@x.example") for n in range(450)]
    group_id = await group(database, ada, contacts=tuple(many))
    post_id = await post(database, group_id)
    assert not await expand(database, post_id)
    for key in ("c000@x.example", "c449@x.example", "c001@x.example"):
        async with database.writing() as tx:
            await memberships.leave(tx, group_id, await row_of(tx, group_id, key), SYSTEM)
    async with database.writing() as tx:
        await memberships.enrol(tx, group_id, [contact("c001@x.example")], contact=True, actor=SYSTEM)
    while not await expand(database, post_id):
        pass
    found = await states(database, post_id)
    assert {address for address, state in found.items() if state is DeliveryState.SKIPPED} == {
        "c000@x.example", "c001@x.example",
    }  # fmt: skip
    assert set(found) == {str(entry.address) for entry in many} - {"c449@x.example"}
    async with database.reading() as tx:
        assert await tallies.of_post(tx, post_id) == {"expanded": 449, "skipped": 2}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer
async def test_a_chunk_that_is_being_written_is_skipped_too(database: Database) -> None:
    """Leaving waits for it: otherwise its copy would come into sight only afterwards, and go out."""
    ada = await person(database, "ada")
    group_id = await group(database, ada, contacts=(contact("c@x.example"), contact("d@x.example")))
    post_id = await post(database, group_id)
    expanding, leaving = asyncio.Event(), asyncio.Event()

    async def expander() -> None:
        async with database.writing() as tx:
            await tx.run(lambda bulk: expansion.expand(bulk, post_id, by_domain=False))
            expanding.set()
            await leaving.wait()
            while not await waits(database):
                await asyncio.sleep(0.01)

    async def leaver() -> None:
        await expanding.wait()
        async with database.writing() as tx:
            row = await row_of(tx, group_id, "c@x.example")
            leaving.set()
            await memberships.leave(tx, group_id, row, SYSTEM)

    async with asyncio.timeout(60):
        await asyncio.gather(expander(), leaver())
    assert await states(database, post_id) == {
        "c@x.example": DeliveryState.SKIPPED,
        "d@x.example": DeliveryState.QUEUED,
    }


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer
async def test_acceptance_waits_for_who_leaves_and_joins_at_that_moment(database: Database) -> None:
    """Otherwise the mark may lie above a row that only later comes into sight: that contact got it twice."""
    ada = await person(database, "ada")
    crowd = tuple(contact(f"c{n:03}@x.example") for n in range(expansion.FIRST_CHUNK))
    group_id = await group(database, ada, contacts=crowd)
    elsewhere = await group(database, ada, "other")
    joined = asyncio.Event()

    async def comes_and_goes() -> None:
        async with database.writing() as tx:
            row = await row_of(tx, group_id, "c000@x.example")
            assert row.id is not None
            await memberships.remove(tx, group_id, [row.id], SYSTEM)
            await memberships.enrol(tx, group_id, [contact("c000@x.example")], contact=True, actor=SYSTEM)
            async with database.writing() as beside:
                await memberships.enrol(beside, elsewhere, [contact("z@x.example")], contact=True, actor=SYSTEM)
            joined.set()
            while not await waits(database):
                await asyncio.sleep(0.01)

    async def posts_it() -> int:
        await joined.wait()
        return await post(database, group_id)

    async with asyncio.timeout(60):
        post_id, _ = await asyncio.gather(posts_it(), comes_and_goes())
    while not await expand(database, post_id):
        pass
    assert len(await states(database, post_id)) == len(crowd)


async def waits(database: Database) -> bool:
    """Whether a transaction waits for another's lock, as PostgreSQL tells."""
    async with database.reading() as tx:
        connection = await tx.connection()
        asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        return bool((await connection.exec_driver_sql(asked)).scalar())


async def test_what_is_claimed_goes_out_and_the_rest_of_a_stopped_or_deleted_does_not(database: Database) -> None:
    ada = await person(database, "ada")
    contacts = tuple(contact(f"c{n:03}@x.example") for n in range(300))
    for local in ("stopped", "deleted"):
        group_id = await group(database, ada, local, contacts=contacts)
        post_id = await post(database, group_id)
        assert not await expand(database, post_id)  # 200 of 300
        life = await workers.begin(database, "mailbridge")
        [(lane_id, _)] = (await database.bulk(lambda bulk: queue.lanes_due(bulk, 5))).lanes
        claims = (await database.bulk(lambda bulk: queue.claim(bulk, life.id, lane_id, 10))).claims  # noqa: B023 - runs before the next turn
        async with database.writing() as tx:
            if local == "stopped":
                assert await posts.stop(tx, post_id, SYSTEM) == 190
            else:
                await ending.delete(tx, group_id, SYSTEM)
        assert post_id not in await database.bulk(expansion.pending)
        outcome = Outcome(DeliveryState.RELAYED, Reply(250, "", "ok"), Stage.DOT)
        results = [queue.Result(claim, outcome) for claim in claims]
        assert await database.bulk(lambda bulk: queue.settle(bulk, life.id, results))  # noqa: B023 - as above
        life.end()
        async with database.reading() as tx:
            assert await tallies.of_post(tx, post_id) == {"expanded": 200, "skipped": 190, "relayed": 10}
            done = await posts.get(tx, post_id)
        assert done is not None
        assert done.done_at is not None
        async with database.writing() as tx:
            await tx.run(lambda bulk: queue.finish(bulk))


async def test_a_post_that_comes_as_its_group_goes_reaches_nobody(database: Database) -> None:
    ada = await person(database, "ada")
    group_id = await group(database, ada, contacts=(contact("c@x.example"),))
    async with database.writing() as tx:
        await ending.delete(tx, group_id, SYSTEM)
    post_id = await post(database, group_id)
    assert await expand(database, post_id)
    assert await states(database, post_id) == {}
