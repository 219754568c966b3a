"""What waits too long and what is kept too long, on both engines: expiry, reminders, retention."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from mailbridge import chores, keeping
from mailbridge.rejudge import rejudge
from store import audience, ending, groups, ladder, lanes, letters, outbox, posts, retention
from store.engine import Database
from store.hours import Hours
from store.marks import Marks
from store.posts import NewMessage, Submission
from store.schema.audit import Audit
from store.schema.delivery import Delivery
from store.schema.group import Group
from store.schema.letter import Letter
from store.schema.message import Message
from store.schema.notice import Notice
from store.schema.post import Post
from store.schema.reminder import Reminder
from store.schema.request import Request
from store.terms import (
    Action,
    Actor,
    Decision,
    DeliveryState,
    Language,
    LetterKind,
    Mode,
    Moderation,
    NoticeKind,
    Posting,
    PostState,
    Reason,
    Standing,
)
from tests.conftest import Clock
from tests.mailbridge.intake.room import add_group, add_member

HOUR, DAY = 3_600, 86_400
SYSTEM = Actor("system")


class Desk:
    """A group with an administrator, and what waits there."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database, self.clock, self.group_id, self.made = database, clock, 0, 0

    async def begin(self, **settings: Any) -> Desk:
        given = {"posting": Posting.MEMBERS, "moderation": Moderation.NON_MEMBERS, "moderation_channel": "C1"}
        self.group_id = await add_group(self.database, "team", **(given | settings))
        await add_member(self.database, self.group_id, "boss@example.com", administrator=True)
        return self

    async def hold(self, *, proven: bool = False, reason: str = "non_member", **marks: Any) -> int:
        self.made += 1
        message = NewMessage(
            raw=b"From: a@x.example\r\n\r\nText\r\n", public_id=f"p{self.made}", author=f"a{self.made}@x.example",
            subject="Lunch", header_message_id=f"<{self.made}@x.example>", authenticated=proven,
        )  # fmt: skip
        reasons = (Reason(reason, {"author": "a@x.example", "group": "team@example.org"}),)
        standing = Standing.STRANGER if reason == "non_member" else Standing.MEMBER
        one = Submission(self.group_id, standing, Decision(Action.HOLD, reasons), None, Marks(**marks))
        async with self.database.writing() as tx:
            (post,) = (await posts.submit(tx, message, [one])).posts
        assert post.id is not None
        return post.id

    async def post(self, post_id: int) -> Post:
        async with self.database.reading() as tx:
            found = await posts.get(tx, post_id)
        assert found is not None
        return found

    async def rows(self, table: Any) -> list[Any]:
        async with self.database.reading() as tx:
            return list((await tx.exec(select(table).order_by(col(table.id)))).all())

    async def notices(self, kind: NoticeKind) -> list[Notice]:
        return [notice for notice in await self.rows(Notice) if notice.kind is kind]

    async def reminders(self) -> int:
        return len(await self.notices(NoticeKind.HELD_REMINDER))

    async def run(self) -> tuple[int, int]:
        """What expired and what was reminded of, now."""
        return await keeping.expire(self.database, by_domain=False), await keeping.remind(self.database, hours=Hours())


@pytest.fixture
async def desk(database: Database, clock: Clock) -> Desk:
    return await Desk(database, clock).begin()


# ---------------------------------------------------------------- expiry


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


# ---------------------------------------------------------------- retention


async def test_messages_are_emptied_when_nothing_waits_or_goes_out_any_more(desk: Desk) -> None:
    held_on, discarded = await desk.hold(), await desk.hold()
    async with desk.database.writing() as tx:
        await posts.discard(tx, discarded, SYSTEM)
        going = await desk_accept(desk, tx)
    desk.clock.advance(30 * DAY)
    assert await keeping.empty(desk.database, days=30) == 0
    desk.clock.advance(1)
    assert await keeping.empty(desk.database, days=30) == 1
    async with desk.database.reading() as tx:
        kept = {post_id: await retention.kept(tx, post_id) for post_id in (held_on, discarded, going)}
        assert kept == {held_on: True, discarded: False, going: True}
        assert await posts.raw(tx, discarded) is None
        assert await posts.size(tx, discarded) == 27
    async with desk.database.writing() as tx:
        await tx.exec(update(Post).where(col(Post.id) == going).values(done_at=tx.now))
        await posts.discard(tx, held_on, SYSTEM)
    desk.clock.advance(30 * DAY)  # they count from the last outcome, however old the message is
    assert await keeping.empty(desk.database, days=30) == 0
    desk.clock.advance(1)
    assert await keeping.empty(desk.database, days=30) == 2
    assert await keeping.empty(desk.database, days=30) == 0


