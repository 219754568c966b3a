"""Requests: a subscription that waits for a decision, and the one decision it gets."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import col, select

from store import (
    audience,
    audit,
    enrolment,
    ladder,
    memberships,
    outbox,
    persons,
    roster,
    rulings,
    suppressions,
    undo,
    waiting,
)
from store.engine import Reading, Writing
from store.inserts import insert
from store.roster import Entry
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.person import Person
from store.schema.request import WAITING, Request
from store.terms import (
    Actor,
    Address,
    NoticeKind,
    Receiving,
    Refused,
    RequestKind,
    RequestState,
    Subscription,
    folded,
)

_ASKING = (WAITING, col(Request.state) == RequestState.PENDING)


@dataclass(frozen=True, slots=True)
class Asked:
    """`joined` at once, or `pending` with the request's id."""

    outcome: str
    request_id: int | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """Whether this decision was the first, and the request as it now stands."""

    won: bool
    request: Request


async def ask(tx: Writing, group: Group, person: Person, address: Address, note: str = "") -> Asked:
    """Join by the group's subscription policy; an open group takes at once only the address of the person's profile.

    Raises Refused `join_closed`, `join_banned`, `already_member`, `already_pending`, `group_gone`, and as
    `memberships.enrol` does.
    """
    assert group.id is not None
    assert person.id is not None
    group = await roster.lock(tx, group.id)
    assert group.id is not None
    row = await memberships.find(tx, group.id, person_id=person.id, key=address.key)
    if row is not None and row.contact and row.receiving is not Receiving.STOPPED:
        raise Refused("already_member", address=group.address)
    if (await rulings.word(tx, group.id, {address.key, folded(person.email or address.key)})).banned:
        raise Refused("join_banned", address=group.address, applicant=str(address))
    await enrolment.check_contacts(tx, group.id, [address.key])
    actor = persons.actor(person)
    entry = Entry(address, person.id, person.name)
    theirs = row is not None and row.person_id == person.id
    # Who stopped their copies never left the roster; who administers the group may enrol anybody.
    returning = row is not None and row.contact and row.key == address.key and (theirs or address.key == person.email)
    administers = theirs and row is not None and row.administrator
    # Nobody subscribes a mailbox that is not known to be theirs without somebody looking at it.
    free = group.subscription is Subscription.OPEN and address.key == person.email
    if free or returning or administers:
        await memberships.enrol(tx, group.id, [entry], contact=True, actor=actor, re_enrol=True)
        return Asked("joined")
    if group.subscription is Subscription.CLOSED:
        people = await audience.deciders(tx, group.id, administrators_only=True)
        names = ", ".join(one.name for one in people[:5]) or "an operator"
        raise Refused("join_closed", address=group.address, administrators=names)
    return Asked("pending", await propose(tx, group, person, address, note))


async def propose(tx: Writing, group: Group, person: Person, address: Address, note: str = "") -> int:
    """Ask the group's moderators to let its mail go to an address. Gives the request's id.

    Raises Refused `already_pending`.
    """
    actor = persons.actor(person)
    values = {
        "group_id": group.id,
        "kind": RequestKind.JOIN,
        "address": str(address),
        "key": address.key,
        "person_id": person.id,
        "note": note,
        "state": RequestState.PENDING,
        "created_at": tx.now,
        "decision_reason": "",
    } | ladder.waits(tx.now, ladder.REQUEST_EXPIRES)
    assert group.id is not None
    await waiting.forget_unconfirmed(tx, group.id, address.key)
    statement = insert(tx, Request).values(values).on_conflict_do_nothing().returning(col(Request.id))
    request_id = (await tx.scalars(statement)).first()
    if request_id is None:
        raise Refused("already_pending", address=group.address)
    await audit.record(tx, "request.asked", actor, group_id=group.id, subject=f"request:{request_id}")
    targets = await audience.moderators(tx, group)
    await outbox.announce(tx, NoticeKind.REQUEST_CARD, request_id, targets, group_id=group.id)
    return request_id


