"""Retention: the octets of messages that are done with go after some days, and much later who wrote and got them.

What stays are figures: tallies, states, sizes and times.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, Final

from sqlmodel import col, delete, exists, func, or_, select, update

from store import notices
from store.chunks import chunks
from store.engine import Reading, Writing
from store.schema.delivery import Delivery
from store.schema.letter import Letter
from store.schema.message import KEPT, Message
from store.schema.notice import Notice
from store.schema.post import HELD, NESTING, UNDONE, UNSTRIPPED, Post
from store.schema.reminder import Reminder
from store.schema.request import WAITING, Request
from store.schema.week import Week
from store.terms import OPEN_DELIVERY, NoticeKind, PostState, RequestState

# A large message takes a while to drop from a file, and nobody else writes meanwhile.
AT_ONCE: Final = 20
ROWS_AT_ONCE: Final = 2000
# Drawn from a post alone, so nothing is left to draw when its addresses are gone.
_OF_POSTS: Final = (
    NoticeKind.HELD_CARD,
    NoticeKind.HELD_FLOOD,
    NoticeKind.HELD_FULL,
    NoticeKind.REPORT,
    NoticeKind.POST_ALARM,
    NoticeKind.TEST_STEPS,
    NoticeKind.BOUNCE_STORM,
)
_OF_REQUESTS: Final = (NoticeKind.REQUEST_CARD, NoticeKind.REQUEST_OUTCOME)
_LAST = func.coalesce(col(Post.done_at), col(Post.decided_at), col(Post.created_at))  # a post's last outcome
# What a post keeps of people, emptied.
BLANK: Final[Mapping[str, Any]] = {
    "return_path": "",
    "author": "",
    "author_name": "",
    "subject": "",
    "header_message_id": "",
    "addressed": [],
    "results": [],
    "origin": {},
    "helo": "",
    "client": "",
    "reasons": [],
    "decision_reason": "",
    "stalled": None,
    "alteration": None,
    "only_to": None,
}


async def empty(tx: Writing, older_than: timedelta) -> int:
    """Empty some messages of which nothing waits or goes out any more, so long after their last outcome.

    Returns how many."""
    # Each in the words of its index; both are short, however many posts there were.
    waiting, going = select(Post.message_id).where(HELD), select(Post.message_id).where(UNDONE)
    old = select(Message.id).where(KEPT, col(Message.created_at) < tx.now - older_than)
    related = select(Post.message_id).where(_of_open_families())
    passing = select(Post.message_id).where(NESTING)  # it may be done, and has yet to be passed on to groups within
    needed = (waiting, going, related, passing)
    # A value for each message: as NOT EXISTS, the database might read all posts there ever were.
    last = select(func.max(_LAST)).where(col(Post.message_id) == col(Message.id)).correlate(Message).scalar_subquery()
    over = func.coalesce(last, col(Message.created_at)) < tx.now - older_than
    done = old.where(*(col(Message.id).not_in(ids) for ids in needed), over)
    ids = (await tx.exec(done.order_by(col(Message.created_at)).limit(AT_ONCE))).all()
    if ids:
        await tx.exec(update(Message).where(col(Message.id).in_(ids)).values(raw=None))
    return len(ids)


async def kept(tx: Reading, post_id: int) -> bool:
    """Whether a post's message is still there as it was received."""
    query = select(Message.id).join(Post, col(Post.message_id) == col(Message.id)).where(col(Post.id) == post_id, KEPT)
    return (await tx.exec(query)).first() is not None


def still_needed() -> Any:
    """For a query of posts: it waits, goes out, makes the copies of one that does, or is yet to be passed on."""
    return or_(HELD, UNDONE, NESTING, _of_open_families())


def _of_open_families() -> Any:
    # A post that is done makes the copies which an earlier one of its family skips.
    return col(Post.family_id).in_(select(Post.family_id).where(UNDONE, col(Post.family_id).is_not(None)))


