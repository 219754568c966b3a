"""Moving: who is contact by what a group follows receives at the address of their profile, so when that changes the
contact goes along, with its duties and its wishes.

Nobody is moved onto an address that is another person's, left the group or complained. Two who swap addresses wait for
each other: the second one's change moves both.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlmodel import col, delete, select

from store import audit, incidents, roster, suppressions
from store.chunks import chunks
from store.engine import Writing
from store.schema.group import Group, Name
from store.schema.membership import Membership
from store.schema.person import Person
from store.signal import Topic
from store.terms import Actor, Address, Receiving, Refused

ACTOR = Actor("system")
# Whose profile says where they receive: a stranger's is set by their own workspace.
_HERE = (col(Person.deactivated).is_(False), col(Person.stranger).is_(False), col(Person.bot).is_(False))
_ASTRAY = (col(Membership.followed), col(Membership.contact), col(Membership.key) != col(Person.email))


async def settle(tx: Writing, person: Person) -> None:
    """Move the contacts of a person to the address of their profile, in every group they are in by what it follows,
    and there everybody who waited for the address they had."""
    rows = await tx.exec(
        select(Membership.group_id)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .join(Group, col(Group.id) == col(Membership.group_id))
        .where(col(Membership.person_id) == person.id, col(Group.deleted_at).is_(None), *_ASTRAY, *_HERE)
        # In one order everywhere, so that two such changes wait for each other instead of locking up.
        .order_by(col(Membership.group_id))
    )
    for group_id in rows.all():
        try:
            await roster.lock(tx, group_id)
        except Refused:  # deleted at this moment
            continue
        await _group(tx, group_id)


async def _group(tx: Writing, group_id: int) -> None:
    found = await tx.exec(
        select(Membership, Person.email)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(col(Membership.group_id) == group_id, *_ASTRAY, *_HERE)
        .order_by(col(Membership.id))
        .execution_options(populate_existing=True)
    )
    wanted = {row.id: (row, key) for row, key in found.all() if row.id is not None and key}
    refused = await _refused(tx, group_id, [key for _, key in wanted.values()])
    there = {one.key: one for one in await roster.rows(tx, group_id, keys=[key for _, key in wanted.values()])}
    # Whoever cannot go holds an address that another one may have wanted: until nobody is left out any more.
    while True:
        held = {key: row for key, row in there.items() if row.id not in wanted and row.person_id is not None}
        stay = [one for one, (_, key) in wanted.items() if key in refused or key in held]
        if not stay:
            break
        for one in stay:
            del wanted[one]
    moving = list(wanted.values())
    for row, key in moving:
        if (own := there.get(key)) is not None and own.id not in wanted:
            await _merge(tx, row, own)
    gone = {row.id for row, key in moving if key in there and there[key].id not in wanted}
    await _move(tx, [(row, key) for row, key in moving if row.id not in gone])
    for row, key in moving:
        moved = there[key] if row.id in gone else row
        await audit.record(tx, "membership.moved", ACTOR, group_id=group_id, subject=f"membership:{moved.id}")
    if moving:
        tx.wake(Topic.ROSTER)


async def _refused(tx: Writing, group_id: int, keys: Collection[str]) -> set[str]:
    """Addresses that nobody is moved onto: those that asked for no more mail, are ours, or are several people's."""
    found = set(await suppressions.among(tx, group_id, keys))
    for some in chunks(keys):
        found |= set((await tx.exec(select(Name.address).where(col(Name.address).in_(some)))).all())
        owners = (await tx.exec(select(Person.email).where(col(Person.email).in_(some), *_HERE))).all()
        found |= {key for key in some if owners.count(key) > 1}
    return found


async def _merge(tx: Writing, row: Membership, own: Membership) -> None:
    """The address is on the roster already, as nobody's: it is the person's from now on, and one copy is enough. What
    is on its way to the other mailbox still goes there."""
    assert row.id is not None
    await incidents.end(tx, [row.id], incidents.LEFT)
    await tx.exec(delete(Membership).where(col(Membership.id) == row.id))
    own.person_id, own.contact = row.person_id, True
    own.moderator, own.administrator = own.moderator or row.moderator, own.administrator or row.administrator
    tx.add(own)
    await tx.flush()


async def _move(tx: Writing, moving: Sequence[tuple[Membership, str]]) -> None:
    """All at once: for a moment none of them has an address, so that they may have each other's."""
    for row, _ in moving:
        row.key, row.contact = None, False
        tx.add(row)
    await tx.flush()
    for row, key in moving:
        address = Address.parse(key)
        row.address, row.key, row.domain, row.contact = str(address), key, address.domain, True
        if row.receiving is Receiving.BOUNCING:  # that was the other mailbox
            row.receiving = Receiving.ON
        tx.add(row)
    await tx.flush()
    await incidents.end(tx, [row.id for row, _ in moving if row.id is not None], incidents.RESUMED)
