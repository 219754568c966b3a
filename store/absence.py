"""Absence: a person who is deactivated in Slack gets no copies of any group from that moment on, and whoever is back
gets them again as they had chosen."""

from __future__ import annotations

from sqlmodel import col, select

from store import audit, incidents, roster, skipping
from store.engine import Writing
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.person import Person
from store.signal import Topic
from store.terms import Actor, Refused

SYSTEM = Actor("system")


async def settle(tx: Writing, person: Person) -> None:
    """Stop the copies of a person who is deactivated, in every group, or let them go on for one who is back.

    What waits for them is skipped. What they chose for their copies stays beneath.
    """
    rows = await tx.exec(
        select(Membership)
        .join(Group, col(Group.id) == col(Membership.group_id))
        .where(
            col(Membership.person_id) == person.id,
            col(Membership.gone) != person.deactivated,
            col(Group.deleted_at).is_(None),
        )
        # In one order everywhere, so that two such changes wait for each other instead of locking up.
        .order_by(col(Membership.group_id))
    )
    for row in rows.all():
        try:
            await roster.lock(tx, row.group_id)
        except Refused:  # deleted at this moment: nothing goes out from there, and a restoring looks once more
            continue
        await _set(tx, row, gone=person.deactivated)


async def catch_up(tx: Writing, group_id: int) -> None:
    """Settle everybody of a group that was deleted while people came and went. The caller has locked it."""
    rows = await tx.exec(
        select(Membership, Person.deactivated)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(col(Membership.group_id) == group_id, col(Membership.gone) != col(Person.deactivated))
        .order_by(col(Membership.id))
    )
    for row, deactivated in rows.all():
        await _set(tx, row, gone=deactivated)


async def _set(tx: Writing, row: Membership, *, gone: bool) -> None:
    assert row.id is not None
    row.gone = gone
    tx.add(row)
    await tx.flush()
    if gone:
        await skipping.skip(tx, [row.id])
        await incidents.end(tx, [row.id], incidents.LEFT)
    verb = "membership.gone" if gone else "membership.back"
    await audit.record(tx, verb, SYSTEM, group_id=row.group_id, subject=f"membership:{row.id}")
    tx.wake(Topic.ROSTER)
