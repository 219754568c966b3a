"""Holding: an emergency hold stops all that a group would send, at once, until somebody lifts it."""

from __future__ import annotations

from typing import Final

from sqlmodel import col, select, update

from store import audience, audit, freezing, outbox, posts, roster
from store.engine import Reading, Writing
from store.schema.group import Group
from store.schema.hold import Hold
from store.schema.post import UNDONE, Post
from store.terms import Actor, NoticeKind, Refused

LONGEST_REASON: Final = 300  # characters


async def hold(tx: Writing, group_id: int, reason: str, actor: Actor, *, everywhere: bool = False) -> Group:
    """Put a group on hold: what is posted is held, and copies that nobody has claimed yet stay.

    Raises Refused `group_gone`, `already_on_hold`, `hold_reason_long`.
    """
    reason = fitting(reason)
    group = await roster.lock(tx, group_id)
    if group.on_hold:
        raise Refused("already_on_hold", address=group.address)
    row = Hold(group_id=group_id, reason=reason, everywhere=everywhere, created_at=tx.now, created_by=actor.person_id)
    tx.add(row)
    await tx.flush()
    assert row.id is not None
    group.hold_id = row.id
    tx.add(group)
    await tx.flush()
    details = {"everywhere": everywhere} if everywhere else {}
    await audit.record(tx, "group.held", actor, group_id=group_id, subject=f"hold:{row.id}", details=details)
    if group.report_channel:
        targets = [group.report_channel]
    else:
        people = await audience.deciders(tx, group_id, administrators_only=True)
        targets = [person.slack_id for person in people]
    await outbox.announce(tx, NoticeKind.GROUP_HOLD, row.id, targets, group_id=group_id)
    await _redraw(tx, group_id)
    return group


async def lift(tx: Writing, group_id: int, actor: Actor, *, operator: bool) -> Group:
    """Lift a group's hold: its copies go on, and what was held for it is judged anew.

    Raises Refused `group_gone`, `not_on_hold`, and `held_everywhere` where operators hold all groups, whoever has put
    this one on hold, and `operator` does not say that one of them lifts this.
    """
    group = await roster.lock(tx, group_id)
    row = await current(tx, group)
    if row is None:
        raise Refused("not_on_hold", address=group.address)
    if not operator and (row.everywhere or await of_all(tx) is not None):
        raise Refused("held_everywhere", address=group.address)
    row.ended_at, row.ended_by = tx.now, actor.person_id
    group.hold_id = None
    tx.add_all([row, group])
    await tx.flush()
    await audit.record(tx, "group.hold_lifted", actor, group_id=group_id, subject=f"hold:{row.id}")
    assert row.id is not None
    await outbox.touch(tx, NoticeKind.GROUP_HOLD, row.id)
    await posts.resume_held(tx, group_id)
    await tx.run(lambda bulk: freezing.thaw(bulk, group_id))
    await _redraw(tx, group_id)
    return group


async def of_all(tx: Reading) -> Hold | None:
    """The hold of a living group, the newest, that operators put on all of them."""
    query = select(Hold).join(Group, col(Group.hold_id) == col(Hold.id))
    query = query.where(col(Hold.everywhere), col(Group.deleted_at).is_(None)).order_by(col(Hold.id).desc())
    return (await tx.exec(query.limit(1))).first()


def fitting(reason: str) -> str:
    """A reason as it is kept. Raises Refused `hold_reason_long`."""
    reason = reason.strip()
    if len(reason) > LONGEST_REASON:
        raise Refused("hold_reason_long", limit=str(LONGEST_REASON), length=str(len(reason)))
    return reason


async def current(tx: Reading, group: Group) -> Hold | None:
    """The hold that a group is on."""
    return None if group.hold_id is None else await tx.get(Hold, group.hold_id)


async def get(tx: Reading, hold_id: int) -> Hold | None:
    """A hold, lifted or not."""
    return await tx.get(Hold, hold_id, populate_existing=True)


async def close(tx: Writing, group: Group) -> None:
    """End the hold of a group that is deleted, of which nothing more is to be said."""
    if group.hold_id is not None:
        await tx.exec(update(Hold).where(col(Hold.id) == group.hold_id).values(ended_at=tx.now))
        group.hold_id = None
        tx.add(group)
        await tx.flush()


async def _redraw(tx: Writing, group_id: int) -> None:
    """The reports of what is going out say that it waits, or no more."""
    going = await tx.exec(select(Post.id).where(UNDONE, col(Post.group_id) == group_id).order_by(col(Post.id)))
    for post_id in going.all():
        assert post_id is not None
        await outbox.touch_last(tx, NoticeKind.REPORT, post_id)