async def decide(tx: Writing, request_id: int, approve: bool, reason: str, actor: Actor) -> Decided:
    """Approve or deny a waiting request, once: the first decision wins, later ones see whose it was.

    What its applicant has not confirmed is nobody's to decide yet. Raises Refused `request_gone` for an unknown
    request, `wish_withdrawn` where the applicant has asked for no more mail since, `applicant_banned` where they were
    banned since, and as `enrol` and `remove` do when an approval cannot be carried out; then it keeps waiting.
    """
    request = await tx.get(Request, request_id, populate_existing=True)
    if request is None:
        raise Refused("request_gone")
    try:
        # The group before the request, as everywhere: an enrolment that settles it locks in that order.
        await roster.lock(tx, request.group_id)
    except Refused:
        return Decided(False, await _latest(tx, request_id))
    latest = await _latest(tx, request_id)
    if latest.state is RequestState.UNCONFIRMED:
        return Decided(False, latest)
    state = RequestState.APPROVED if approve else RequestState.DENIED
    closed = await waiting.close(
        tx, request.group_id, state, request_id=request_id, decided_by=actor.person_id, reason=reason
    )
    if not closed:
        return Decided(False, await _latest(tx, request_id))
    verb = "request.approved" if approve else "request.denied"
    await audit.record(
        tx, verb, actor, group_id=request.group_id, subject=f"request:{request_id}", details={"reason": reason}
    )
    if approve:
        await _carry_out(tx, closed[0], actor)
        membership_id = await undo.joined(tx, closed[0])
        if membership_id is not None:
            await undo.note(tx, closed[0], membership=membership_id)
    return Decided(True, closed[0])


async def expired(tx: Reading, limit: int) -> list[int]:
    """Ids of waiting requests whose time is over, by group and age."""
    over = select(Request.id).where(*_ASKING, col(Request.expires_at) <= tx.now)
    query = over.order_by(col(Request.group_id), col(Request.id)).limit(limit)
    return [request_id for request_id in (await tx.exec(query)).all() if request_id is not None]


async def expire(tx: Writing, request_id: int) -> bool:
    """End a request whose time is over, unless a person was faster; its applicant is told."""
    request = await get(tx, request_id)
    if request is None:
        return False
    try:
        await roster.lock(tx, request.group_id)
    except Refused:
        return False
    request = await _latest(tx, request_id)
    if request.state is not RequestState.PENDING or request.expires_at is None or request.expires_at > tx.now:
        return False
    await waiting.close(tx, request.group_id, RequestState.EXPIRED, request_id=request_id)
    subject = f"request:{request_id}"
    await audit.record(tx, "request.expired", Actor("system"), group_id=request.group_id, subject=subject)
    return True


async def _latest(tx: Reading, request_id: int) -> Request:
    return await tx.get_one(Request, request_id, populate_existing=True)


async def _carry_out(tx: Writing, request: Request, actor: Actor) -> None:
    if request.kind is RequestKind.JOIN:
        if await suppressions.since(tx, request.group_id, request.key, request.created_at):
            raise Refused("wish_withdrawn", address=request.address)
        if await rulings.applicant_banned(tx, request):
            raise Refused("applicant_banned", address=request.address)
        await _give_way(tx, request, actor)
        entry = Entry(Address.parse(request.address), request.person_id)
        await memberships.enrol(tx, request.group_id, [entry], contact=True, actor=actor, re_enrol=True)
        return
    rows = await tx.exec(
        select(Membership.id).where(col(Membership.group_id) == request.group_id, col(Membership.key) == request.key)
    )
    await memberships.remove(tx, request.group_id, [row for row in rows.all() if row is not None], actor)


async def _give_way(tx: Writing, request: Request, actor: Actor) -> None:
    """An address from which mail comes back gives way to the one its person asked for instead."""
    person = await persons.get(tx, request.person_id) if request.person_id is not None else None
    if person is None:
        return
    theirs = col(Membership.person_id) == person.id
    if person.email:
        theirs |= col(Membership.person_id).is_(None) & (col(Membership.key) == person.email)
    rows = await tx.exec(
        select(Membership.id).where(
            col(Membership.group_id) == request.group_id,
            col(Membership.contact),
            col(Membership.receiving) == Receiving.BOUNCING,
            col(Membership.key) != request.key,
            theirs,
        )
    )
    ids = [row for row in rows.all() if row is not None]
    if ids:
        await memberships.withdraw_flags(tx, request.group_id, ids, contact=True, actor=actor)


async def get(tx: Reading, request_id: int) -> Request | None:
    """The request, fresh from the database, or None."""
    return await tx.get(Request, request_id, populate_existing=True)
