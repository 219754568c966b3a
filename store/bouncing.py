"""Bouncing: what is done about a contact whose mail comes back – a probe, suspension, warnings, removal."""

from __future__ import annotations

import contextlib
from datetime import datetime

from sqlmodel import col, select

from store import (
    audience,
    audit,
    enrolment,
    incidents,
    languages,
    letters,
    memberships,
    outbox,
    persons,
    requests,
    roster,
    rulings,
    skipping,
)
from store.engine import Reading, Writing
from store.schema.group import Group
from store.schema.incident import Incident
from store.schema.membership import Membership
from store.schema.person import Person
from store.terms import Actor, Address, BounceReason, LetterKind, NoticeKind, Receiving, Refused
from store.texts import say

_SYSTEM = Actor("system")


async def contact(tx: Writing, membership_id: int) -> Membership | None:
    """The membership if it is of a contact whose copies go out, or would but for a pause; locked with its group."""
    row = await tx.get(Membership, membership_id)
    if row is None:
        return None
    try:
        await roster.lock(tx, row.group_id)
    except Refused:  # its group is gone, or is one of ours
        return None
    row = await tx.get(Membership, membership_id, populate_existing=True)
    live = row is not None and row.contact and row.receiving in (Receiving.ON, Receiving.PAUSED)
    return row if live else None


async def probe(tx: Writing, incident: Incident, *, by_domain: bool) -> None:
    """Ask the mailbox by a letter that bounces if it still does not work."""
    incident.probed_at = tx.now
    tx.add(incident)
    await _write(tx, incident, LetterKind.BOUNCE_PROBE, by_domain=by_domain, membership_id=incident.membership_id)


async def suspend(tx: Writing, incident: Incident, reason: BounceReason, removal_at: datetime) -> bool:
    """Stop the contact's copies, as the probe came back too; the contact and the administrators are told in Slack.

    `removal_at` is when the contact will be taken off if nothing happens.
    False if the contact is gone, or has stopped themselves.
    """
    row = await contact(tx, incident.membership_id)
    if row is None:
        return False
    row.receiving, row.paused_until = Receiving.BOUNCING, None
    incident.suspended_at, incident.reason, incident.warnings, incident.warned_at = tx.now, reason, 0, None
    incident.removal_at = removal_at
    tx.add(row)
    tx.add(incident)
    await tx.flush()
    assert row.id is not None
    assert incident.id is not None
    await skipping.skip(tx, [row.id])
    subject = f"membership:{row.id}"
    await audit.record(
        tx, "membership.bouncing", _SYSTEM, group_id=row.group_id, subject=subject, details={"reason": reason}
    )
    person = await known(tx, row)
    if person is not None:
        targets = [person.slack_id]
        await outbox.announce(tx, NoticeKind.BOUNCING, incident.id, targets, group_id=row.group_id)
    people = await audience.deciders(tx, row.group_id, administrators_only=True) or await persons.operators(tx)
    targets = [one.slack_id for one in people]
    await outbox.announce(tx, NoticeKind.MEMBER_BOUNCING, incident.id, targets, group_id=row.group_id)
    return True


async def held(tx: Writing, incident_id: int) -> Incident | None:
    """The incident if its contact is still suspended, locked with its group; it ends here if they are not."""
    found = await incidents.get(tx, incident_id)
    if found is None:
        return None
    with contextlib.suppress(Refused):  # a deleted group lets go of its contacts
        await roster.lock(tx, found.group_id)
        row = await tx.get(Membership, found.membership_id, populate_existing=True)
        if row is not None and row.receiving is Receiving.BOUNCING:
            locked = await incidents.get(tx, incident_id)
            return locked if locked is not None and locked.ended_at is None else None
    await incidents.end(tx, [found.membership_id], incidents.LEFT)
    return None


