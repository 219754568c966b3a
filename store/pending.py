"""Pending: what waits for a decision in some groups, counted and a page at a time, however much there is."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import col, func, select

from store.engine import Reading
from store.schema.post import HELD, Post
from store.schema.request import WAITING, Request
from store.terms import RequestState

# Conditions in the words of the partial indexes: as parameters they would have SQLite read the whole tables.
_ASKING = (WAITING, col(Request.state) == RequestState.PENDING)


async def count(tx: Reading, group_ids: Sequence[int]) -> tuple[int, int]:
    """How many requests and how many held posts wait."""
    asking = select(func.count(col(Request.id))).where(*_ASKING, col(Request.group_id).in_(group_ids))
    held = select(func.count(col(Post.id))).where(HELD, col(Post.group_id).in_(group_ids))
    return (await tx.exec(asking)).one(), (await tx.exec(held)).one()


async def requests(tx: Reading, group_ids: Sequence[int], offset: int = 0, limit: int = 100) -> list[Request]:
    """Requests that wait for a decision, the oldest first: `limit` of them from `offset` on."""
    query = select(Request).where(*_ASKING, col(Request.group_id).in_(group_ids)).order_by(col(Request.id))
    return list((await tx.exec(query.offset(offset).limit(limit))).all())


async def page(tx: Reading, group_ids: Sequence[int], offset: int, limit: int) -> list[Request | Post]:
    """Requests, then held posts, each the oldest first: `limit` of them from `offset` on."""
    found: list[Request | Post] = [*await requests(tx, group_ids, offset, limit)]
    if len(found) < limit:
        asking, _ = await count(tx, group_ids)
        held = select(Post).where(HELD, col(Post.group_id).in_(group_ids)).order_by(col(Post.id))
        found += (await tx.exec(held.offset(max(offset - asking, 0)).limit(limit - len(found)))).all()
    return found
