"""Ending: a group is deleted, and with it all that waits and goes out."""

from __future__ import annotations

from sqlalchemy import delete as delete_rows
from sqlmodel import col, or_, select, update

from store import audit, authors, ladder, outbox, posts, queue, waiting
from store.engine import Writing
from store.schema.group import Group, Name
from store.schema.post import UNDONE, Post
from store.terms import Actor, NoticeKind, PostState, Refused, RequestState


async def delete(tx: Writing, group_id: int, actor: Actor) -> Group:
    """End a group: its addresses are free at once, nothing more goes out, and all that waits is closed and told."""
    found = await tx.exec(
        select(Group)
        .where(col(Group.id) == group_id)
        .with_for_update(key_share=True)  # posts and notices that refer to it need not wait
        .execution_options(populate_existing=True)
    )
    group = found.first()
    if group is None or group.deleted_at is not None:
        raise Refused("group_gone")
    owners = (await tx.exec(select(Group.id).where(col(Group.parent_id) == group_id))).all()
    ids = [group_id, *(one for one in owners if one is not None)]
    await tx.exec(delete_rows(Name).where(col(Name.group_id).in_(ids)))
    await tx.exec(update(Group).where(col(Group.id).in_(ids)).values(deleted_at=tx.now))
    await waiting.close(tx, group_id, RequestState.EXPIRED)
    for post in await posts.waiting(tx, ids, lock=True):
        post.state, post.decided_at = PostState.EXPIRED, tx.now
        post.reasons = [*post.reasons, {"name": "group_deleted", "values": {"group": group.address}}]
        tx.add(post)
        await tx.flush()
        assert post.id is not None
        await outbox.touch(tx, NoticeKind.HELD_CARD, post.id)
        await ladder.withdraw(tx, [post])
        await authors.tell_deleted(tx, post, group)
        if post.parent_id is not None:
            await outbox.touch(tx, NoticeKind.REPORT, post.parent_id)
    # A post that is done still makes the copies which another one of its family skips.
    families = select(Post.family_id).where(UNDONE, col(Post.family_id).is_not(None))
    accepted = select(Post.id).where(col(Post.group_id).in_(ids), col(Post.state) == PostState.ACCEPTED)
    going = await tx.exec(accepted.where(or_(col(Post.done_at).is_(None), col(Post.family_id).in_(families))))
    await queue.skip_posts(tx, [one for one in going.all() if one is not None])
    await audit.record(tx, "group.deleted", actor, group_id=group_id, details={"address": group.address})
    await tx.refresh(group)
    return group
