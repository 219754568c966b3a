"""Held: how long posts wait for a decision, who is reminded of it, and how many may wait."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, func, select

from store import audience, chores, outbox
from store.engine import Reading, Writing
from store.schema.group import Group
from store.schema.post import HELD, Post
from store.schema.reminder import Reminder
from store.terms import GroupKind, NoticeKind, Reason, Standing, folded

# As long as mlmmj, half of Google Groups: a decision that nobody took in a week is not coming.
EXPIRES_AFTER: Final = timedelta(days=7)
# A day, three days, and a day before the end.
REMIND_AFTER: Final = (timedelta(hours=24), timedelta(hours=72), EXPIRES_AFTER - timedelta(days=1))
# What would be due within this time of a reminder is named in it, so that a group hears of all its posts together.
TOGETHER: Final = timedelta(hours=12)
# Nobody has ten posts to one group waiting for good reasons, and nobody reads through more than a hundred. Beyond, the
# sender is asked to try again, which honest ones do for days.
MOST_OF_AUTHOR: Final = 10
MOST_OF_GROUP: Final = 100
TOLD_EVERY: Final = timedelta(days=1)
_OUTSIDE: Final = frozenset({Standing.UNPROVEN, Standing.STRANGER})
_ONLY_PAUSED: Final = frozenset({"group_paused"})
_ASIDE: Final = frozenset({"through"})  # says whence it came, not why it waits
AUTHOR, GROUP = "author", "group"


def waits(reasons: Iterable[Reason], now: datetime) -> dict[str, datetime | None]:
    """The columns that say how long a post held from `now` on waits.

    What is held for its group's pause alone waits for the group: it is judged anew at resume, and asks nobody before.
    """
    if {reason.name for reason in reasons} - _ASIDE == _ONLY_PAUSED:
        return {"expires_at": None, "remind_at": None}
    return {"expires_at": now + EXPIRES_AFTER, "remind_at": now + REMIND_AFTER[0]}


# ---------------------------------------------------------------- how many


async def without_room(
    tx: Reading, author: str, *, authenticated: bool, standings: Sequence[tuple[int, Standing]]
) -> dict[int, str]:
    """Of these groups, with what the author is to each, where no post of theirs can be held now: `author` or `group`.

    Whoever forges addresses fills the places of strangers, and only theirs: proven members of a group have their own,
    and a proven author is another one than who only claims the address.
    """
    full: dict[int, str] = {}
    for group_id, standing in standings:
        waiting = await _waiting(tx, group_id)
        own = sum(folded(one) == folded(author) and proven is authenticated for one, proven, _ in waiting)
        if own >= MOST_OF_AUTHOR:
            full[group_id] = AUTHOR
        elif sum((one in _OUTSIDE) is (standing in _OUTSIDE) for _, _, one in waiting) >= MOST_OF_GROUP:
            full[group_id] = GROUP
    return full


async def _waiting(tx: Reading, group_id: int) -> Sequence[tuple[str, bool, str]]:
    """Of what waits in a group, which the limits keep short: the author, whether proven, and what they are to it."""
    query = select(Post.author, Post.authenticated, Post.standing).where(HELD, col(Post.group_id) == group_id)
    return (await tx.exec(query)).all()


async def of_author(tx: Reading, post: Post) -> int:
    """How many posts with this one's author address wait in its group, this one included."""
    return sum(folded(author) == folded(post.author) for author, _, _ in await _waiting(tx, post.group_id))


async def tell_full(tx: Writing, group_id: int) -> bool:
    """Say once a day, where the group's cards are, that no more posts can be held. Returns whether it was said now."""
    group = await tx.get(Group, group_id)
    if group is None or group.deleted_at is not None or not await chores.claim(tx, _full(group_id), TOLD_EVERY):
        return False
    newest = (await tx.exec(select(func.max(Post.id)).where(HELD, col(Post.group_id) == group_id))).one()
    if newest is None:
        return False
    # About the post that took the last place: another one takes it the next time.
    targets = await audience.moderators(tx, group)
    await outbox.announce(tx, NoticeKind.HELD_FULL, newest, targets, group_id=group_id)
    return True


