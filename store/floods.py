"""Floods: when many posts to a group are held within an hour, one card tells of all of them.

Mail that is sent to many groups, or a group that strangers have found: forty cards bury the one that matters. The first
ten have cards of their own; the rest of that hour stands in one message that grows in place.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlmodel import col, func, select

from store import audience, outbox
from store.engine import Reading, Writing
from store.schema.group import Group
from store.schema.post import HELD, Post
from store.terms import NoticeKind, PostState

WITHIN: Final = timedelta(hours=1)
CARDS: Final = 10  # of one hour, before it is a flood
SHOWN: Final = 5


async def announce(tx: Writing, post: Post) -> None:
    """Say that a post is held: by a card of its own, or in that of the flood it belongs to."""
    group = await tx.get(Group, post.group_id)
    assert group is not None
    assert post.id is not None
    targets = await audience.moderators(tx, group)
    post.flood_id = await _flood(tx, post)
    if post.flood_id is None:
        await outbox.announce(tx, NoticeKind.HELD_CARD, post.id, targets, group_id=group.id)
        return
    tx.add(post)
    await tx.flush()
    # Said already, it is only touched; who has become a moderator since gets it too.
    await outbox.touch(tx, NoticeKind.HELD_FLOOD, post.flood_id)
    await outbox.announce(tx, NoticeKind.HELD_FLOOD, post.flood_id, targets, group_id=group.id)


async def _flood(tx: Reading, post: Post) -> int | None:
    """The flood that the post belongs to, named by its first post; None while there is none."""
    lately = (HELD, col(Post.group_id) == post.group_id, col(Post.created_at) > tx.now - WITHIN)
    found = (await tx.exec(select(func.count(), func.max(Post.flood_id)).where(*lately))).one()
    count, flood_id = found
    if count <= CARDS:
        return None
    return int(flood_id) if flood_id is not None else post.id


async def counted(tx: Reading, flood_id: int) -> dict[PostState, int]:
    """How many posts of a flood are in each state."""
    group_id = select(Post.group_id).where(col(Post.id) == flood_id).scalar_subquery()
    # The group's index bounds the look: a flood has no index of its own.
    query = select(Post.state, func.count()).where(col(Post.group_id) == group_id, col(Post.flood_id) == flood_id)
    return {PostState(state): int(n) for state, n in (await tx.exec(query.group_by(col(Post.state)))).all()}


async def waiting(tx: Reading, flood_id: int) -> list[Post]:
    """Those of a flood that still wait, the newest first."""
    group_id = select(Post.group_id).where(col(Post.id) == flood_id).scalar_subquery()
    query = select(Post).where(HELD, col(Post.group_id) == group_id, col(Post.flood_id) == flood_id)
    return list((await tx.exec(query.order_by(col(Post.id).desc()))).all())


async def touch(tx: Writing, post: Post) -> None:
    """What became of a post has changed: the card of its flood, if it has one, is drawn anew."""
    if post.flood_id is not None:
        await outbox.touch(tx, NoticeKind.HELD_FLOOD, post.flood_id)
