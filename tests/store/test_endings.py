"""Memberships until a date: told of in time, extended once, ended on the day, offices untouched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlmodel import col, select

from mailbridge import keeping
from store import ending, endings, memberships, persons
from store.engine import Database
from store.roster import Entry
from store.schema.ending import Ending
from store.schema.membership import Membership
from store.schema.notice import Notice, Placement
from store.terms import NoticeKind
from store.verdicts import EndingAnswer
from tests.conftest import Clock
from tests.store.offices import SYSTEM, contact, group, person, row_of


async def notices(database: Database) -> set[tuple[str, str]]:
    async with database.reading() as tx:
        query = select(Notice.kind, Placement.target).join(Placement, col(Placement.notice_id) == col(Notice.id))
        found = (await tx.exec(query)).all()
    return {(kind, target) for kind, target in found if kind in (NoticeKind.ENDING, NoticeKind.MEMBER_ENDING)}


async def test_it_is_told_extended_once_and_ends_on_the_day(database: Database, clock: Clock) -> None:
    ada, bo = await person(database, "ada"), await person(database, "bo")
    team = await group(database, ada)
    until = clock.now + timedelta(days=30)
    async with database.writing() as tx:
        await memberships.enrol(
            tx, team, [contact("bo@example.org"), contact("x@x.example")], contact=True, actor=SYSTEM
        )
        rows = [await row_of(tx, team, key) for key in ("bo@example.org", "x@x.example")]
        ids = [row.id for row in rows if row.id is not None]
        assert await endings.limit(tx, team, ids, until, SYSTEM) == 2
        await memberships.enrol(tx, team, [Entry(None, bo.id)], moderator=True, actor=SYSTEM)
    assert await keeping.remind_endings(database) == 0
    clock.now = until - timedelta(days=7)
    assert await keeping.remind_endings(database) == 2
    assert await keeping.remind_endings(database) == 0
    assert await notices(database) == {(NoticeKind.ENDING, "U0BO"), (NoticeKind.MEMBER_ENDING, "U0ADA")}
    async with database.writing() as tx:
        told = {one.membership_id: one for one in (await tx.exec(select(Ending))).all()}
        assert await endings.answer(tx, told[ids[1]], EndingAnswer.EXTENDED, persons.actor(ada))
        assert not await endings.answer(tx, told[ids[1]], EndingAnswer.END, persons.actor(ada))
    async with database.writing() as tx:
        assert await endings.answer(tx, told[ids[0]], EndingAnswer.END, persons.actor(ada))
        assert (await tx.get_one(Membership, ids[1])).until == endings.later(until, 3)
    clock.now = until - timedelta(hours=1)
    assert await keeping.remind_endings(database) == 1  # the contact alone: the administrator has said
    clock.now = until
    assert await keeping.end_memberships(database) == 1
    assert await keeping.end_memberships(database) == 0
    async with database.reading() as tx:
        left = await tx.get_one(Membership, ids[0])
        assert (left.contact, left.moderator, left.until) == (False, True, None)
        stays = await tx.get_one(Membership, ids[1])
        assert stays.contact
        kinds = (await tx.exec(select(Notice.kind).where(col(Notice.kind) == NoticeKind.MEMBER_ENDING))).all()
    assert len(kinds) == 2


async def test_who_came_for_three_days_is_reminded_the_day_before_alone(database: Database, clock: Clock) -> None:
    ada = await person(database, "ada")
    team = await group(database, ada)
    until = clock.now + timedelta(days=3)
    async with database.writing() as tx:
        await memberships.enrol(tx, team, [contact("x@x.example")], contact=True, actor=SYSTEM)
        row = await row_of(tx, team, "x@x.example")
        assert row.id is not None
        await endings.limit(tx, team, [row.id], until, SYSTEM)
    assert await keeping.remind_endings(database) == 0
    clock.now = until - timedelta(hours=20)
    assert await keeping.remind_endings(database) == 1


def test_three_months_on() -> None:
    at = datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert endings.later(at, 3) == datetime(2027, 2, 28, 23, tzinfo=UTC)


async def test_a_date_outlives_the_time_for_which_its_group_is_deleted(database: Database, clock: Clock) -> None:
    ada, bo = await person(database, "ada"), await person(database, "bo")
    team = await group(database, ada)
    until = clock.now + timedelta(days=10)
    async with database.writing() as tx:
        await memberships.enrol(tx, team, [Entry(None, bo.id)], contact=True, actor=SYSTEM)
        row = await memberships.find(tx, team, person_id=bo.id)
        assert row is not None
        assert row.id is not None
        await endings.limit(tx, team, [row.id], until, SYSTEM)
        await ending.delete(tx, team, SYSTEM)
    clock.now = until - timedelta(days=7)
    assert await keeping.remind_endings(database) == 0
    assert await notices(database) == set()
    clock.now = until
    assert await keeping.end_memberships(database) == 0
    async with database.writing() as tx:
        await ending.restore(tx, team, SYSTEM)
    assert await keeping.end_memberships(database) == 1
    async with database.reading() as tx:
        assert (await memberships.counts(tx, team)).contacts == 0
