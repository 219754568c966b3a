"""Skipping: what waits in the queue and is not to go out: its contact left or was stopped, or its post was.

What is claimed already goes out: it may be at the next hop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlmodel import col

from store import families, tallies, turns
from store.chunks import chunks
from store.engine import Writing
from store.schema.delivery import CLAIMABLE, UNSETTLED, Delivery
from store.schema.membership import Membership
from store.schema.post import UNDONE, Post
from store.signal import Topic
from store.terms import DeliveryState


async def skip(tx: Writing, membership_ids: Sequence[int]) -> int:
    """Skip what still waits for these memberships: they left, were removed, or were stopped. Returns how many."""
    if not membership_ids:
        return 0
    await _hold_posts(tx, membership_ids[0])
    connection = await tx.connection()
    rows: list[Any] = []
    for some in chunks(sorted(membership_ids)):
        rows += (await connection.execute(_waiting(col(Delivery.membership_id).in_(some), UNSETTLED))).all()
    return await _skip(tx, rows)


async def _hold_posts(tx: Writing, membership_id: int) -> None:
    """Let no post of this member's group expand to the end of the transaction, nor one that leaves out whom they reach.

    A chunk that is being written is waited for: it may hold copies that nobody sees yet. KEY SHARE stands in the way of
    going through contacts alone: workers that claim and mark posts done must not wait for this, which waits for them.
    """
    group = select(col(Membership.group_id)).where(col(Membership.id) == membership_id).scalar_subquery()
    undone = select(col(Post.id)).where(UNDONE, col(Post.group_id) == group)
    held = undone.order_by(col(Post.id)).with_for_update(read=True, key_share=True)
    found = (await (await tx.connection()).execute(held)).scalars()
    await _hold_later(tx, [post_id for post_id in found if post_id is not None])


async def _hold_later(tx: Writing, post_ids: Sequence[int]) -> None:
    """Lock the posts that make the copies which these skip; read once these are locked, so that none comes to it."""
    for some in chunks(await tx.run(lambda bulk: families.later(bulk, post_ids))):
        later = select(col(Post.id)).where(col(Post.id).in_(some)).order_by(col(Post.id))
        await (await tx.connection()).execute(later.with_for_update(read=True, key_share=True))


def _waiting(*of: Any) -> Any:
    # Locked in one order, as two of these may meet.
    columns = (col(Delivery.id), col(Delivery.post_id), col(Delivery.state), col(Delivery.key), col(Delivery.lane_id))
    query = select(*columns).where(*of, CLAIMABLE)
    return query.order_by(col(Delivery.id)).with_for_update()


async def skip_posts(tx: Writing, post_ids: Sequence[int]) -> int:
    """Skip all that still waits of these posts: stopped by an administrator, or their group is gone."""
    connection = await tx.connection()
    rows: list[Any] = []
    for some in chunks(sorted(post_ids)):
        # What has no rows yet gets none; a chunk that is being written is waited for.
        these = select(col(Post.id)).where(col(Post.id).in_(some)).order_by(col(Post.id))
        await connection.execute(these.with_for_update(key_share=True))
        await _hold_later(tx, some)
        unexpanded = update(Post).where(col(Post.id).in_(some), col(Post.expanded_at).is_(None))
        await connection.execute(unexpanded.values(expanded_at=tx.now))
        # Nor is anybody handed over to them by another post of their family.
        await connection.execute(update(Post).where(col(Post.id).in_(some)).values(high_water=0))
        rows += (await connection.execute(_waiting(col(Delivery.post_id).in_(some)))).all()
    return await _skip(tx, rows)


async def _skip(tx: Writing, rows: Sequence[Any]) -> int:
    connection = await tx.connection()
    ids = [row.id for row in rows]
    for start in range(0, len(ids), 1000):
        part = update(Delivery).where(col(Delivery.id).in_(ids[start : start + 1000]))
        await connection.execute(part.values(state=DeliveryState.SKIPPED, settled_at=tx.now))
    counts = [(row.post_id or turns.LETTERS, DeliveryState.SKIPPED.value, 1) for row in rows]
    counts += [
        (row.post_id or turns.LETTERS, DeliveryState.DEFERRED.value, -1)
        for row in rows
        if row.state == DeliveryState.DEFERRED
    ]
    await tx.run(lambda bulk: tallies.add(bulk, tallies.NOBODY, counts))
    lost = [families.Skipped(row.post_id, row.key, row.lane_id) for row in rows if row.post_id and row.key]
    await tx.run(lambda bulk: families.hand_over(bulk, lost))
    tx.wake(Topic.DELIVER)  # a post may be done by this
    return len(rows)
