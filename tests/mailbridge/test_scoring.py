"""What bounces do to contacts, on both engines: who is probed, suspended, warned and removed, and who never is."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlmodel import col, select

from mailbridge import chores, scoring
from store import bounces, ending, incidents, memberships, strikes
from store.engine import Database
from store.hours import Hours
from store.schema.delivery import Delivery
from store.schema.incident import Strike
from store.terms import Actor, BounceReason, LetterKind, NoticeKind, Receiving
from tests.conftest import Clock
from tests.mailbridge.returning import DAY, GONE, Scene


@pytest.fixture
async def scene(database: Database, clock: Clock) -> Scene:
    return await Scene(database, clock).begin("ana", "bo")


async def test_a_day_is_one_point_however_much_comes_back(scene: Scene) -> None:
    for _ in range(3):
        await scene.bounce("ana")
    await scene.score()
    assert await scene.points("ana") == 1
    assert await scene.points("bo") == 0
    async with scene.database.reading() as tx:
        counted = (await tx.exec(select(Strike.counted).order_by(col(Strike.id)))).all()
    assert list(counted) == [True, False, False]


async def test_nothing_is_scored_before_a_post_has_shown_what_comes_back(scene: Scene) -> None:
    await scene.bounce("ana")
    scene.clock.advance(899)
    assert await scoring.run(scene.database, by_domain=False) == 0
    scene.clock.advance(1)
    assert await scoring.run(scene.database, by_domain=False) == 1


async def test_five_days_probe_and_a_probe_that_arrives_changes_nothing(scene: Scene) -> None:
    await scene.days(4, "ana")
    assert (await scene.points("ana"), await scene.letters(LetterKind.BOUNCE_PROBE)) == (4, [])
    await scene.days(1, "ana")
    [probe] = await scene.letters(LetterKind.BOUNCE_PROBE)
    assert probe.address == "ana@example.net"
    assert probe.arguments["why"] == "The mailbox is full."
    await scene.deliver()
    await scene.days(2)
    assert (await scene.member("ana")).receiving is Receiving.ON
    assert await scene.points("ana") == 0
    assert await scene.told(NoticeKind.MEMBER_BOUNCING) == []


async def test_a_mailbox_that_recovers_begins_anew(scene: Scene) -> None:
    await scene.days(4, "ana")
    scene.clock.advance(8 * DAY)
    await scene.days(1, "ana")
    assert await scene.points("ana") == 1
    assert await scene.letters(LetterKind.BOUNCE_PROBE) == []


async def test_a_probe_that_comes_back_suspends_and_administrators_are_told_once(scene: Scene) -> None:
    await scene.days(4, "ana")
    await scene.bounce("ana")
    await scene.score()
    await scene.probe_returns("ana")
    assert (await scene.member("ana")).receiving is Receiving.BOUNCING
    assert await scene.told(NoticeKind.MEMBER_BOUNCING) == [f"UADMIN{scene.group_id}"]
    assert await scene.told(NoticeKind.BOUNCING) == []  # Slack does not know them
    after = await scene.post()
    await scene.deliver()
    async with scene.database.reading() as tx:
        query = select(Delivery.membership_id, Delivery.state).where(col(Delivery.post_id) == after)
        got = {membership_id for membership_id, _ in (await tx.exec(query)).all()}
    assert scene.members["ana"] not in got
    assert scene.members["bo"] in got


async def test_a_probe_refused_in_the_session_suspends_too(scene: Scene) -> None:
    await scene.days(5, "ana")
    await scene.deliver(["ana"])
    await scoring.run(scene.database, by_domain=False)
    found = await scene.incident("ana")
    assert found.suspended_at is not None
    assert found.reason == "user_unknown"


async def test_a_probe_refused_for_what_we_are_says_nothing_of_the_mailbox(scene: Scene) -> None:
    await scene.days(5, "ana")
    await scene.probe_returns("ana", BounceReason.POLICY)
    assert (await scene.member("ana")).receiving is Receiving.ON


async def test_three_warnings_and_then_removal(scene: Scene) -> None:
    await scene.suspended("ana")
    for count in (1, 2, 3):
        assert await scene.warn() == 1
        assert await scene.warn() == 0
        warnings = await scene.letters(LetterKind.BOUNCE_WARNING)
        assert [letter.address for letter in warnings] == ["ana@example.net"] * count
        scene.clock.advance(7 * DAY - 1)
        assert await scene.warn() == 0
        scene.clock.advance(1)
    before = await scene.incident("ana")
    assert before.removal_at == scene.clock.now
    assert await scene.warn() == 1
    assert await scene.find("ana") is None
    assert (await scene.incident("ana")).ended == "removed"
    assert await scene.warn() == 0
    assert await scene.told(NoticeKind.MEMBER_BOUNCING) == [f"UADMIN{scene.group_id}"]


async def test_who_resumes_is_not_removed_and_begins_anew(scene: Scene) -> None:
    await scene.suspended("ana")
    await scene.warn()
    async with scene.database.writing() as tx:
        await memberships.resume(tx, scene.members["ana"], Actor("somebody"))
    assert (await scene.incident("ana")).ended == "resumed"
    scene.clock.advance(30 * DAY)
    assert await scene.warn() == 0
    assert (await scene.member("ana")).receiving is Receiving.ON
    await scene.days(1, "ana")
    assert await scene.points("ana") == 1


async def test_residual_bounces_of_a_suspended_contact_are_ignored(scene: Scene) -> None:
    await scene.days(4, "ana")
    await scene.bounce("ana")
    await scene.score()
    other = await scene.post()
    claims = await scene.deliver()
    await scene.probe_returns("ana")
    [copy] = [one for one in claims if one.membership_id == scene.members["ana"] and one.post_id == other]
    async with scene.database.writing() as tx:
        assert await bounces.record(tx, copy.id, b"x", reason=BounceReason.MAILBOX_FULL)
    scene.clock.advance(DAY)
    await scene.score()
    assert await scene.points("ana") == 0


async def test_an_administrator_keeps_the_office_and_receives_nothing(scene: Scene) -> None:
    await scene.suspended("admin")
    # Slack knows them: told there, and no letter goes to a mailbox that does not work.
    assert await scene.told(NoticeKind.BOUNCING) == [f"UADMIN{scene.group_id}"]
    for _ in range(4):
        await scene.warn()
        scene.clock.advance(7 * DAY)
    assert await scene.letters(LetterKind.BOUNCE_WARNING) == []
    row = await scene.member("admin")
    assert (row.contact, row.administrator) == (False, True)


async def test_what_is_about_us_the_author_or_the_post_never_counts(scene: Scene) -> None:
    for reason in BounceReason:
        if not reason.counts:
            await scene.bounce("ana", reason=reason)
    await scene.score()
    assert await scene.points("ana") == 0
    await scene.bounce("ana", reason=BounceReason.EXPIRED)
    await scene.score()
    assert await scene.points("ana") == 1


async def test_refusals_in_the_session_count_if_they_are_about_the_recipient(scene: Scene) -> None:
    about_us = replace(GONE, reason=BounceReason.POLICY)
    await scene.post()
    await scene.deliver(["ana"])
    await scene.post()
    await scene.deliver(["bo"], about_us)
    await scene.score()
    assert (await scene.points("ana"), await scene.points("bo")) == (1, 0)


async def test_a_contact_who_left_meanwhile_is_left_alone(scene: Scene) -> None:
    await scene.bounce("ana", "bo")
    async with scene.database.writing() as tx:
        await memberships.stop(tx, scene.members["ana"], Actor("mail"))
    await scene.score()
    async with scene.database.reading() as tx:
        assert list(await incidents.of(tx, [scene.members["ana"]])) == []
    assert await scene.points("bo") == 1


async def test_two_processes_at_once_count_each_strike_once(scene: Scene) -> None:
    await scene.bounce("ana", "bo")
    scene.clock.advance(900)
    looked = await asyncio.gather(*(scoring.run(scene.database, by_domain=False) for _ in range(4)))
    assert sum(looked) == 2
    assert (await scene.points("ana"), await scene.points("bo")) == (1, 1)


async def test_a_group_that_ends_ends_what_was_said_of_its_contacts(scene: Scene) -> None:
    await scene.suspended("ana")
    async with scene.database.writing() as tx:
        await ending.delete(tx, scene.group_id, Actor("somebody"))
    assert await scene.warn() == 1
    assert (await scene.incident("ana")).ended == "left"
    assert await scene.letters(LetterKind.BOUNCE_WARNING) == []
    await scene.score()
    assert await scene.warn() == 0


async def test_the_chore_is_run_by_one_process_and_again_when_due(scene: Scene) -> None:
    table = {
        name: (every, rounds)
        for name, every, rounds in chores.rounds(by_domain=False, retention_days=30, address_days=90, hours=Hours())
    }
    assert {"score_bounces", "warn_bouncing"} <= set(table)
    await scene.bounce("ana")
    scene.clock.advance(900)
    every, rounds = table["score_bounces"]
    runs = [await chores.go_round(scene.database, "score_bounces", every, rounds) for _ in range(2)]
    assert runs == [1, None]
    scene.clock.advance(every.total_seconds())
    assert await chores.go_round(scene.database, "score_bounces", every, rounds) == 0
    assert await scene.points("ana") == 1


async def test_old_rows_are_forgotten(scene: Scene) -> None:
    await scene.days(1, "ana")
    scene.clock.advance(40 * DAY)
    async with scene.database.writing() as tx:
        assert await strikes.purge(tx) == 1
        assert await incidents.purge(tx) == 1
