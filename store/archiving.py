"""Archiving: a group that takes no more mail, and whose roster and reports stay to be read."""

from __future__ import annotations

from sqlmodel import col, func, select

from store import audit, roster, waiting
from store.engine import Writing
from store.schema.group import Group
from store.schema.post import HELD, Post
from store.terms import Actor, Refused, RequestKind, RequestState


async def archive(tx: Writing, group_id: int, actor: Actor) -> Group:
    """Let a group take no more mail and no more requests to join; what was accepted still goes out.

    Raises Refused `group_gone`, `already_archived`, and `archive_waiting` while posts wait for a decision: they were
    taken, so somebody says what becomes of them.
    """
    group = await roster.lock(tx, group_id)
    if group.archived:
        raise Refused("already_archived", address=group.address)
    held = (await tx.exec(select(func.count()).select_from(Post).where(HELD, col(Post.group_id) == group_id))).one()
    if held:
        raise Refused("archive_waiting", address=group.address, count=str(held))
    group.archived_at = tx.now
    tx.add(group)
    await tx.flush()
    await waiting.close(tx, group_id, RequestState.EXPIRED, kind=RequestKind.JOIN)
    await audit.record(tx, "group.archived", actor, group_id=group_id)
    return group


async def reopen(tx: Writing, group_id: int, actor: Actor) -> Group:
    """Let an archived group take mail again. Raises Refused `group_gone`, `not_archived`."""
    group = await roster.lock(tx, group_id)
    if not group.archived:
        raise Refused("not_archived", address=group.address)
    group.archived_at = None
    tx.add(group)
    await tx.flush()
    await audit.record(tx, "group.reopened", actor, group_id=group_id)
    return group
