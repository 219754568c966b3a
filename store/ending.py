"""Ending: a group is deleted, and with it all that waits and goes out; restored within 30 days, or gone for good."""

from __future__ import annotations

from sqlalchemy import delete as delete_rows
from sqlmodel import col, or_, select, update

from store import absence, audit, authors, holding, incidents, ladder, outbox, posts, skipping, standstill, waiting
from store.chunks import chunks
from store.engine import Reading, Writing
from store.names import NESTABLE, RESTORABLE
from store.schema.group import Group, Name
from store.schema.membership import Membership
from store.schema.post import UNDONE, Post
from store.terms import Actor, GroupKind, NoticeKind, PostState, Refused, RequestState, folded

ERASED_AT_ONCE = 5


async def delete(tx: Writing, group_id: int, actor: Actor) -> Group:
    """End a group: it takes no more mail, nothing more goes out, and all that waits is closed and told.

    Its names and its roster are kept for it as long as it can be restored. Raises Refused `group_gone`.
    """
    group = await _locked(tx, group_id)
    if group is None or group.deleted_at is not None:
        raise Refused("group_gone")
    ids = await _with_owner(tx, group_id)
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
            await outbox.touch_last(tx, NoticeKind.REPORT, post.parent_id)
    # A post that is done still makes the copies which another one of its family skips.
    families = select(Post.family_id).where(UNDONE, col(Post.family_id).is_not(None))
    accepted = select(Post.id).where(col(Post.group_id).in_(ids), col(Post.state) == PostState.ACCEPTED)
    going = await tx.exec(accepted.where(or_(col(Post.done_at).is_(None), col(Post.family_id).in_(families))))
    await skipping.skip_posts(tx, [one for one in going.all() if one is not None])
    await audit.record(tx, "group.deleted", actor, group_id=group_id, details={"address": group.address})
    await tx.refresh(group)
    return group


async def deleted(tx: Reading, text: str) -> list[Group]:
    """The deleted groups that a text may mean and that can still be restored, as `groups.meant` finds living ones."""
    wanted = folded(text.strip()).removeprefix("mailto:")
    one = col(Name.address) == wanted if "@" in wanted else col(Name.address).startswith(f"{wanted}@", autoescape=True)
    query = (
        select(Group)
        .join(Name, col(Name.group_id) == col(Group.id))
        .where(col(Group.kind) == GroupKind.GROUP, col(Group.deleted_at) > tx.now - RESTORABLE)
        .where(one, col(Name.role).in_(NESTABLE))
        .distinct()
        .order_by(col(Group.id))
    )
    return list((await tx.exec(query)).all())


async def restore(tx: Writing, group_id: int, actor: Actor) -> Group:
    """Bring a deleted group back with its names, settings and people; what waited when it was deleted is over. The hold
    it was on goes on, and it is on hold where all are.

    Raises Refused `group_gone` for one that is erased by now or never was, `group_there` for one that lives.
    """
    group = await _locked(tx, group_id)
    if group is None:
        raise Refused("group_gone")
    if group.deleted_at is None:
        raise Refused("group_there", address=group.address)
    if group.deleted_at <= tx.now - RESTORABLE or not await _named(tx, group_id):
        raise Refused("group_gone")
    await tx.exec(update(Group).where(col(Group.id).in_(await _with_owner(tx, group_id))).values(deleted_at=None))
    await absence.catch_up(tx, group_id)
    await audit.record(tx, "group.restored", actor, group_id=group_id, details={"address": group.address})
    await standstill.reach(tx, group_id)
    await tx.refresh(group)
    return group


async def erase_due(tx: Writing) -> int:
    """Free the names and erase the rosters of groups that can be restored no more. Returns how many there were.

    The group's row stays: posts and the audit refer to it.
    """
    named = select(Name.group_id).where(col(Name.group_id).is_not(None))
    peopled = select(Membership.group_id)
    query = (
        select(Group.id)
        .where(col(Group.deleted_at) <= tx.now - RESTORABLE, col(Group.kind) == GroupKind.GROUP)
        .where(or_(col(Group.id).in_(named), col(Group.id).in_(peopled)))
    )
    due = (await tx.exec(query.order_by(col(Group.id)).limit(ERASED_AT_ONCE))).all()
    for group_id in due:
        assert group_id is not None
        await _erase(tx, group_id)
    return len(due)


async def _erase(tx: Writing, group_id: int) -> None:
    await tx.exec(delete_rows(Name).where(col(Name.group_id).in_(await _with_owner(tx, group_id))))
    group = await tx.get(Group, group_id)
    assert group is not None
    await holding.close(tx, group)
    rows = (await tx.exec(select(Membership.id).where(col(Membership.group_id) == group_id))).all()
    for chunk in chunks([one for one in rows if one is not None]):
        await incidents.end(tx, chunk, incidents.LEFT)
        await tx.exec(delete_rows(Membership).where(col(Membership.id).in_(chunk)))
    await audit.record(tx, "group.erased", Actor("system"), group_id=group_id, details={"people": len(rows)})


async def _locked(tx: Writing, group_id: int) -> Group | None:
    found = await tx.exec(
        select(Group)
        .where(col(Group.id) == group_id, col(Group.kind) == GroupKind.GROUP)
        .with_for_update(key_share=True)  # posts and notices that refer to it need not wait
        .execution_options(populate_existing=True)
    )
    return found.first()


async def _with_owner(tx: Reading, group_id: int) -> list[int]:
    owners = (await tx.exec(select(Group.id).where(col(Group.parent_id) == group_id))).all()
    return [group_id, *(one for one in owners if one is not None)]


async def _named(tx: Reading, group_id: int) -> bool:
    return (await tx.exec(select(Name.address).where(col(Name.group_id) == group_id).limit(1))).first() is not None
