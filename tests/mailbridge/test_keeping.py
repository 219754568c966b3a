"""What waits too long, on both engines: expiry and reminders."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlmodel import col, update

from mailbridge import chores, keeping
from mailbridge.rejudge import rejudge
from store import audience, ending, groups, ladder, outbox, posts
from store.hours import Hours
from store.schema.audit import Audit
from store.schema.group import Group
from store.schema.letter import Letter
from store.schema.reminder import Reminder
from store.terms import LetterKind, Mode, NoticeKind, PostState
from tests.mailbridge.desk import DAY, HOUR, SYSTEM, Desk


async def test_a_post_expires_after_seven_days_and_its_proven_author_is_told(desk: Desk) -> None:
    proven, other = await desk.hold(proven=True), await desk.hold()
    desk.clock.advance(7 * DAY - 1)
    assert (await desk.run())[0] == 0
    desk.clock.advance(1)
    assert await desk.run() == (2, 0)
    for post_id in (proven, other):
        post = await desk.post(post_id)
        assert (post.state, post.decided_by, post.decided_at) == (PostState.EXPIRED, None, desk.clock.now)
    (letter,) = await desk.rows(Letter)
    assert (letter.kind, letter.address) == (LetterKind.POST_EXPIRED, "a1@x.example")
    assert (letter.in_reply_to, letter.arguments["subject"]) == ("<1@x.example>", "Lunch")
    audited = [(row.verb, row.actor, row.subject) for row in await desk.rows(Audit)]
    assert audited == [("post.expired", "system", f"post:{post_id}") for post_id in (proven, other)]
    assert [notice.version for notice in await desk.notices(NoticeKind.HELD_CARD)] == [2, 2]
    assert (await desk.run())[0] == 0


async def test_who_waited_for_a_group_that_is_deleted_is_told_if_proven(desk: Desk) -> None:
    proven, other = await desk.hold(proven=True), await desk.hold()
    async with desk.database.writing() as tx:
        await ending.delete(tx, desk.group_id, SYSTEM)
    assert [(await desk.post(post_id)).state for post_id in (proven, other)] == [PostState.EXPIRED] * 2
    (letter,) = await desk.rows(Letter)
    assert (letter.kind, letter.address, letter.group_id) == (LetterKind.POST_REJECTED, "a1@x.example", None)
    assert (letter.in_reply_to, letter.arguments["subject"]) == ("<1@x.example>", "Lunch")
    assert letter.arguments["group"] == "team@example.org"


async def test_several_processes_let_it_expire_once(desk: Desk) -> None:
    for _ in range(3):
        await desk.hold(proven=True)
    desk.clock.advance(7 * DAY)
    done = await asyncio.gather(*(keeping.expire(desk.database, by_domain=False) for _ in range(4)))
    assert sum(done) == 3
    assert len(await desk.rows(Letter)) == len(await desk.rows(Audit)) == 3


async def test_a_decision_and_the_clock_have_one_winner(desk: Desk) -> None:
    post_id = await desk.hold()
    desk.clock.advance(7 * DAY)

    async def discard() -> bool:
        async with desk.database.writing() as tx:
            return (await posts.discard(tx, post_id, SYSTEM)).won

    won, ended = await asyncio.gather(discard(), keeping.expire(desk.database, by_domain=False))
    assert (won, ended) in ((True, 0), (False, 1))
    assert len(await desk.rows(Audit)) == 1


async def test_nobody_can_be_made_to_expire_a_post_early(desk: Desk) -> None:
    post_id = await desk.hold()
    async with desk.database.writing() as tx:
        assert not (await posts.expire(tx, post_id, by_domain=False)).won
    assert (await desk.post(post_id)).state is PostState.HELD


async def test_what_waited_for_a_paused_group_begins_to_wait_when_it_is_judged(desk: Desk) -> None:
    async with desk.database.writing() as tx:
        await groups.change(tx, desk.group_id, {"mode": Mode.PAUSED}, None, SYSTEM)
    post_id = await desk.hold(reason="group_paused", unnamed=True)
    desk.clock.advance(30 * DAY)
    assert await desk.run() == (0, 0)
    async with desk.database.writing() as tx:
        await groups.change(tx, desk.group_id, {"mode": Mode.LIVE}, None, SYSTEM)
    assert await rejudge(desk.database) == 1
    # Nobody knows the author; and what the message itself showed is not forgotten.
    post = await desk.post(post_id)
    assert [reason["name"] for reason in post.reasons] == ["non_member", "unnamed"]
    assert post.expires_at == desk.clock.now + timedelta(days=7)
    desk.clock.advance(DAY)
    assert await desk.run() == (0, 1)


# ---------------------------------------------------------------- reminders


async def test_a_post_is_reminded_of_after_four_hours_a_day_three_days_and_before_its_end(desk: Desk) -> None:
    await desk.hold()
    seen = []
    for hour in range(7 * 24 + 1):
        if (await desk.run())[1]:
            seen.append(hour)
        desk.clock.advance(HOUR)
    # A day before its end is a Sunday: the last word comes on Friday.
    assert seen == [4, 24, 72, 104]
    assert [one.rung for one in await desk.rows(Reminder)] == list(ladder.RUNGS)


async def test_dates_that_passed_while_nothing_ran_make_one_reminder(desk: Desk) -> None:
    await desk.hold()
    desk.clock.advance(4 * DAY)
    assert await desk.run() == (0, 1)
    assert await desk.run() == (0, 0)
    desk.clock.advance(2 * DAY)
    assert await desk.run() == (0, 1)
    desk.clock.advance(DAY)
    assert await desk.run() == (1, 0)
    assert await desk.reminders() == 2


async def test_nobody_is_reminded_of_what_is_about_to_expire_with_the_next_run(desk: Desk) -> None:
    await desk.hold()
    desk.clock.advance(8 * DAY)
    assert await keeping.remind(desk.database, hours=Hours()) == 0
    assert await desk.run() == (1, 0)


async def test_a_group_gets_one_reminder_for_all_and_not_one_for_each(desk: Desk) -> None:
    """Fifty posts that came over ten hours."""
    made = []
    for _ in range(50):
        made.append(await desk.hold())
        desk.clock.advance(720)
    desk.clock.advance(DAY - 10 * HOUR)
    assert await desk.run() == (0, 50)
    for _ in range(24):
        desk.clock.advance(HOUR / 2)
        assert await desk.run() == (0, 0)
    (notice,) = await desk.notices(NoticeKind.HELD_REMINDER)
    async with desk.database.reading() as tx:
        assert [post.id for post in (await ladder.named(tx, desk.group_id, notice.subject_id))[1]] == made


async def test_several_processes_remind_once(desk: Desk) -> None:
    for _ in range(3):
        await desk.hold()
    desk.clock.advance(DAY)
    named = await asyncio.gather(*(keeping.remind(desk.database, hours=Hours()) for _ in range(4)))
    assert sorted(named) == [0, 0, 0, 3]
    assert await desk.reminders() == 1


async def test_a_reminder_is_drawn_anew_when_what_it_names_is_decided_or_named_again(desk: Desk) -> None:
    first, second = await desk.hold(), await desk.hold()
    desk.clock.advance(DAY)
    await desk.run()
    (notice,) = await desk.notices(NoticeKind.HELD_REMINDER)
    assert notice.version == 1
    async with desk.database.writing() as tx:
        await posts.discard(tx, first, SYSTEM)
        assert [post.id for post in (await ladder.named(tx, desk.group_id, notice.subject_id))[1]] == [second]
    desk.clock.advance(2 * DAY)
    await desk.run()
    old, new = await desk.notices(NoticeKind.HELD_REMINDER)
    assert (old.version, new.version) == (3, 1)
    async with desk.database.writing() as tx:
        assert await ladder.named(tx, desk.group_id, old.subject_id) == ([], [])
        await ending.delete(tx, desk.group_id, SYSTEM)
    assert [notice.version for notice in await desk.notices(NoticeKind.HELD_REMINDER)] == [3, 2]
    desk.clock.advance(30 * DAY)
    assert await desk.run() == (0, 0)


async def test_reminders_go_where_the_cards_are(desk: Desk) -> None:
    await desk.hold()
    async with desk.database.writing() as tx:
        await tx.exec(update(Group).where(col(Group.id) == desk.group_id).values(moderation_channel=None))
        group = await groups.get(tx, desk.group_id)
        assert group is not None
        targets = await audience.moderators(tx, group)
    desk.clock.advance(DAY)
    await desk.run()
    (notice,) = await desk.notices(NoticeKind.HELD_REMINDER)
    async with desk.database.reading() as tx:
        copies = await outbox.placements(tx, notice.kind, notice.subject_id)
    assert [copy.target for copy in copies] == targets
    assert targets != ["C1"]


# ---------------------------------------------------------------- the chores


async def test_the_bridge_runs_them_each_in_one_process(desk: Desk) -> None:
    table = {
        name: (every, rounds)
        for name, every, rounds in chores.rounds(by_domain=False, retention_days=30, address_days=90, hours=Hours())
    }
    assert list(table)[:3] == ["expire_held", "expire_requests", "remind_held"]
    await desk.hold()
    desk.clock.advance(DAY)
    for name, found in (("expire_held", 0), ("expire_requests", 0), ("remind_held", 1)):
        every, rounds = table[name]
        assert [await chores.go_round(desk.database, name, every, rounds) for _ in range(2)] == [found, None]
