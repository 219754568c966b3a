"""Freezing: the copies of groups on hold stay where they are, until the hold is lifted.

Nothing of their rows is changed: whoever claims passes over them, so that a hold costs the same for ten copies and for
a million, and takes effect with the next claim.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from sqlalchemy import select, update
from sqlmodel import col

from store.engine import Bulk
from store.schema.group import Group
from store.schema.lane import Turn
from store.schema.post import UNDONE, Post
from store.signal import Topic

# How often claimers look at what is frozen; a hold that is lifted wakes them at once.
LOOKED_AT: Final = timedelta(seconds=15)


def frozen(bulk: Bulk, lane_id: int, post_ids: Collection[int]) -> set[int]:
    """Those of the posts whose group is on hold; their turns, which the caller has locked, come again later.

    A test goes to who asked for it alone, and shows the way as it is: it is never frozen.
    """
    of_group = (
        select(col(Post.id))
        .join(Group, col(Group.id) == col(Post.group_id))
        .where(col(Post.id).in_(post_ids), col(Group.hold_id).is_not(None), col(Post.test).is_(False))
    )
    found = {post_id for post_id in bulk.connection.execute(of_group).scalars() if post_id is not None}
    if found:
        turns = update(Turn).where(col(Turn.lane_id) == lane_id, col(Turn.post_id).in_(found))
        bulk.connection.execute(turns.values(due_at=bulk.now + LOOKED_AT, served_at=bulk.now))
    return found


def thaw(bulk: Bulk, group_id: int) -> None:
    """Let the copies of a group be claimed at once; in the transaction that lifts its hold."""
    posts = select(col(Post.id)).where(UNDONE, col(Post.group_id) == group_id)
    waiting = select(col(Turn.lane_id), col(Turn.post_id)).where(col(Turn.post_id).in_(posts))
    # Locked in the order in which they are given.
    held = waiting.order_by(col(Turn.lane_id), col(Turn.post_id)).with_for_update()
    if bulk.connection.execute(held).first() is not None:
        bulk.connection.execute(update(Turn).where(col(Turn.post_id).in_(posts)).values(due_at=bulk.now))
    bulk.wake(Topic.DELIVER)
