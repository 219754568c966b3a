"""A group's week: told on Monday by its administrator's clock, once, where something happened."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from mailbridge import keeping
from store import digests, groups, memberships, posts, weeks
from store.digests import Movement
from store.engine import Database
from store.posts import NewMessage, Submission
from store.roster import Entry
from store.schema.notice import Notice, Placement
from store.schema.week import Week
from store.terms import Action, Decision, Digest, NoticeKind, Standing
from tests.conftest import Clock
from tests.store.offices import SYSTEM, contact, group, person, row_of

DAY = timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


# 2 March 2026 is a Monday. Paris is an hour ahead of UTC then, and two from 29 March on; Lord Howe changes by half one.
@pytest.mark.parametrize(
    ("moment", "zone", "begun", "before"),
    [
        ("2026-03-02 09:00", "UTC", "2026-03-02 09:00", "2026-02-23 09:00"),
        ("2026-03-02 08:59", "UTC", "2026-02-23 09:00", "2026-02-16 09:00"),
        ("2026-03-08 23:00", "UTC", "2026-03-02 09:00", "2026-02-23 09:00"),
        ("2026-03-02 08:00", "Europe/Paris", "2026-03-02 08:00", "2026-02-23 08:00"),
        ("2026-03-30 07:00", "Europe/Paris", "2026-03-30 07:00", "2026-03-23 08:00"),
        ("2026-03-01 22:00", "Australia/Lord_Howe", "2026-03-01 22:00", "2026-02-22 22:00"),
        ("2026-03-02 09:00", "no/such zone", "2026-03-02 09:00", "2026-02-23 09:00"),
    ],
)
def test_a_week_begins_on_monday_at_nine_there(moment: str, zone: str, begun: str, before: str) -> None:
    assert weeks.begun(at(moment), zone) == at(begun)
    assert weeks.shifted(at(begun), zone, -1) == at(before)


@given(
    st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: at("2025-01-01 00:00") + timedelta(minutes=minutes)),
    st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]),
)
def test_every_moment_is_in_one_week(moment: datetime, zone: str) -> None:
    begin = weeks.begun(moment, zone)
    following = weeks.shifted(begin, zone, 1)
    assert begin <= moment < following
    assert weeks.begun(following, zone) == following
    assert weeks.shifted(following, zone, -1) == begin


class Weekly:
    """A group in Paris, posted to before it was looked at for the first time, on a Wednesday."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database, self.clock, self.group_id, self.made = database, clock, 0, 0

    async def begin(self, **settings: Any) -> Weekly:
        self.clock.now = at("2026-03-01 12:00")
        ada = await person(self.database, "ada", time_zone="Europe/Paris")
        self.group_id = await group(self.database, ada, report_channel="C0REPORTS", **settings)
        await self.post()
        assert await self.at("2026-03-04 12:00") == 0  # what brings digests tells of no week before
        return self

    async def post(self) -> None:
        self.made += 1
        message = NewMessage(b"x", f"p{self.made}", author="a@x.example", subject="Lunch")
        one = Submission(self.group_id, Standing.STRANGER, Decision(Action.DISCARD), f"f{self.made}")
        async with self.database.writing() as tx:
            await posts.submit(tx, message, [one])

    async def at(self, text: str) -> int:
        """How many weeks are told at that moment."""
        self.clock.now = at(text)
        return await keeping.tell_weeks(self.database)

    async def told(self) -> list[tuple[str, datetime, datetime]]:
        async with self.database.reading() as tx:
            query = select(Placement.target, Week.since, Week.until).join(
                Notice, col(Notice.id) == col(Placement.notice_id)
            )
            query = query.join(Week, col(Week.id) == col(Notice.subject_id))
            rows = await tx.exec(query.where(col(Notice.kind) == NoticeKind.DIGEST).order_by(col(Placement.id)))
            return list(rows.all())

    async def change(self, **settings: Any) -> None:
        async with self.database.writing() as tx:
            await groups.change(tx, self.group_id, settings, None, SYSTEM)


@pytest.fixture
async def weekly(database: Database, clock: Clock) -> Weekly:
    return await Weekly(database, clock).begin()


