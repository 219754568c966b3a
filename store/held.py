"""Held: how long posts wait for a decision, and how many may."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, func, select

from store import audience, chores, ladder, outbox
from store.engine import Reading, Writing
from store.schema.group import Group
from store.schema.post import HELD, Post
from store.terms import NoticeKind, Reason, Standing, folded

# Nobody has ten posts to one group waiting for good reasons, and nobody reads through more than a hundred. Beyond, the
# sender is asked to try again, which honest ones do for days.
MOST_OF_AUTHOR: Final = 10
MOST_OF_GROUP: Final = 100
TOLD_EVERY: Final = timedelta(days=1)
_OUTSIDE: Final = frozenset({Standing.UNPROVEN, Standing.STRANGER})
# Reasons that are the group's and not the post's: with the last of them gone it is judged anew.
OF_GROUP: Final = frozenset({"group_paused", "group_on_hold"})
_ASIDE: Final = frozenset({"through"})  # says whence it came, not why it waits
AUTHOR, GROUP = "author", "group"


def waits(reasons: Iterable[Reason], now: datetime) -> dict[str, datetime | None]:
    """The columns that say how long a post held from `now` on waits.

    What is held for its group's pause or hold alone waits for the group: it is judged anew then, and asks nobody.
    """
    names = {reason.name for reason in reasons} - _ASIDE
    if names and names <= OF_GROUP:
        return {"expires_at": None, "remind_at": None}
    return ladder.waits(now, ladder.POST_EXPIRES)


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
