"""Bounces: what came back to a return path of ours, and the delivery it amends."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from sqlmodel import col, delete, func, select, update

from store import outbox, strikes, tallies
from store.engine import Reading, Writing
from store.schema.bounce import Bounce
from store.schema.delivery import Delivery
from store.schema.message import Message
from store.schema.post import Post
from store.signal import Topic
from store.terms import BounceReason, Copies, DeliveryState, NoticeKind

AMENDS_FOR = timedelta(days=7)
KEPT_PER_DELIVERY = 20  # a return path is known to whoever got the copy, and must not fill our disk


class TooEarly(Exception):  # noqa: N818 - a state, and temporary
    """The delivery's own outcome is not written yet: nothing was kept, and the bounce is to be said again later."""


async def record(
    tx: Writing,
    delivery_id: int,
    raw: bytes,
    *,
    reason: BounceReason | None,
    recipient: str = "",
    enhanced: str = "",
    diagnostic: str = "",
) -> bool:
    """Keep what came to a delivery's return path. True if it marked the delivery bounced.

    `reason` is given if it is a null-sender report of failure (as RFC 3464 2.3.3). A delivery bounces once, and only
    within 7 days of being relayed; everything else is kept and changes nothing. `recipient` is whom the report names:
    it counts only where one return path stands for many, in a post of shared copies. Of what comes to one delivery only
    the first few are kept. Raises TooEarly.
    """
    delivery = await tx.get(Delivery, delivery_id)
    if delivery is None:
        return False
    delivery = await _meant(tx, delivery, recipient)
    delivery_id = delivery.id or delivery_id
    acted = False
    if reason is not None and delivery.state is DeliveryState.CLAIMED:
        raise TooEarly  # a next hop on this machine bounces faster than we settle
    if reason is not None:
        young = col(Delivery.settled_at) >= tx.now - AMENDS_FOR
        first = update(Delivery).where(
            col(Delivery.id) == delivery_id, col(Delivery.state) == DeliveryState.RELAYED, young
        )
        values = {"state": DeliveryState.BOUNCED, "enhanced": enhanced, "reply": diagnostic[:500], "reason": reason}
        acted = (await tx.exec(first.values(values))).rowcount == 1
    if acted and reason is not None and delivery.membership_id is not None:
        strike = strikes.New(delivery.membership_id, delivery.post_id, reason)
        await tx.run(lambda bulk: strikes.add(bulk, [strike]))
    if acted and delivery.post_id is not None:
        counts = [
            (delivery.post_id, DeliveryState.RELAYED.value, -1),
            (delivery.post_id, DeliveryState.BOUNCED.value, 1),
        ]
        await tx.run(lambda bulk: tallies.add(bulk, tallies.NOBODY, counts))
        await outbox.touch_last(tx, NoticeKind.REPORT, delivery.post_id)
        tx.wake(Topic.NOTICE)
    kept = (await tx.exec(select(func.count(col(Bounce.id))).where(Bounce.delivery_id == delivery_id))).one()
    if kept >= KEPT_PER_DELIVERY:
        return acted
    message = Message(size=len(raw), digest=sha256(raw).hexdigest(), raw=raw, created_at=tx.now)
    tx.add(message)
    await tx.flush()
    assert message.id is not None
    tx.add(
        Bounce(
            delivery_id=delivery_id,
            message_id=message.id,
            acted=acted,
            enhanced=enhanced,
            diagnostic=diagnostic[:500],
            created_at=tx.now,
        )
    )
    return acted


async def about(tx: Reading, delivery_id: int) -> int | None:
    """The membership whose copy a delivery was; None if there is none, or if one return path stands for many."""
    delivery = await tx.get(Delivery, delivery_id)
    post = await tx.get(Post, delivery.post_id) if delivery is not None and delivery.post_id is not None else None
    if delivery is None or (post is not None and (post.policy or {}).get("copies") == Copies.SHARED):
        return None
    return delivery.membership_id


async def _meant(tx: Writing, delivery: Delivery, recipient: str) -> Delivery:
    """Of shared copies the delivery of the recipient named, if the post has one; else the token's own."""
    post = await tx.get(Post, delivery.post_id) if delivery.post_id is not None else None
    if not recipient or post is None or not post.policy or post.policy.get("copies") != Copies.SHARED:
        return delivery
    same = select(Delivery).where(
        col(Delivery.post_id) == delivery.post_id, func.lower(col(Delivery.address)) == recipient.lower()
    )
    return (await tx.exec(same.limit(1))).first() or delivery


async def last_reply(tx: Reading, membership_id: int) -> str:
    """What the last report that came back for this contact said, or the hop that refused their copy; "" for nothing."""
    query = (
        select(Bounce.enhanced, Bounce.diagnostic, Delivery.reply)
        .select_from(Delivery)
        .outerjoin(Bounce, col(Bounce.delivery_id) == col(Delivery.id))
        .where(col(Delivery.post_id) == await strikes.last_post(tx, membership_id))
        .where(col(Delivery.membership_id) == membership_id)
        .where(col(Delivery.state).in_([DeliveryState.BOUNCED, DeliveryState.FAILED]))
        .order_by(col(Delivery.id).desc(), col(Bounce.id).desc())
        .limit(1)
    )
    found = (await tx.exec(query)).first()
    if found is None:
        return ""
    enhanced, diagnostic, reply = found
    return f"{enhanced or ''} {diagnostic or reply or ''}".strip()


async def purge(tx: Writing) -> int:
    """Forget bounces older than they can matter, with their bytes. Returns how many."""
    old = col(Bounce.created_at) < tx.now - AMENDS_FOR
    message_ids = (await tx.exec(select(Bounce.message_id).where(old))).all()
    await tx.exec(delete(Bounce).where(old))
    for start in range(0, len(message_ids), 500):
        await tx.exec(delete(Message).where(col(Message.id).in_(message_ids[start : start + 500])))
    return len(message_ids)
