"""Enrolment: give subjects flags in a group, thousands at a time, each subject in one row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlmodel import col, delete, insert, or_, select

from store import audit, incidents, roster, skipping, suppressions, waiting
from store.chunks import chunks
from store.engine import Reading, Writing
from store.names import NESTABLE
from store.roster import Entry
from store.schema.group import Group, Name
from store.schema.membership import Membership
from store.schema.person import Person
from store.terms import Actor, Address, Receiving, Refused, RequestKind, RequestState, SuppressionReason

ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What became of the entries: new on the roster, given more flags, there already, kept out as they left."""

    added: tuple[Entry, ...] = ()
    changed: tuple[Entry, ...] = ()
    already: tuple[Entry, ...] = ()
    suppressed: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Flags:
    contact: bool
    moderator: bool
    administrator: bool
    followed: bool = False
    by_hand: bool = False  # somebody's own act: such a contact stays, whatever the group follows


@dataclass(slots=True)
class Plan:
    """What is to be written, gathered before anything is."""

    fresh: list[dict[str, Any]] = field(default_factory=list)
    replaced: list[int] = field(default_factory=list)
    added: list[Entry] = field(default_factory=list)
    changed: list[Entry] = field(default_factory=list)
    already: list[Entry] = field(default_factory=list)
    suppressed: list[Entry] = field(default_factory=list)


async def enrol(
    tx: Writing,
    group_id: int,
    entries: Sequence[Entry],
    *,
    contact: bool = False,
    moderator: bool = False,
    administrator: bool = False,
    actor: Actor,
    re_enrol: bool = False,
    followed: bool = False,
) -> Enrolled:
    """Give every entry the flags that are true; flags they have stay. Gives what became of each entry.

    An address that is a known person's becomes theirs; a person made contact brings their address. Who starts to
    receive gets a new row, above every post's high-water mark. An address that left comes back by a person's act,
    or by the import only with `re_enrol`; one that complained or was forgotten only with `re_enrol`. `followed`: they
    are contacts because of what the group follows, which brings nobody back; whoever is added otherwise stays when
    they leave that.
    Raises Refused: `group_gone`, `group_builtin`, `person_unknown`, `person_is_bot`, `person_without_email` (naming
    all), `contact_is_this_group`, `contact_is_reserved`. Nothing is changed then.
    """
    by_hand = contact and not followed and actor.subject != "import"
    flags = Flags(contact, moderator, administrator, followed, by_hand)
    if not (contact or moderator or administrator):
        raise ValueError("enrolling gives at least one flag")
    await roster.lock(tx, group_id)
    subjects = await resolve(tx, entries, contact=contact)
    keys = [entry.address.key for entry in subjects if entry.address]
    if contact:
        await check_contacts(tx, group_id, keys)
    people = [entry.person_id for entry in subjects if entry.person_id is not None]
    known = await roster.rows(tx, group_id, keys=keys, person_ids=people)
    by_key = {row.key: row for row in known if row.key}
    by_person = {row.person_id: row for row in known if row.person_id}
    kept_out = {} if re_enrol or not contact else await suppressions.among(tx, group_id, keys)
    if actor.subject != "import" and not followed:
        kept_out = {key: reason for key, reason in kept_out.items() if reason is not SuppressionReason.LEFT}
    plan = Plan()
    for entry in subjects:
        row = by_key.get(entry.address.key) if entry.address else None
        theirs = by_person.get(entry.person_id) if entry.person_id else None
        if row is not None and entry.person_id is not None:
            row, theirs = await _joined(tx, flags, row, theirs, entry.person_id)
        _place(tx, plan, group_id, flags, entry, row or theirs, kept_out)
    await _write(tx, group_id, plan, flags, actor)
    if contact:
        out = {entry.address.key for entry in plan.suppressed if entry.address}
        joined = [key for key in keys if key not in out]
        await suppressions.clear(tx, group_id, joined)
        await waiting.close(tx, group_id, RequestState.WITHDRAWN, keys=joined, kind=RequestKind.LEAVE)
        await waiting.close(
            tx,
            group_id,
            RequestState.APPROVED,
            keys=joined,
            kind=RequestKind.JOIN,
            decided_by=actor.person_id,
        )
    return Enrolled(tuple(plan.added), tuple(plan.changed), tuple(plan.already), tuple(plan.suppressed))


async def _joined(
    tx: Writing, flags: Flags, row: Membership, theirs: Membership | None, person_id: int
) -> tuple[Membership | None, Membership | None]:
    """The row of an address and that of its person, made one where they can be."""
    if row.person_id is None:
        linked = await roster.link(tx, row, person_id)
        # The person has another address here: this one stays a contact of its own, flags go to the person.
        return (row, linked) if linked is not row and row.contact and flags.contact else (linked, linked)
    if row.person_id != person_id and not flags.contact:
        # The address is on the roster as somebody else's: their row gains no right that is given to this person.
        return None, theirs
    return row, theirs