async def warn(tx: Writing, incident: Incident, removal_at: datetime, *, by_domain: bool) -> None:
    """One more warning: a letter where Slack does not know the contact, else what was said there is drawn anew."""
    incident.warnings, incident.warned_at, incident.removal_at = incident.warnings + 1, tx.now, removal_at
    tx.add(incident)
    await tx.flush()
    assert incident.id is not None
    row = await tx.get(Membership, incident.membership_id)
    if row is not None and await known(tx, row) is None:
        await _write(tx, incident, LetterKind.BOUNCE_WARNING, by_domain=by_domain)
    await incidents.redraw(tx, incident.id)


async def remove(tx: Writing, incident: Incident) -> None:
    """Take the contact off the roster; who moderates or administers keeps that, and receives nothing."""
    await incidents.end(tx, [incident.membership_id], incidents.REMOVED)
    row = await tx.get(Membership, incident.membership_id)
    if row is None:
        return
    assert row.id is not None
    if row.moderator or row.administrator:
        await memberships.withdraw_flags(tx, row.group_id, [row.id], contact=True, actor=_SYSTEM)
    else:
        await memberships.remove(tx, row.group_id, [row.id], _SYSTEM)


async def theirs(tx: Reading, incident_id: int, person: Person) -> tuple[Incident, Membership] | None:
    """The incident if it is open, of a suspended contact, and the person is that contact; with their membership."""
    incident = await incidents.get(tx, incident_id)
    if incident is None or incident.ended_at is not None:
        return None
    row = await tx.get(Membership, incident.membership_id, populate_existing=True)
    if row is None or row.receiving is not Receiving.BOUNCING:
        return None
    contact = await known(tx, row)
    return (incident, row) if contact is not None and contact.id == person.id else None


async def move(tx: Writing, incident: Incident, row: Membership, person: Person, address: Address) -> str:
    """Let the person's copies go to another address: `moved`, or `pending` where somebody has to look at it first.

    Only the address of their profile is known to be theirs. Raises Refused `address_same`, `join_banned`, and as
    `requests.propose` and `memberships.enrol` do.
    """
    group = await roster.lock(tx, incident.group_id)
    assert group.id is not None
    assert row.id is not None
    if address.key == row.key:
        raise Refused("address_same", address=str(address))
    # Nobody is asked about what no approval could carry out.
    await enrolment.check_contacts(tx, group.id, [address.key])
    if (await rulings.word(tx, group.id, {address.key})).banned:
        raise Refused("join_banned", address=group.address, applicant=str(address))
    if address.key != person.email:
        await requests.propose(tx, group, person, address)
        return "pending"
    actor = persons.actor(person)
    await memberships.withdraw_flags(tx, group.id, [row.id], contact=True, actor=actor)
    entry = roster.Entry(address, person.id, person.name)
    await memberships.enrol(tx, group.id, [entry], contact=True, actor=actor, re_enrol=True)
    return "moved"


async def known(tx: Reading, row: Membership) -> Person | None:
    """The person in Slack whose address it is, if they can be told there."""
    if row.person_id is not None:
        person = await persons.get(tx, row.person_id)
        return None if person.deactivated or person.bot else person
    query = select(Person).where(
        col(Person.email) == row.key,
        col(Person.deactivated).is_(False),
        col(Person.stranger).is_(False),
        col(Person.bot).is_(False),
    )
    return (await tx.exec(query.order_by(col(Person.id)).limit(1))).first()


async def _write(
    tx: Writing, incident: Incident, kind: LetterKind, *, by_domain: bool, membership_id: int | None = None
) -> None:
    group = await tx.get_one(Group, incident.group_id)
    language = await languages.of_address(tx, incident.address, group.language)
    await letters.write(
        tx,
        kind,
        incident.address,
        group.language,
        group_id=group.id,
        arguments={"why": say(language, f"bounce.{incident.reason}"), "address": incident.address},
        by_domain=by_domain,
        membership_id=membership_id,
    )
