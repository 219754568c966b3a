"""The outbox: said once at each place, redrawn after every change, lost by nobody's death."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlmodel import col, select, update

from store import outbox, workers
from store.engine import Database
from store.outbox import Due
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.notice import Notice, Placement
from store.schema.person import Person
from store.schema.worker import Worker
from store.signal import Topic
from store.terms import NoticeKind
from tests.conftest import Clock

CARD = NoticeKind.REQUEST_CARD
REPORT = NoticeKind.REPORT


@pytest.fixture
async def bot(database: Database) -> AsyncIterator[int]:
    life = await workers.begin(database, "bot")
    yield life.id
    life.end()


async def announce(database: Database, *targets: str, kind: NoticeKind = CARD, subject_id: int = 1) -> int:
    async with database.writing() as tx:
        return await outbox.announce(tx, kind, subject_id, targets)


async def touch(database: Database, kind: NoticeKind = CARD, subject_id: int = 1) -> None:
    async with database.writing() as tx:
        await outbox.touch(tx, kind, subject_id)


async def claim(database: Database, worker_id: int, limit: int = 10) -> list[Due]:
    async with database.writing() as tx:
        return await outbox.claim(tx, worker_id, limit)


async def place(database: Database, worker_id: int, due: Due, ts: str = "1.1") -> bool:
    assert due.placement.id is not None
    async with database.writing() as tx:
        return await outbox.placed(tx, due.placement.id, worker_id, "C1", ts, due.version)


async def standing(database: Database, kind: NoticeKind = CARD) -> list[Placement]:
    async with database.reading() as tx:
        return await outbox.placements(tx, kind, 1)


async def test_a_notice_is_said_once_at_each_target_however_often_it_is_announced(database: Database, bot: int) -> None:
    first = await announce(database, "C1", "U1", "U1")
    assert await announce(database, "U1", "C1") == first
    found = await claim(database, bot)
    assert [due.placement.target for due in found] == ["C1", "U1"]
    assert {due.notice.key for due in found} == {"request_card:1"}
    assert await claim(database, bot) == []


async def test_a_target_added_later_gets_the_notice_and_the_others_are_left_alone(database: Database, bot: int) -> None:
    await announce(database, "C1")
    [due] = await claim(database, bot)
    assert await place(database, bot, due)
    await touch(database)
    await announce(database, "C1", "C2")
    found = await claim(database, bot)
    assert [due.placement.target for due in found] == ["C1", "C2"]
    assert {due.version for due in found} == {2}


async def test_what_was_placed_is_not_due_until_it_changes(database: Database, bot: int, clock: Clock) -> None:
    await announce(database, "C1")
    [due] = await claim(database, bot)
    assert await place(database, bot, due, ts="17.5")
    clock.advance(3600)
    assert await claim(database, bot) == []
    await touch(database)
    [due] = await claim(database, bot)
    assert (due.placement.channel, due.placement.ts, due.version) == ("C1", "17.5", 2)


async def test_a_change_while_it_is_being_posted_is_drawn_after(database: Database, bot: int) -> None:
    await announce(database, "C1")
    [due] = await claim(database, bot)
    await touch(database)
    assert await claim(database, bot) == []
    with database.signal.ear(Topic.NOTICE) as ear:
        assert await place(database, bot, due)
        await asyncio.wait_for(ear.wait(5), 5)
    [again] = await claim(database, bot)
    assert again.version == 2
    assert await place(database, bot, again)
    assert await claim(database, bot) == []


async def test_a_touch_of_what_was_never_said_does_nothing(database: Database, bot: int) -> None:
    await touch(database)
    assert await claim(database, bot) == []
    assert await standing(database) == []


async def test_a_report_is_redrawn_at_most_every_two_seconds(database: Database, bot: int, clock: Clock) -> None:
    await announce(database, "C1", kind=REPORT)
    [due] = await claim(database, bot)
    assert await place(database, bot, due)
    await touch(database, REPORT)
    clock.advance(1.9)
    assert await claim(database, bot) == []
    clock.advance(0.2)
    [due] = await claim(database, bot)
    assert due.version == 2


async def test_two_claimants_never_get_the_same_placement(database: Database, bot: int) -> None:
    async with database.writing() as tx:
        for number in range(40):
            await outbox.announce(tx, CARD, number, ["C1", "U1"])
    other = await workers.begin(database, "bot")
    try:

        async def all_of(worker_id: int) -> list[int]:
            mine: list[int] = []
            while found := await claim(database, worker_id, 3):
                mine += [due.placement.id or 0 for due in found]
                await asyncio.sleep(0)
            return mine

        taken = await asyncio.gather(all_of(bot), all_of(other.id), all_of(bot), all_of(other.id))
    finally:
        other.end()
    claimed = [placement_id for mine in taken for placement_id in mine]
    # A claimant that meets only rows another has locked leaves early; what it left is there for the next.
    claimed += [due.placement.id or 0 for due in await claim(database, bot, 100)]
    assert len(claimed) == 80
    assert len(set(claimed)) == 80


async def test_the_longest_due_comes_first_and_waiting_ones_do_not_hold_up_the_rest(
    database: Database, bot: int, clock: Clock
) -> None:
    for subject_id in (1, 2, 3):
        await announce(database, "C1", subject_id=subject_id)
        clock.advance(1)
    [first] = await claim(database, bot, 1)
    assert first.notice.subject_id == 1
    assert first.placement.id is not None
    async with database.writing() as tx:
        assert await outbox.postpone(tx, first.placement.id, bot, 30, error="ratelimited")
    found = await claim(database, bot)
    assert [due.notice.subject_id for due in found] == [2, 3]
    clock.advance(31)
    [first] = await claim(database, bot)
    assert (first.notice.subject_id, first.placement.attempts, first.placement.error) == (1, 1, "ratelimited")


async def test_a_dead_workers_first_post_is_uncertain_and_its_redraw_is_not(
    database: Database, bot: int, clock: Clock
) -> None:
    await announce(database, "C1", "C2")
    for due in await claim(database, bot):
        if due.placement.target == "C1":
            assert await place(database, bot, due)
    await touch(database)
    await claim(database, bot)
    async with database.writing() as tx:
        await tx.exec(update(Worker).where(col(Worker.id) == bot).values(heartbeat_at=clock.advance(-60)))
    clock.advance(120)
    after = await workers.begin(database, "bot")
    after.end()
    assert {row.target: row.uncertain for row in await standing(database)} == {"C1": False, "C2": True}
    again = await claim(database, after.id)
    assert {due.placement.target for due in again} == {"C1", "C2"}
    assert await claim(database, bot) == []


async def test_who_lost_the_claim_changes_nothing(database: Database, bot: int) -> None:
    await announce(database, "C1")
    [due] = await claim(database, bot)
    assert due.placement.id is not None
    assert not await place(database, bot + 1, due)
    async with database.writing() as tx:
        assert not await outbox.postpone(tx, due.placement.id, bot + 1, 5)
        assert not await outbox.died(tx, due.placement.id, bot + 1, "channel_not_found")
    [row] = await standing(database)
    assert (row.state, row.shown, row.worker_id) == ("posting", 0, bot)


async def test_a_lost_answer_is_remembered_until_it_is_placed(database: Database, bot: int, clock: Clock) -> None:
    await announce(database, "C1")
    [due] = await claim(database, bot)
    assert due.placement.id is not None
    async with database.writing() as tx:
        await outbox.postpone(tx, due.placement.id, bot, 1, uncertain=True)
    clock.advance(2)
    [due] = await claim(database, bot)
    assert due.placement.uncertain
    assert due.placement.id is not None
    async with database.writing() as tx:
        await outbox.postpone(tx, due.placement.id, bot, 1)
    clock.advance(2)
    [due] = await claim(database, bot)
    assert due.placement.uncertain
    assert await place(database, bot, due)
    assert [row.uncertain for row in await standing(database)] == [False]


async def test_what_slack_refused_for_good_stays_as_it_is(database: Database, bot: int, clock: Clock) -> None:
    await announce(database, "C1")
    [due] = await claim(database, bot)
    assert due.placement.id is not None
    async with database.writing() as tx:
        assert await outbox.died(tx, due.placement.id, bot, "is_archived")
    await touch(database)
    clock.advance(60)
    assert await claim(database, bot) == []
    assert [(row.state, row.error) for row in await standing(database)] == [("dead", "is_archived")]


async def test_what_a_channel_will_not_take_goes_to_administrators_else_to_operators(
    database: Database, clock: Clock
) -> None:
    async with database.writing() as tx:
        group = Group(address="g@x.example", route="g@x.example", display_name="G", created_at=tx.now)
        people = [
            Person(slack_id=f"U{n}", subject=f"s{n}", name=f"P{n}", operator=n == 1, refreshed_at=tx.now)
            for n in (1, 2)
        ]
        tx.add_all([group, *people])
        await tx.flush()
        notice = Notice(kind=REPORT, key="report:1", subject_id=1, group_id=group.id, created_at=tx.now)
        assert await outbox.fallback(tx, notice) == ["U1"]
        assert group.id is not None
        tx.add(Membership(group_id=group.id, person_id=people[1].id, administrator=True, created_at=tx.now))
        await tx.flush()
        assert await outbox.fallback(tx, notice) == ["U2"]


async def test_a_rolled_back_change_says_nothing(database: Database, bot: int) -> None:
    async def fail() -> None:
        async with database.writing() as tx:
            await outbox.announce(tx, CARD, 1, ["C1"])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.reading() as tx:
        assert (await tx.exec(select(Notice))).all() == []
    assert await claim(database, bot) == []