async def strip_posts(tx: Writing, older_than: timedelta) -> int:
    """Take the addresses from some deliveries of a post whose last outcome is longer ago, and when none is left, from
    the post. Returns how many rows were changed; their figures stay."""
    old = select(Post.id).where(UNSTRIPPED, col(Post.created_at) < tx.now - older_than, tx.now - older_than > _LAST)
    over = or_(col(Post.state) != PostState.ACCEPTED, col(Post.done_at).is_not(None))
    post_id = (await tx.exec(old.where(over).order_by(col(Post.created_at)).limit(1))).first()
    if post_id is None:
        return 0
    some = select(Delivery.id).where(col(Delivery.post_id) == post_id, col(Delivery.address) != "")
    ids = (await tx.exec(some.limit(ROWS_AT_ONCE))).all()
    await tx.exec(update(Delivery).where(col(Delivery.id).in_(ids)).values(address="", key=None, reply=""))
    if len(ids) == ROWS_AT_ONCE:
        return len(ids)
    await tx.exec(update(Post).where(col(Post.id) == post_id).values(**BLANK, stripped_at=tx.now))
    await _unsay(tx, _OF_POSTS, [post_id])
    return len(ids) + 1


async def drop_letters(tx: Writing, older_than: timedelta) -> int:
    """Drop some of our own mails that are longer ago and over. Returns how many."""
    going = exists().where(col(Delivery.letter_id) == col(Letter.id), col(Delivery.state).in_(OPEN_DELIVERY))
    old = select(Letter.id).where(col(Letter.created_at) < tx.now - older_than, ~going)
    ids = (await tx.exec(old.order_by(col(Letter.id)).limit(ROWS_AT_ONCE))).all()
    await tx.exec(delete(Letter).where(col(Letter.id).in_(ids)))
    return len(ids)


async def drop_requests(tx: Writing, older_than: timedelta) -> int:
    """Drop some subscriptions that were decided longer ago. Returns how many."""
    decided = func.coalesce(col(Request.decided_at), col(Request.created_at)) < tx.now - older_than
    waiting = col(Request.state).in_([RequestState.UNCONFIRMED, RequestState.PENDING])
    ids = (await tx.exec(select(Request.id).where(decided, ~waiting).limit(ROWS_AT_ONCE))).all()
    await _unsay(tx, _OF_REQUESTS, [one for one in ids if one is not None])
    await tx.exec(delete(Request).where(col(Request.id).in_(ids)))
    return len(ids)


async def drop_reminders(tx: Writing, older_than: timedelta) -> int:
    """Drop some reminders that are longer ago and name nothing that still waits. Returns how many."""
    naming = [
        select(model.reminder_id).where(waits, col(model.reminder_id).is_not(None))
        for model, waits in ((Post, HELD), (Request, WAITING))
    ]
    over = [col(Reminder.id).not_in(ids) for ids in naming]
    return await _drop(tx, Reminder, NoticeKind.HELD_REMINDER, older_than, *over)


async def drop_weeks(tx: Writing, older_than: timedelta) -> int:
    """Drop some weeks that were told longer ago; what they told stands in Slack. Returns how many."""
    return await _drop(tx, Week, NoticeKind.DIGEST, older_than)


async def _drop(
    tx: Writing, table: type[Reminder] | type[Week], kind: NoticeKind, older_than: timedelta, *over: Any
) -> int:
    old = select(table.id).where(col(table.created_at) < tx.now - older_than, *over)
    ids = (await tx.exec(old.order_by(col(table.id)).limit(ROWS_AT_ONCE))).all()
    await _unsay(tx, (kind,), ids)
    await tx.exec(delete(table).where(col(table.id).in_(ids)))
    return len(ids)


async def _unsay(tx: Writing, kinds: Collection[NoticeKind], subject_ids: Collection[int | None]) -> None:
    """What stands in Slack stays as it was drawn last: nobody knows any more who was told."""
    keys = [notices.key(kind, one) for kind in kinds for one in subject_ids if one is not None]
    for some in chunks(keys):
        await tx.exec(delete(Notice).where(col(Notice.key).in_(some)))
