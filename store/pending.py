"""Pending: what waits for a decision in some groups, counted and a page at a time, however much there is."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import col, func, select

from store.engine import Reading
from store.schema.post import Post
from store.schema.request import Request
from store.terms import PostState, RequestState


async def count(tx: Reading, group_ids: Sequence[int]) -> tuple[int, int]:
    """How many requests and how many held posts wait."""
    requests = select(func.count(col(Request.id))).where(
        col(Request.state) == RequestState.PENDING, col(Request.group_id).in_(group_ids)
    )
    posts = select(func.count(col(Post.id))).where(col(Post.state) == PostState.HELD, col(Post.group_id).in_(group_ids))
    return (await tx.exec(requests)).one(), (await tx.exec(posts)).one()


async def page(tx: Reading, group_ids: Sequence[int], offset: int, limit: int) -> list[Request | Post]:
    """Requests, then held posts, each the oldest first: `limit` of them from `offset` on."""
    waiting = (
        select(Request)
        .where(col(Request.state) == RequestState.PENDING, col(Request.group_id).in_(group_ids))
        .order_by(col(Request.id))
    )
    found: list[Request | Post] = list((await tx.exec(waiting.offset(offset).limit(limit))).all())
    if len(found) < limit:
        requests, _ = await count(tx, group_ids)
        held = (
            select(Post)
            .where(col(Post.state) == PostState.HELD, col(Post.group_id).in_(group_ids))
            .order_by(col(Post.id))
        )
        first = max(offset - requests, 0)
        found += (await tx.exec(held.offset(first).limit(limit - len(found)))).all()
    return found