async def resolve(tx: Reading, entries: Sequence[Entry], *, contact: bool) -> list[Entry]:
    """Entries with person and address filled in where either names the other, each subject once.

    With `contact` every entry has an address in the end. Raises Refused as `enrol` does for people.
    """
    people: dict[int, Person] = {}
    for chunk in chunks({entry.person_id for entry in entries if entry.person_id is not None}):
        rows = await tx.exec(select(Person).where(col(Person.id).in_(chunk)))
        people.update({person.id: person for person in rows if person.id is not None})
    owners: dict[str, int] = {}
    for part in chunks({entry.address.key for entry in entries if entry.address}):
        # A stranger's address is set by their own workspace, and proves nothing to us.
        found = await tx.exec(
            select(Person.email, Person.id)
            .where(
                col(Person.email).in_(part),
                col(Person.stranger).is_(False),
                col(Person.bot).is_(False),
                col(Person.deactivated).is_(False),
            )
            .order_by(col(Person.id).desc())
        )
        owners.update({key: person_id for key, person_id in found if key and person_id})
    resolved: list[Entry] = []
    seen: set[object] = set()
    nameless: list[str] = []
    for entry in entries:
        subject = entry
        if entry.person_id is not None:
            person = people.get(entry.person_id)
            if person is None:
                raise Refused("person_unknown")
            if person.bot:
                raise Refused("person_is_bot", name=person.name)
            address = entry.address or (Address.parse(person.email) if person.email else None)
            if contact and address is None:
                nameless.append(person.name)
            subject = Entry(address, entry.person_id, person.name or entry.name)
        elif entry.address is not None:
            subject = replace(entry, person_id=owners.get(entry.address.key))
        marks = {mark for mark in (subject.person_id, subject.address and subject.address.key) if mark is not None}
        if marks and not marks <= seen:
            seen |= marks
            resolved.append(subject)
    if nameless:
        raise Refused("person_without_email", names=", ".join(nameless[:20]))
    return resolved


async def check_contacts(tx: Reading, group_id: int, keys: Collection[str]) -> None:
    """Raises Refused `contact_is_this_group`, `contact_is_reserved` for addresses that no contact may have."""
    for chunk in chunks(keys):
        ours = await tx.exec(
            select(Name, Group.parent_id)
            .outerjoin(Group, col(Group.id) == col(Name.group_id))
            .where(
                col(Name.address).in_(chunk),
                or_(col(Name.role).not_in(NESTABLE), col(Name.group_id) == group_id),
            )
        )
        for name, parent_id in ours:
            own = group_id in (name.group_id, parent_id)
            raise Refused("contact_is_this_group" if own else "contact_is_reserved", address=name.address)


def _place(
    tx: Writing,
    plan: Plan,
    group_id: int,
    flags: Flags,
    entry: Entry,
    row: Membership | None,
    kept_out: dict[str, SuppressionReason],
) -> None:
    """Decide what happens to one subject, whose row (if any) is `row`."""
    address = entry.address
    other_mailbox = row is not None and row.contact and address is not None and row.key != address.key
    if other_mailbox and flags.contact:
        # The person receives at another address already: this one is a contact of its own.
        row, entry = None, replace(entry, person_id=None)
    begins = flags.contact and (row is None or not row.contact or row.receiving is Receiving.STOPPED)
    if begins and address is not None and address.key in kept_out:
        plan.suppressed.append(entry)
        return
    if row is None:
        plan.fresh.append(_values(tx, group_id, flags, entry, None))
        plan.added.append(entry)
        return
    if flags.by_hand and row.followed:
        row.followed = False
        tx.add(row)
    gains = begins or (flags.moderator and not row.moderator) or (flags.administrator and not row.administrator)
    if not gains:
        plan.already.append(entry)
        return
    plan.changed.append(entry)
    assert row.id is not None
    if begins:
        plan.replaced.append(row.id)
        plan.fresh.append(_values(tx, group_id, flags, entry, row))
        return
    row.moderator = row.moderator or flags.moderator
    row.administrator = row.administrator or flags.administrator
    tx.add(row)


def _values(tx: Writing, group_id: int, flags: Flags, entry: Entry, row: Membership | None) -> dict[str, Any]:
    # Flags without contact rest on the person: the address is kept only where it is all we have of them.
    address = entry.address if flags.contact or entry.person_id is None else None
    return {
        "group_id": group_id,
        "address": str(address) if address else None,
        "key": address.key if address else None,
        "domain": address.domain if address else None,
        "person_id": entry.person_id or (row.person_id if row else None),
        "name": entry.name or (row.name if row else ""),
        "contact": flags.contact,
        "moderator": flags.moderator or (row is not None and row.moderator),
        "administrator": flags.administrator or (row is not None and row.administrator),
        "receiving": Receiving.ON,
        "paused_until": None,
        "followed": flags.followed,
        "gone": row.gone if row else False,
        "receive_own": row.receive_own if row else True,
        "receive_addressed": row.receive_addressed if row else True,
        "created_at": tx.now,
    }


async def _write(tx: Writing, group_id: int, plan: Plan, flags: Flags, actor: Actor) -> None:
    await tx.flush()
    if plan.replaced:
        await skipping.skip(tx, plan.replaced)
        await incidents.end(tx, plan.replaced, incidents.RESUMED)
    for ids in chunks(plan.replaced):
        await tx.exec(delete(Membership).where(col(Membership.id).in_(ids)))
    before = await roster.highest_id(tx)
    for rows in chunks(plan.fresh, ROWS_AT_ONCE):
        await tx.exec(insert(Membership), params=rows)
    given = [name for name in ("contact", "moderator", "administrator") if getattr(flags, name)]
    for verb, entries in (("membership.added", plan.added), ("membership.changed", plan.changed)):
        if not entries:
            continue
        made = await tx.exec(
            select(Membership.id)
            .where(col(Membership.group_id) == group_id, col(Membership.id) > before)
            .order_by(col(Membership.id))
            .limit(audit.IDS_KEPT)
        )
        await audit.record(
            tx,
            verb,
            actor,
            group_id=group_id,
            details={"flags": given, "count": len(entries), "memberships": list(made.all())},
        )
