"""Steering: what a person says of a post whose copies are on their way: try again, or stop."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select, update

from store import audit, outbox, queue, turns
from store.engine import Writing
from store.schema.delivery import CLAIMABLE, Delivery
from store.schema.post import Post
from store.signal import Topic
from store.terms import Actor, NoticeKind


async def retry(tx: Writing, post_id: int, actor: Actor) -> bool:
    """Try a stalled post again. False if it is not stalled (any more)."""
    freed = update(Post).where(col(Post.id) == post_id, col(Post.stalled).is_not(None)).values(stalled=None)
    if (await tx.exec(freed)).rowcount == 0:
        return False
    waiting: list[Any] = [col(Delivery.post_id) == post_id, CLAIMABLE]
    lane_ids = (await tx.exec(select(Delivery.lane_id).where(*waiting).distinct())).all()
    # Locked in the order in which leaving locks them.
    await tx.exec(select(Delivery.id).where(*waiting).order_by(col(Delivery.id)).with_for_update())
    await tx.exec(update(Delivery).where(*waiting).values(due_at=tx.now))
    await tx.run(lambda bulk: turns.give(bulk, [(lane_id, post_id) for lane_id in lane_ids], bulk.now))
    await _alarm_answered(tx, post_id, "post.retried", actor)
    tx.wake(Topic.DELIVER)
    return True


async def stop(tx: Writing, post_id: int, actor: Actor) -> int:
    """Skip all of a post that has not gone out. Returns how many copies that were."""
    skipped = await queue.skip_posts(tx, [post_id])
    await tx.exec(update(Post).where(col(Post.id) == post_id).values(stalled=None))
    await _alarm_answered(tx, post_id, "post.stopped", actor)
    return skipped


async def _alarm_answered(tx: Writing, post_id: int, verb: str, actor: Actor) -> None:
    post = await tx.get(Post, post_id, populate_existing=True)
    assert post is not None
    await audit.record(tx, verb, actor, group_id=post.group_id, subject=f"post:{post_id}")
    await outbox.touch(tx, NoticeKind.POST_ALARM, post_id)
    await outbox.touch(tx, NoticeKind.REPORT, post_id)