async def test_several_processes_tell_it_once_on_monday_by_their_clock(weekly: Weekly) -> None:
    await weekly.post()
    assert await weekly.at("2026-03-09 07:59") == 0
    weekly.clock.now = at("2026-03-09 08:00")
    assert sum(await asyncio.gather(*(keeping.tell_weeks(weekly.database) for _ in range(4)))) == 1
    assert await weekly.at("2026-03-10 08:00") == 0
    # A week of silence is not told; one that nobody was there to tell is told late, and as it was.
    assert await weekly.at("2026-03-16 08:00") == 0
    await weekly.post()
    assert await weekly.at("2026-03-25 03:00") == 1
    assert await weekly.told() == [
        ("C0REPORTS", at("2026-03-02 08:00"), at("2026-03-09 08:00")),
        ("C0REPORTS", at("2026-03-16 08:00"), at("2026-03-23 08:00")),
    ]


async def test_one_who_is_killed_has_told_nothing(weekly: Weekly) -> None:
    await weekly.post()
    weekly.clock.now = at("2026-03-09 08:00")

    async def killed() -> None:
        async with weekly.database.writing() as tx:
            assert await digests.tell(tx, weekly.group_id)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await killed()
    assert await weekly.told() == []
    assert await weekly.at("2026-03-09 08:01") == 1


async def test_without_a_channel_administrators_hear_and_none_is_none(weekly: Weekly) -> None:
    await weekly.change(digest=Digest.NONE, report_channel=None)
    await weekly.post()
    assert await weekly.at("2026-03-09 08:00") == 0
    await weekly.change(digest=Digest.WEEKLY)
    assert await weekly.at("2026-03-09 08:10") == 0  # switched on, it tells of no week before
    await weekly.post()
    assert await weekly.at("2026-03-16 08:00") == 1
    assert [target for target, _, _ in await weekly.told()] == ["U0ADA"]


async def test_administrators_elsewhere_have_another_monday_and_no_second_digest(weekly: Weekly) -> None:
    await weekly.post()
    await person(weekly.database, "ada", time_zone="America/New_York")
    assert await weekly.at("2026-03-09 08:00") == 0
    assert await weekly.at("2026-03-09 12:59") == 0
    assert await weekly.at("2026-03-09 13:00") == 1  # nine o'clock in New York, in summer already
    await weekly.post()
    await person(weekly.database, "ada", time_zone="Asia/Tokyo")
    assert await weekly.at("2026-03-16 00:00") == 0
    assert await weekly.at("2026-03-16 13:00") == 1
    ends = [until for _, _, until in await weekly.told()]
    assert ends == [at("2026-03-09 13:00"), at("2026-03-16 00:00")]


async def test_who_came_and_went_is_counted_over_every_way(weekly: Weekly) -> None:
    database, since = weekly.database, weekly.clock.now
    weekly.clock.now += DAY
    async with database.writing() as tx:
        entries = [contact(f"c{n}@x.example") for n in range(4)]
        await memberships.enrol(tx, weekly.group_id, entries, contact=True, actor=SYSTEM)
        bo = await row_of(tx, weekly.group_id, "c0@x.example")
        await memberships.leave(tx, weekly.group_id, bo, SYSTEM)
        others = [await row_of(tx, weekly.group_id, f"c{n}@x.example") for n in (1, 2)]
        assert others[0].id is not None
        assert others[1].id is not None
        await memberships.remove(tx, weekly.group_id, [others[0].id], SYSTEM)
        await memberships.withdraw_flags(tx, weekly.group_id, [others[1].id], contact=True, actor=SYSTEM)
    grace = await person(database, "grace")
    async with database.writing() as tx:  # an office is no contact
        await memberships.enrol(tx, weekly.group_id, [Entry(None, grace.id)], moderator=True, actor=SYSTEM)
    async with database.reading() as tx:
        assert await digests.movement(tx, weekly.group_id, since, since + 2 * DAY) == Movement(4, 3)
        assert await digests.movement(tx, weekly.group_id, since, weekly.clock.now) == Movement()
    assert await weekly.at("2026-03-09 08:00") == 1
