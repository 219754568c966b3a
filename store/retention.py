"""Retention: the octets of messages that are done with go after some days; what was decided about them stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlmodel import col, exists, or_, select, update

from store.engine import Reading, Writing
from store.schema.message import KEPT, Message
from store.schema.post import HELD, UNDONE, Post

# A large message takes a while to drop from a file, and nobody else writes meanwhile.
AT_ONCE: Final = 20


async def empty(tx: Writing, older_than: timedelta) -> int:
    """Empty some messages that came longer ago and of which nothing waits or goes out any more. Returns how many."""
    needed = exists().where(col(Post.message_id) == col(Message.id), or_(HELD, UNDONE))
    old = select(Message.id).where(KEPT, col(Message.created_at) < tx.now - older_than, ~needed)
    ids = (await tx.exec(old.order_by(col(Message.created_at)).limit(AT_ONCE))).all()
    if ids:
        await tx.exec(update(Message).where(col(Message.id).in_(ids)).values(raw=None))
    return len(ids)


async def kept(tx: Reading, post_id: int) -> bool:
    """Whether a post's message is still there as it was received."""
    query = select(Message.id).join(Post, col(Post.message_id) == col(Message.id)).where(col(Post.id) == post_id, KEPT)
    return (await tx.exec(query)).first() is not None
