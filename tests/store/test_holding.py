"""An emergency hold: copies stay where they are, posts wait, and both go on when it is lifted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from store import freezing, holding, posts, queue, reports, workers
from store.engine import Database
from store.schema.audit import Audit
from store.schema.group import Group
from store.schema.hold import Hold
from store.schema.lane import Turn
from store.schema.notice import Notice, Placement
from store.terms import Action, Decision, NoticeKind, Reason, Refused, Standing
from tests.store.offices import SYSTEM, contact, group, person
from tests.store.test_going_out import expand, post
from tests.store.test_queue import claim, relay, settle


async def hold(database: Database, group_id: int, reason: str = "", **how: Any) -> Group:
    async with database.writing() as tx:
        return await holding.hold(tx, group_id, reason, SYSTEM, **how)


async def lift(database: Database, group_id: int, *, operator: bool = False) -> Group:
    async with database.writing() as tx:
        return await holding.lift(tx, group_id, SYSTEM, operator=operator)


async def test_copies_of_a_group_on_hold_stay_and_others_go(database: Database) -> None:
    ada = await person(database, "ada")
    lane_id = await relay(database)
    crowd = tuple(contact(f"c{n}@x.example") for n in range(10))
    held_id = await group(database, ada, "held", contacts=crowd)
    free_id = await group(database, ada, "free", contacts=crowd[:2])
    frozen, free = await post(database, held_id), await post(database, free_id)
    await expand(database, frozen)
    life = await workers.begin(database, "mailbridge")
    under_way = await claim(database, life.id, lane_id, 3)
    await hold(database, held_id, "A stolen account")
    await expand(database, free)
    # What was claimed is on its way and is settled; of the rest only the other group's is claimed.
    assert await settle(database, life.id, under_way)
    assert {one.post_id for one in await claim(database, life.id, lane_id, 100)} == {free}
    assert await claim(database, life.id, lane_id, 100) == ()
    async with database.reading() as tx:
        found = await reports.report(tx, frozen)
        assert found is not None
        assert found.waiting == reports.Waiting("hold")
        # Looked at again by itself: no message that gets lost between processes keeps a copy here.
        turn = (await tx.exec(select(Turn).where(col(Turn.post_id) == frozen))).one()
        assert turn.due_at <= tx.now + freezing.LOOKED_AT
    await lift(database, held_id)
    rest = await claim(database, life.id, lane_id, 100)
    assert {one.address for one in (*under_way, *rest)} == {str(entry.address) for entry in crowd}
    assert await settle(database, life.id, rest)
    life.end()
    async with database.reading() as tx:
        done = await posts.get(tx, frozen)
        assert done is not None
        assert done.done_at is not None


async def test_many_frozen_posts_do_not_hide_what_waits_behind_them(database: Database) -> None:
    ada = await person(database, "ada")
    lane_id = await relay(database)
    held_id = await group(database, ada, "held", contacts=(contact("c@x.example"),))
    free_id = await group(database, ada, "free", contacts=(contact("c@x.example"),))
    for _ in range(queue.TURNS_AT_ONCE):
        await expand(database, await post(database, held_id))
    behind = await post(database, free_id)
    await expand(database, behind)
    await hold(database, held_id)
    life = await workers.begin(database, "mailbridge")
    first = await database.bulk(lambda bulk: queue.claim(bulk, life.id, lane_id, 100))
    assert first.claims == ()
    assert first.next_at is not None
    assert first.next_at <= database.clock() + timedelta(seconds=1)
    assert {one.post_id for one in await claim(database, life.id, lane_id, 100)} == {behind}
    life.end()


async def test_posts_held_for_it_are_judged_anew_when_it_is_lifted(database: Database) -> None:
    ada = await person(database, "ada")
    group_id = await group(database, ada)
    await hold(database, group_id)
    reason = Reason("group_on_hold", {"group": "team@groups.example.org"})
    message = posts.NewMessage(b"x", "p", author="x@x.example")
    submission = posts.Submission(group_id, Standing.MEMBER, Decision(Action.HOLD, (reason,), ()), None)
    async with database.writing() as tx:
        [made] = (await posts.submit(tx, message, [submission])).posts
    assert made.expires_at is None  # it waits for the group, not for a moderator's week
    async with database.reading() as tx:
        assert await posts.to_rejudge(tx) == []
    await lift(database, group_id)
    async with database.reading() as tx:
        assert [one.id for one in await posts.to_rejudge(tx)] == [made.id]


async def test_who_is_told_and_what_is_written_down(database: Database) -> None:
    ada = await person(database, "ada")
    here = await group(database, ada, "here", report_channel="C0REPORTS")
    there = await group(database, ada, "there")
    for group_id in (here, there):
        await hold(database, group_id, "Why")
    with pytest.raises(Refused) as caught:
        await hold(database, here)
    assert caught.value.name == "already_on_hold"
    async with database.reading() as tx:
        query = select(Placement.target).join(Notice, col(Notice.id) == col(Placement.notice_id))
        told = await tx.exec(query.where(col(Notice.kind) == NoticeKind.GROUP_HOLD).order_by(col(Placement.id)))
        assert list(told.all()) == ["C0REPORTS", "U0ADA"]
    await lift(database, here)
    # A second hold is said anew: the first message stands far up in the channel.
    await hold(database, here)
    async with database.reading() as tx:
        holds = (await tx.exec(select(Hold).where(col(Hold.group_id) == here).order_by(col(Hold.id)))).all()
        assert [(one.reason, one.ended_at is None) for one in holds] == [("Why", False), ("", True)]
        verbs = await tx.exec(select(Audit.verb).where(col(Audit.group_id) == here).order_by(col(Audit.id)))
        assert [verb for verb in verbs.all() if "hold" in verb or "held" in verb] == [
            "group.held",
            "group.hold_lifted",
            "group.held",
        ]