async def told_full(tx: Reading, group_id: int) -> bool:
    """Whether that was said within a day, so that nothing is to be written for it."""
    return not await chores.due(tx, _full(group_id))


def _full(group_id: int) -> str:
    return f"held_full:{group_id}"


# ---------------------------------------------------------------- how long


async def expired(tx: Reading, limit: int) -> list[int]:
    """Ids of held posts whose time is over, by group and age."""
    # In the order of the index of held posts: else SQLite reads the whole table.
    over = select(Post.id).where(HELD, col(Post.expires_at) <= tx.now)
    query = over.order_by(col(Post.group_id), col(Post.id)).limit(limit)
    return [post_id for post_id in (await tx.exec(query)).all() if post_id is not None]


async def to_remind(tx: Reading) -> list[int]:
    """Ids of groups with a held post whose moderators are to be reminded now."""
    due = select(Post.group_id).where(HELD, col(Post.remind_at) <= tx.now, col(Post.expires_at) > tx.now)
    return list((await tx.exec(due.distinct().order_by(col(Post.group_id)))).all())


async def remind(tx: Writing, group_id: int) -> int:
    """Remind a group's moderators, by one notice, of what is due now or soon. Returns how many posts it names.

    Each post takes its next date in the same transaction, so no two processes remind of one twice; what several dates
    have passed for, while nothing ran, is reminded of once.
    """
    group = await tx.get(Group, group_id)
    if group is None or group.kind is not GroupKind.GROUP:
        return 0
    # Whose time is over is nobody's to decide any more, even if it has not ended yet.
    query = select(Post).where(HELD, col(Post.group_id) == group_id, col(Post.expires_at) > tx.now)
    query = query.order_by(col(Post.id))
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    posts = [post for post in (await tx.exec(locked)).all() if post.remind_at is not None]
    if not any(post.remind_at is not None and post.remind_at <= tx.now for post in posts):
        return 0
    named = [post for post in posts if post.remind_at is not None and post.remind_at <= tx.now + TOGETHER]
    reminder = Reminder(group_id=group_id, created_at=tx.now)
    tx.add(reminder)
    await tx.flush()
    assert reminder.id is not None
    overtaken = sorted({post.reminder_id for post in named if post.reminder_id is not None})
    for post in named:
        post.reminder_id, post.remind_at = reminder.id, _next(post, tx.now)
        tx.add(post)
    await tx.flush()
    for reminder_id in overtaken:
        await outbox.touch(tx, NoticeKind.HELD_REMINDER, reminder_id)
    targets = await audience.moderators(tx, group)
    await outbox.announce(tx, NoticeKind.HELD_REMINDER, reminder.id, targets, group_id=group_id)
    return len(named)


def _next(post: Post, now: datetime) -> datetime | None:
    """The first date after the one that is being used, and after now."""
    assert post.expires_at is not None
    assert post.remind_at is not None
    held_at = post.expires_at - EXPIRES_AFTER
    after = max(post.remind_at, now)
    return next((held_at + wait for wait in REMIND_AFTER if held_at + wait > after), None)


async def named(tx: Reading, group_id: int, reminder_id: int) -> list[Post]:
    """The posts a reminder names that still wait, oldest first."""
    query = select(Post).where(HELD, col(Post.group_id) == group_id, col(Post.reminder_id) == reminder_id)
    return list((await tx.exec(query.order_by(col(Post.id)))).all())


async def withdraw(tx: Writing, post: Post) -> None:
    """The post waits no more: what reminded of it is drawn anew."""
    if post.reminder_id is not None:
        await outbox.touch(tx, NoticeKind.HELD_REMINDER, post.reminder_id)
