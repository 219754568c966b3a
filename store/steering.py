"""Steering: what a person says of a post whose copies are on their way: try again, or stop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, select, update

from store import audit, outbox, skipping, turns
from store.engine import Reading, Writing
from store.schema.audit import Audit
from store.schema.delivery import CLAIMABLE, Delivery
from store.schema.person import Person
from store.schema.post import Post
from store.signal import Topic
from store.terms import Actor, NoticeKind

RETRIED, STOPPED = "post.retried", "post.stopped"


@dataclass(frozen=True, slots=True)
class Answered:
    """Who said what and when: `again`, or that it stops. `slack_id` is none for whom nobody knows (any more)."""

    again: bool
    slack_id: str | None
    at: datetime


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
    await _alarm_answered(tx, post_id, RETRIED, actor)
    tx.wake(Topic.DELIVER)
    return True


async def stop(tx: Writing, post_id: int, actor: Actor) -> int:
    """Skip all of a post that has not gone out. Returns how many copies that were."""
    skipped = await skipping.skip_posts(tx, [post_id])
    await tx.exec(update(Post).where(col(Post.id) == post_id).values(stalled=None))
    await _alarm_answered(tx, post_id, STOPPED, actor)
    return skipped


async def answered(tx: Reading, post: Post) -> Answered | None:
    """What was said last of the post's copies, read from the audit; None if nobody has said anything."""
    query = (
        select(Audit.verb, Person.slack_id, Audit.at)
        .outerjoin(Person, col(Person.subject) == col(Audit.actor))
        .where(col(Audit.group_id) == post.group_id, col(Audit.subject) == f"post:{post.id}")
        .where(col(Audit.verb).in_((RETRIED, STOPPED)))
        .order_by(col(Audit.id).desc())
    )
    found = (await tx.exec(query.limit(1))).first()
    return None if found is None else Answered(found[0] == RETRIED, found[1], found[2])


async def _alarm_answered(tx: Writing, post_id: int, verb: str, actor: Actor) -> None:
    post = await tx.get(Post, post_id, populate_existing=True)
    assert post is not None
    await audit.record(tx, verb, actor, group_id=post.group_id, subject=f"post:{post_id}")
    for kind in (NoticeKind.POST_ALARM, NoticeKind.REPORT, NoticeKind.HELD_CARD):  # the card offers Stop, too
        await outbox.touch_last(tx, kind, post_id)
