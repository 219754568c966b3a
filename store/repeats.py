"""Repeats: a message that comes again, since its 250 was lost or by another way, and makes no second post.

But where only the later way proves who wrote it: the earlier is held as one that a forger may have sent, and must not
keep what is proven from going out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import col, select, update

from store import outbox
from store.engine import Reading, Writing
from store.schema.post import Family, Post
from store.terms import Decision, NoticeKind, PostState, Standing

REPEATS_FOR = timedelta(days=5)
# Asked for every mail: what is built once is looked up by what it is, without being read through.
_REPEATED = select(Post).where(col(Post.group_id) == bindparam("group_id"), col(Post.fingerprint) == bindparam("print"))


async def find(tx: Reading, fingerprints: Mapping[int, str | None]) -> dict[int, Post]:
    """By group id, the posts that a message with these repeat keys would repeat."""
    found: dict[int, Post] = {}
    for group_id, fingerprint in fingerprints.items():
        if fingerprint is None:
            continue
        if post := (await tx.exec(_REPEATED, params={"group_id": group_id, "print": fingerprint})).first():
            found[group_id] = post
    return found


def proves(post: Post, *, authenticated: bool) -> bool:
    """Whether the message of a held post, come again, settles what was unknown of its author."""
    return authenticated and not post.authenticated and post.state is PostState.HELD


async def take(tx: Writing, post_id: int, values: dict[str, Any], standing: Standing, decision: Decision) -> bool:
    """Put the proven message and its decision in the place of the unproven. False if a person decided meanwhile.

    `values` are columns of the message and its envelope. It stays held until the caller releases it.
    """
    values = values | {
        "authenticated": True,
        "standing": standing,
        "reasons": [reason.as_json() for reason in decision.reasons],
        "trail": [list(step) for step in decision.trail],
    }
    unproven = update(Post).where(
        col(Post.id) == post_id, col(Post.state) == PostState.HELD, col(Post.authenticated).is_(False)
    )
    if (await tx.exec(unproven.values(values))).rowcount == 0:
        return False
    await outbox.touch(tx, NoticeKind.HELD_CARD, post_id)
    return True


async def forget(tx: Writing) -> int:
    """Past 5 days a repeat of a message is a new post, of a new family. Returns how many were forgotten."""
    since = tx.now - REPEATS_FOR
    digests = update(Family).where(col(Family.digest).is_not(None), col(Family.created_at) < since)
    await tx.exec(digests.values(digest=None))
    old = update(Post).where(col(Post.fingerprint).is_not(None), col(Post.created_at) < since)
    return (await tx.exec(old.values(fingerprint=None))).rowcount
