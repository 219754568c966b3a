"""The rows of a group's roster, below the verbs: locking, linking an address to its person, dropping, the last
administrator.

A group's row is the lock of its roster: two administrators who leave at the same moment must not both be let go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlmodel import col, delete, func, select

from store import incidents, skipping
from store.chunks import chunks
from store.engine import Reading, Writing
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.person import Person
from store.terms import Address, GroupKind, Refused


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody to enrol: an address, a person's id, or both; `name` is shown where the person's own is unknown."""

    address: Address | None = None
    person_id: int | None = None
    name: str = ""


async def lock(tx: Writing, group_id: int) -> Group:
    """The group's row, locked until this transaction ends. Raises Refused `group_gone` if it is deleted,
    `group_builtin` if its roster is computed."""
    # NO KEY UPDATE: posts that arrive meanwhile refer to the row and must not wait.
    found = await tx.exec(
        select(Group)
        .where(col(Group.id) == group_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    group = found.first()
    if group is None or group.deleted_at is not None:
        raise Refused("group_gone")
    if group.kind is not GroupKind.GROUP:
        raise Refused("group_builtin", address=group.address)
    return group


async def hold(tx: Writing, group_ids: Iterable[int], *, alone: bool = False) -> None:
    """Let nobody change these groups' rosters until this transaction ends: a mark of membership ids then divides each
    into who was there and who comes later. Without it, one who leaves and joins at that moment is on both sides.

    `alone`: nor does anybody else hold them meanwhile."""
    # In one order everywhere. SHARE: posts that arrive for the same group need not wait for each other.
    query = select(Group.id).where(col(Group.id).in_(list(group_ids))).order_by(col(Group.id))
    await tx.exec(query.with_for_update(read=not alone, key_share=alone))


async def rows(
    tx: Reading,
    group_id: int,
    *,
    keys: Collection[str] = (),
    person_ids: Collection[int] = (),
    ids: Collection[int] = (),
) -> list[Membership]:
    """The group's memberships of any of these addresses, persons or ids, each once, by id; fresh from the database."""
    found: dict[int | None, Membership] = {}
    for column, values in (
        (col(Membership.key), keys),
        (col(Membership.person_id), person_ids),
        (col(Membership.id), ids),
    ):
        for chunk in chunks(values):
            result = await tx.exec(
                select(Membership)
                .where(col(Membership.group_id) == group_id, column.in_(chunk))
                .execution_options(populate_existing=True)
            )
            found.update({row.id: row for row in result})
    return sorted(found.values(), key=lambda row: row.id or 0)


async def link(tx: Writing, row: Membership, person_id: int) -> Membership:
    """Say that the address of `row` is this person's; gives the row that stands for both.

    If the person has a row without an address, the two become one, which keeps the id of the one that receives (a
    post's high-water mark rests on it). If theirs has another address, flags move there: they act on the person.
    """
    if row.person_id is not None:
        return row
    theirs = await rows(tx, row.group_id, person_ids=[person_id])
    if not theirs:
        row.person_id = person_id
        tx.add(row)
        await tx.flush()
        return row
    other = theirs[0]
    moderator, administrator = row.moderator or other.moderator, row.administrator or other.administrator
    if other.key is None:
        kept, gone = row, other
    else:
        kept, gone = other, row
        row.moderator = row.administrator = False
    if gone is not row or not row.contact:
        await tx.delete(gone)
        await tx.flush()
    kept.person_id, kept.moderator, kept.administrator = person_id, moderator, administrator
    kept.name = kept.name or gone.name
    tx.add(kept)
    await tx.flush()
    return kept


async def drop(tx: Writing, group_id: int, gone: Collection[int]) -> int:
    """Delete these rows of the group, and skip what is still to be delivered to them; gives how many there were.

    Raises Refused `last_administrator`, and changes nothing, if nobody who can administer would remain.
    """
    await keep_an_administrator(tx, group_id, gone)
    await skipping.skip(tx, list(gone))
    await incidents.end(tx, gone, incidents.LEFT)
    dropped = 0
    for chunk in chunks(gone):
        result = await tx.exec(
            delete(Membership).where(col(Membership.group_id) == group_id, col(Membership.id).in_(chunk))
        )
        dropped += result.rowcount
    return dropped


async def keep_an_administrator(tx: Reading, group_id: int, without: Collection[int]) -> None:
    """Raises Refused `last_administrator` if taking the flag from rows `without` leaves no person who can act.

    Rows not linked to a person, and people gone from the workspace, cannot act: taking theirs is always possible.
    """
    acting = set(
        (
            await tx.exec(
                select(Membership.id)
                .join(Person, col(Person.id) == col(Membership.person_id))
                .where(
                    col(Membership.group_id) == group_id,
                    col(Membership.administrator),
                    col(Person.deactivated).is_(False),
                    col(Person.stranger).is_(False),
                    col(Person.bot).is_(False),
                )
            )
        ).all()
    )
    if acting and acting <= set(without):
        raise Refused("last_administrator")


async def highest_id(tx: Reading) -> int:
    """The highest membership id so far, 0 for none: what is made later lies above it."""
    return (await tx.exec(select(func.max(Membership.id)))).one() or 0
