"""Retention: the octets of messages that are done with go after some days; what was decided about them stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlmodel import col, select, update

from store.engine import Reading, Writing
from store.schema.message import KEPT, Message
from store.schema.post import HELD, NESTING, UNDONE, Post

# A large message takes a while to drop from a file, and nobody else writes meanwhile.
AT_ONCE: Final = 20


async def empty(tx: Writing, older_than: timedelta) -> int:
    """Empty some messages that came longer ago and of which nothing waits or goes out any more. Returns how many."""
    # Each in the words of its index; both are short, however many posts there were.
    waiting, going = select(Post.message_id).where(HELD), select(Post.message_id).where(UNDONE)
    old = select(Message.id).where(KEPT, col(Message.created_at) < tx.now - older_than)
    # A post that is done makes the copies which an earlier one of its family skips.
    families = select(Post.family_id).where(UNDONE, col(Post.family_id).is_not(None))
    related = select(Post.message_id).where(col(Post.family_id).in_(families))
    passing = select(Post.message_id).where(NESTING)  # it may be done, and has yet to be passed on to groups within
    needed = (waiting, going, related, passing)
    done = old.where(*(col(Message.id).not_in(ids) for ids in needed))
    ids = (await tx.exec(done.order_by(col(Message.created_at)).limit(AT_ONCE))).all()
    if ids:
        await tx.exec(update(Message).where(col(Message.id).in_(ids)).values(raw=None))
    return len(ids)


async def kept(tx: Reading, post_id: int) -> bool:
    """Whether a post's message is still there as it was received."""
    query = select(Message.id).join(Post, col(Post.message_id) == col(Message.id)).where(col(Post.id) == post_id, KEPT)
    return (await tx.exec(query)).first() is not None
