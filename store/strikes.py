"""Strikes: copies that came back, kept where it happens and looked at a little later, when it shows what they mean.

Later, for a post of which many copies come back says something of us and nothing of its contacts; and apart, for
settling a delivery must cost the same whatever becomes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_
from sqlmodel import col, delete, select, update

from store.engine import Bulk, Reading, Writing
from store.inserts import insert
from store.schema.incident import Strike
from store.schema.post import Post
from store.terms import BounceReason

KEPT_FOR = timedelta(days=14)
STRIKES_AT_ONCE = 5_000
POSTS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class New:
    """A strike to be kept; `post_id` None for a probe."""

    membership_id: int
    post_id: int | None
    reason: BounceReason


def add(bulk: Bulk, strikes: Sequence[New]) -> None:
    """Keep strikes; of one contact and post only the first."""
    rows = [
        {"membership_id": one.membership_id, "post_id": one.post_id, "reason": one.reason, "created_at": bulk.now}
        for one in sorted(strikes, key=lambda one: (one.membership_id, one.post_id or 0))
    ]
    if rows:
        new = insert(bulk, Strike).on_conflict_do_nothing(index_elements=["membership_id", "post_id"])
        bulk.connection.execute(new, rows)


async def posts_waiting(tx: Reading) -> list[int]:
    """Posts with strikes that nobody has looked at yet, some at a time."""
    waiting: Any = select(col(Strike.post_id).label("post_id")).where(
        col(Strike.counted).is_(None), col(Strike.post_id).is_not(None)
    )
    oldest = waiting.order_by(col(Strike.created_at), col(Strike.id)).limit(STRIKES_AT_ONCE).subquery()
    rows = await tx.exec(select(oldest.c.post_id).distinct().order_by(oldest.c.post_id).limit(POSTS_AT_ONCE))
    return list(rows.all())


async def next_due(tx: Writing, before: datetime) -> Strike | None:
    """The oldest strike nobody has looked at, locked: a probe's at once, any other if it is from `before`.

    A post that still makes its copies has not shown yet what share of them comes back.
    """
    ripe = (col(Strike.created_at) <= before) & col(Post.expanded_at).is_not(None)
    query = (
        select(Strike)
        .outerjoin(Post, col(Post.id) == col(Strike.post_id))
        .where(col(Strike.counted).is_(None), or_(col(Strike.post_id).is_(None), ripe))
        .order_by(col(Strike.created_at), col(Strike.id))
        .limit(1)
        .with_for_update(skip_locked=True, of=Strike)
        .execution_options(populate_existing=True)
    )
    return (await tx.exec(query)).first()


async def looked_at(tx: Writing, strike: Strike, *, counted: bool) -> None:
    """Remember whether the strike was held against its contact."""
    await tx.exec(update(Strike).where(col(Strike.id) == strike.id).values(counted=counted))


async def last_post(tx: Reading, membership_id: int) -> int | None:
    """The post whose copy for this contact was the last to come back."""
    query = select(Strike.post_id).where(col(Strike.membership_id) == membership_id, col(Strike.post_id).is_not(None))
    return (await tx.exec(query.order_by(col(Strike.id).desc()).limit(1))).first()


async def purge(tx: Writing) -> int:
    """Forget strikes that no longer matter. Returns how many."""
    return int((await tx.exec(delete(Strike).where(col(Strike.created_at) < tx.now - KEPT_FOR))).rowcount)
