"""What was told of posts and weeks goes when its time is over, on both engines."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import col, select, update

from mailbridge import keeping
from store import outbox, posts
from store.engine import Database
from store.schema.notice import Notice
from store.schema.post import Post
from store.schema.reminder import Reminder
from store.schema.week import Week
from store.terms import NoticeKind
from tests.conftest import Clock
from tests.mailbridge.test_keeping import DAY, SYSTEM, Desk


async def test_what_told_of_it_goes_with_it(database: Database, clock: Clock) -> None:
    """Reminders and weeks, with their notices: but for one that names what still waits."""
    desk = await Desk(database, clock).begin()
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