async def desk_accept(desk: Desk, tx: Any) -> int:
    message = NewMessage(raw=b"From: a@x.example\r\n\r\nText\r\n", public_id="q", author="a@x.example")
    one = Submission(desk.group_id, Standing.MEMBER, Decision(Action.ACCEPT), None)
    (post,) = (await posts.submit(tx, message, [one])).posts
    assert post.id is not None
    return post.id


async def test_a_message_of_two_posts_stays_as_long_as_one_needs_it(desk: Desk) -> None:
    other = await add_group(desk.database, "other")
    message = NewMessage(raw=b"From: a@x.example\r\n\r\nText\r\n", public_id="q", author="a@x.example")
    both = [Submission(one, Standing.STRANGER, Decision(Action.HOLD), None) for one in (desk.group_id, other)]
    async with desk.database.writing() as tx:
        one, two = (await posts.submit(tx, message, both)).posts
        assert one.id is not None
        assert two.id is not None
        await posts.discard(tx, one.id, SYSTEM)
    desk.clock.advance(31 * DAY)
    assert await keeping.empty(desk.database, days=30) == 0
    async with desk.database.writing() as tx:
        await posts.discard(tx, two.id, SYSTEM)
    desk.clock.advance(30 * DAY + 1)
    assert await keeping.empty(desk.database, days=30) == 1


async def test_many_are_emptied_in_small_transactions(desk: Desk) -> None:
    async with desk.database.writing() as tx:
        for n in range(2 * retention.AT_ONCE + 1):
            tx.add(Message(size=1, digest=str(n), raw=b"x", created_at=tx.now))
    desk.clock.advance(2 * DAY)
    async with desk.database.writing() as tx:
        assert await retention.empty(tx, timedelta(days=1)) == retention.AT_ONCE
    assert await keeping.empty(desk.database, days=1) == retention.AT_ONCE + 1


async def test_who_wrote_and_got_a_post_goes_after_longer_and_figures_stay(desk: Desk) -> None:
    """Whatever of it still goes out or waits keeps its addresses, however old it is."""
    await add_member(desk.database, desk.group_id, "ann@example.com")
    done, held_on = await desk.hold(proven=True), await desk.hold()
    async with desk.database.writing() as tx:
        await posts.release(tx, done, SYSTEM)
        going = await desk_accept(desk, tx)
    async with desk.database.writing() as tx:
        lane = await tx.run(lambda bulk: lanes.ensure(bulk, lanes.RELAY))
        for post_id in (done, going):
            tx.add(
                Delivery(post_id=post_id, lane_id=lane, address="ann@example.com", key="ann@example.com",
                         state=DeliveryState.RELAYED, created_at=tx.now, due_at=tx.now, settled_at=tx.now,
                         reply="for <ann@example.com>")
            )  # fmt: skip
        await tx.exec(update(Post).where(col(Post.id) == done).values(done_at=tx.now))
        await outbox.announce(tx, NoticeKind.REPORT, done, ["C1"], group_id=desk.group_id)
        tx.add(Request(group_id=desk.group_id, address="bob@x.example", key="bob@x.example", created_at=tx.now))
        await letters.write(tx, LetterKind.TEST, "ann@example.com", Language.EN)
        await tx.exec(update(Delivery).where(col(Delivery.letter_id).is_not(None)).values(state="relayed"))
    desk.clock.advance(90 * DAY)
    assert await keeping.strip(desk.database, days=90) == 0
    desk.clock.advance(1)
    assert await keeping.strip(desk.database, days=90) == 3  # a delivery, its post, a letter
    assert await keeping.strip(desk.database, days=90) == 0
    kept = {row.post_id: (row.address, row.key, row.reply, row.state) for row in await desk.rows(Delivery)}
    assert kept[done] == ("", None, "", DeliveryState.RELAYED)
    assert kept[going][0] == "ann@example.com"
    post = await desk.post(done)
    assert (post.author, post.subject, post.reasons, post.state) == ("", "", [], PostState.ACCEPTED)
    assert (await desk.post(held_on)).author
    assert [notice.subject_id for notice in await desk.notices(NoticeKind.REPORT)] == [going]
    assert await desk.rows(Letter) == []
    assert [row.key for row in await desk.rows(Request)] == ["bob@x.example"]
    async with desk.database.writing() as tx:
        await tx.exec(update(Request).values(state="denied", decided_at=tx.now))
    desk.clock.advance(90 * DAY + 1)
    assert await keeping.strip(desk.database, days=90) == 1
    assert await desk.rows(Request) == []


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
