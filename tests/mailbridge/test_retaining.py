"""What is kept too long, on both engines: messages, who wrote and got them, what told of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlmodel import col, select, update

from mailbridge import keeping
from store import lanes, letters, outbox, posts, retention
from store.posts import NewMessage, Submission
from store.schema.delivery import Delivery
from store.schema.letter import Letter
from store.schema.message import Message
from store.schema.notice import Notice
from store.schema.post import Post
from store.schema.reminder import Reminder
from store.schema.request import Request
from store.schema.week import Week
from store.terms import Action, Decision, DeliveryState, Language, LetterKind, NoticeKind, PostState, Standing
from tests.mailbridge.desk import DAY, SYSTEM, Desk
from tests.mailbridge.intake.room import add_group, add_member


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


async def test_what_told_of_it_goes_with_it(desk: Desk) -> None:
    """Reminders and weeks, with their notices: but for one that names what still waits."""
    ids = [await desk.hold(), await desk.hold()]
    async with desk.database.writing() as tx:
        rows = [Reminder(group_id=desk.group_id, rung="again", created_at=tx.now) for _ in range(2)]
        week = Week(group_id=desk.group_id, since=tx.now - timedelta(days=7), until=tx.now, created_at=tx.now)
        tx.add_all([*rows, week])
        await tx.flush()
        waits, over = [row.id for row in rows]
        for kind, subject in (
            (NoticeKind.HELD_REMINDER, waits),
            (NoticeKind.HELD_REMINDER, over),
            (NoticeKind.DIGEST, week.id),
        ):
            assert subject is not None
            await outbox.announce(tx, kind, subject, ["C1"], group_id=desk.group_id)
        for post_id, reminder in zip(ids, (waits, over), strict=True):
            await tx.exec(update(Post).where(col(Post.id) == post_id).values(reminder_id=reminder, expires_at=None))
        await posts.discard(tx, ids[1], SYSTEM)
    desk.clock.advance(89 * DAY)
    assert await keeping.strip(desk.database, days=90) == 0
    desk.clock.advance(2 * DAY)
    assert await keeping.strip(desk.database, days=90) == 3  # the post, its reminder, the week
    kinds = (NoticeKind.HELD_REMINDER, NoticeKind.DIGEST)
    async with desk.database.reading() as tx:
        told = (await tx.exec(select(Notice.subject_id).where(col(Notice.kind).in_(kinds)))).all()
        assert (list((await tx.exec(select(Reminder.id))).all()), list(told)) == ([waits], [waits])
        assert (await tx.exec(select(Week.id))).all() == []
