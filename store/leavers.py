"""Leavers: people on a roster who are deactivated in Slack (`store.absence` has stopped their copies). Their removal is
proposed, and a group that nobody can administer any more is told to the operators, or to who can see to one."""

from __future__ import annotations

from sqlalchemy.orm import aliased
from sqlmodel import col, exists, select

from store import audience, matters, memberships, outbox, roster
from store.concerns import MatterKind, MatterState
from store.engine import Reading, Writing
from store.schema.group import Group
from store.schema.matter import Matter
from store.schema.membership import GONE, Membership
from store.schema.person import Person
from store.terms import Actor, Refused

ASKED = (MatterState.OPEN, MatterState.DISMISSED)


async def still(tx: Reading, matter: Matter) -> list[Membership]:
    """Of the people a card named, those still on the roster and deactivated."""
    return [row for row in await roster.rows(tx, matter.group_id, ids=matter.go) if row.gone]


async def unasked(tx: Reading) -> list[int]:
    """Ids of groups with somebody deactivated on the roster whose removal was not proposed yet."""
    gone = await tx.exec(
        select(Membership.group_id, Membership.id)
        .join(Group, col(Group.id) == col(Membership.group_id))
        .where(GONE, col(Group.deleted_at).is_(None))
        .order_by(col(Membership.group_id))
    )
    by_group: dict[int, set[int]] = {}
    for group_id, membership_id in gone.all():
        by_group.setdefault(group_id, set()).add(membership_id or 0)
    found = []
    for group_id, ids in by_group.items():
        asked = await matters.of_group(tx, group_id, MatterKind.LEAVERS, ASKED)
        if ids - {one for matter in asked for one in matter.go}:
            found.append(group_id)
    return found


async def propose(tx: Writing, group_id: int) -> Matter | None:
    """Ask the group's administrators whether those who are deactivated shall go: one card a group, of all of them but
    whom they chose to keep. None if there is nobody (any more)."""
    try:
        group = await roster.lock(tx, group_id)
    except Refused:
        return None
    gone = await tx.exec(select(Membership.id).where(GONE, col(Membership.group_id) == group_id))
    kept = await matters.of_group(tx, group_id, MatterKind.LEAVERS, [MatterState.DISMISSED])
    ids = sorted({one for one in gone.all() if one} - {one for matter in kept for one in matter.go})
    asked = await matters.of_group(tx, group_id, MatterKind.LEAVERS, [MatterState.OPEN])
    if not ids or any(set(ids) <= set(matter.go) for matter in asked):
        return None
    return await matters.bring(tx, group, MatterKind.LEAVERS, go=ids, details={"still": len(ids)})


async def asked(tx: Reading) -> list[int]:
    """Ids of groups whose administrators are asked about people who are deactivated."""
    open_ = select(Matter.group_id).where(col(Matter.kind) == MatterKind.LEAVERS, col(Matter.state) == MatterState.OPEN)
    return sorted((await tx.exec(open_.distinct())).all())


async def review(tx: Writing) -> None:
    """Draw anew what was asked of people of whom some are back, or off the roster by another way."""
    for group_id in await asked(tx):
        try:
            await roster.lock(tx, group_id)
        except Refused:
            await matters.close(tx, group_id, [MatterKind.LEAVERS])
            continue
        for matter in await matters.of_group(tx, group_id, MatterKind.LEAVERS, [MatterState.OPEN]):
            n = len(await still(tx, matter))
            if n == 0:
                await matters.close(tx, group_id, [MatterKind.LEAVERS])
            elif n != matter.details.get("still"):
                matter.details = {**matter.details, "still": n}
                await matters.redraw(tx, matter)


async def remove(tx: Writing, matter: Matter, actor: Actor) -> int:
    """Take off the roster whom the card named and who are still deactivated. Returns how many.

    They did not ask to leave: if they come back, what the group follows may enrol them again.
    """
    rows = await still(tx, matter)
    ids = [row.id for row in rows if row.id is not None]
    matter.details = {**matter.details, "people": matters.people(rows)}
    gone = await memberships.remove(tx, matter.group_id, ids, actor, may_return=True) if ids else 0
    await matters.applied(tx, matter, 0, gone)
    return gone


# ---------------------------------------------------------------- nobody administers it


_office, _holder = aliased(Membership), aliased(Person)
_ACTING = exists(
    select(_office.id)
    .join(_holder, col(_holder.id) == col(_office.person_id))
    .where(
        col(_office.group_id) == col(Group.id),
        col(_office.administrator),
        ~col(_holder.deactivated),
        ~col(_holder.stranger),
        ~col(_holder.bot),
    )
)


async def orphans(tx: Reading) -> list[int]:
    """Ids of groups whose administrators are all deactivated, and whose operators were not told yet.

    A group whose administrators Slack does not know yet, as an import may leave it, is none.
    """
    told = select(Matter.id).where(
        col(Matter.group_id) == col(Group.id),
        col(Matter.kind) == MatterKind.ORPHAN,
        col(Matter.state) == MatterState.OPEN,
    )
    query = (
        select(Group.id)
        .join(Membership, col(Membership.group_id) == col(Group.id))
        .where(GONE, col(Membership.administrator), col(Group.deleted_at).is_(None), ~_ACTING, ~exists(told))
        .distinct()
        .order_by(col(Group.id))
    )
    return [one for one in (await tx.exec(query)).all() if one is not None]


async def tell(tx: Writing, group_id: int) -> Matter | None:
    """Tell its hosts (`audience.hosts`) that nobody administers the group; None if somebody does, or they know."""
    try:
        group = await roster.lock(tx, group_id)
    except Refused:
        return None
    if group_id not in await orphans(tx):
        return None
    return await matters.bring(tx, group, MatterKind.ORPHAN)


async def unheard(tx: Reading) -> list[int]:
    """Ids of groups of which it is told that nobody administers them, but not to everybody who is to hear it now: there
    was no operator then, or a new one has come."""
    open_ = select(Matter, Group).join(Group, col(Group.id) == col(Matter.group_id))
    open_ = open_.where(col(Matter.kind) == MatterKind.ORPHAN, col(Matter.state) == MatterState.OPEN)
    found = []
    for matter, group in (await tx.exec(open_.where(col(Group.deleted_at).is_(None)))).all():
        told = await outbox.placements(tx, matters.NOTICE[MatterKind.ORPHAN], matter.id or 0)
        if set(await audience.hosts(tx, group)) - {one.target for one in told}:
            found.append(matter.group_id)
    return found


async def tell_more(tx: Writing, group_id: int) -> None:
    """Tell whoever is to hear it now; what stands elsewhere is drawn anew, as there may be an operator now."""
    try:
        group = await roster.lock(tx, group_id)
    except Refused:
        return
    for matter in await matters.of_group(tx, group_id, MatterKind.ORPHAN, [MatterState.OPEN]):
        assert matter.id is not None
        kind = matters.NOTICE[MatterKind.ORPHAN]
        await outbox.announce(tx, kind, matter.id, await audience.hosts(tx, group), group_id=group_id)
        await outbox.touch(tx, kind, matter.id)


async def adopted(tx: Reading) -> list[int]:
    """Ids of groups of which the operators were told so, and that have an administrator again, or are deleted."""
    query = (
        select(Matter.group_id)
        .join(Group, col(Group.id) == col(Matter.group_id))
        .where(col(Matter.kind) == MatterKind.ORPHAN, col(Matter.state) == MatterState.OPEN)
        .where(_ACTING | col(Group.deleted_at).is_not(None))
    )
    return sorted((await tx.exec(query.distinct())).all())
