"""Memberships: what a subject is to a group, and the verbs by which that changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import case, col, delete, func, or_, select, update

from store import audience, audit, incidents, ladder, outbox, roster, skipping, suppressions, waiting
from store import search as finding
from store.engine import Reading, Writing
from store.enrolment import Enrolled, enrol
from store.inserts import insert
from store.roster import Entry
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.person import Person
from store.schema.request import Request
from store.terms import (
    Actor,
    Leave,
    NoticeKind,
    Receiving,
    Refused,
    RequestKind,
    RequestState,
    Standing,
    SuppressionReason,
)

__all__ = [
    "Counts", "Enrolled", "Entry", "Left", "administrators", "complain", "counts", "deciders", "enrol", "find", "leave",
    "page", "pause", "receive", "remove", "resume", "resume_due", "standing", "stop", "withdraw_flags",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows of a group have each flag; `receiving` those whose copies go out."""

    contacts: int = 0
    moderators: int = 0
    administrators: int = 0
    receiving: int = 0


@dataclass(frozen=True, slots=True)
class Left:
    """`left` (the row is gone), `asked` (delivery stopped, a moderator decides the rest), `stopped` (roster closed)."""

    outcome: str


async def find(
    tx: Reading, group_id: int | None, *, person_id: int | None = None, key: str | None = None
) -> Membership | None:
    """The membership of a person or of an address in comparing form; None if neither is on the roster."""
    for column, value in ((col(Membership.person_id), person_id), (col(Membership.key), key)):
        if value is not None:
            row = await tx.exec(select(Membership).where(col(Membership.group_id) == group_id, column == value))
            if found := row.first():
                return found
    return None


async def page(
    tx: Reading, group_id: int | None, *, search: str = "", offset: int = 0, limit: int = 20, only: str | None = None
) -> list[Membership]:
    """A page of the roster by id: those whose address or name holds `search` in any case and with or without accents,
    or that have the flag `only`."""
    query = select(Membership).where(col(Membership.group_id) == group_id)
    if only is not None:
        query = query.where(finding.FLAGS[only])
    if search:
        ids = await finding.members(tx, group_id, search, most=offset + limit, only=only)
        query, offset = query.where(col(Membership.id).in_(ids[offset:])), 0
    rows = await tx.exec(query.order_by(col(Membership.id)).offset(offset).limit(limit))
    return list(rows.all())


async def counts(tx: Reading, group_id: int | None) -> Counts:
    """The group's roster in numbers."""

    def number(flag: Any) -> Any:
        return func.coalesce(func.sum(case((flag, 1), else_=0)), 0)

    contact = col(Membership.contact)
    query = select(
        number(contact),
        number(col(Membership.moderator)),
        number(col(Membership.administrator)),
        number(contact & (col(Membership.receiving) == Receiving.ON) & ~col(Membership.gone)),
    ).where(col(Membership.group_id) == group_id)
    return Counts(*(int(n) for n in (await tx.exec(query)).one()))


# Asked for every mail, and so built once. Flags act only once they rest on a person, and while that person is here.
_STANDING = (
    select(
        Membership.administrator,
        Membership.moderator,
        ~or_(col(Person.deactivated), col(Person.stranger), col(Person.bot)),
    )
    .outerjoin(Person, col(Person.id) == col(Membership.person_id))
    .where(col(Membership.group_id) == bindparam("group_id"))
    .where(
        or_(
            col(Membership.key) == bindparam("author"),
            (col(Person.email) == bindparam("author")) & ~col(Person.stranger),
        )
    )
)


async def standing(tx: Reading, group_id: int, author_key: str, authenticated: bool) -> Standing:
    """Who the author of that address is to the group; a membership counts only for a proven From.

    Any membership row of the address counts, and any of the person whose profile has it.
    """
    found = (await tx.exec(_STANDING, params={"group_id": group_id, "author": author_key})).all()
    if not found:
        return Standing.STRANGER
    if not authenticated:
        return Standing.UNPROVEN
    if any(administrator and acts for administrator, _, acts in found):
        return Standing.ADMINISTRATOR
    if any(moderator and acts for _, moderator, acts in found):
        return Standing.MODERATOR
    return Standing.MEMBER


async def deciders(tx: Reading, group_id: int | None) -> list[Person]:
    """The people who may decide the group's requests and held posts."""
    return await audience.deciders(tx, group_id)


async def administrators(tx: Reading, group_id: int | None) -> list[Person]:
    """The people who administer the group."""
    return await audience.deciders(tx, group_id, administrators_only=True)


async def remove(
    tx: Writing, group_id: int, membership_ids: Collection[int], actor: Actor, *, may_return: bool = False
) -> int:
    """Take rows off the roster; what waits for them is skipped. Returns how many.

    Who was a contact because of what the group follows stays out of it, unless they `may_return`. Raises Refused
    `last_administrator`.
    """
    await roster.lock(tx, group_id)
    rows = await roster.rows(tx, group_id, ids=membership_ids)
    keys = [row.key for row in rows if row.key]
    gone = await roster.drop(tx, group_id, membership_ids)
    if not may_return:
        await _keep_out(tx, group_id, rows)
    if gone:
        kind, decider = RequestKind.LEAVE, actor.person_id
        await waiting.close(tx, group_id, RequestState.APPROVED, keys=keys, kind=kind, decided_by=decider)
        details = {"count": gone, "memberships": sorted(membership_ids)[: audit.IDS_KEPT]}
        await audit.record(tx, "membership.removed", actor, group_id=group_id, details=details)
    return gone


async def _keep_out(tx: Writing, group_id: int, rows: Sequence[Membership]) -> None:
    """What the group follows would bring back tonight whom somebody took off today."""
    keys = [row.key for row in rows if row.key and row.contact and row.followed]
    await suppressions.add(tx, group_id, keys, SuppressionReason.LEFT)


async def withdraw_flags(
    tx: Writing,
    group_id: int,
    membership_ids: Collection[int],
    *,
    contact: bool = False,
    moderator: bool = False,
    administrator: bool = False,
    actor: Actor,
    may_return: bool = False,
) -> int:
    """Take the true flags from rows; a row left without any flag goes. Returns how many rows changed.

    `may_return` as in `remove`. Raises Refused `last_administrator`.
    """
    await roster.lock(tx, group_id)
    if administrator:
        await roster.keep_an_administrator(tx, group_id, membership_ids)
    rows = await roster.rows(tx, group_id, ids=membership_ids)
    if contact:
        contacts = [row.id for row in rows if row.id is not None and row.contact]
        await skipping.skip(tx, contacts)
        await incidents.end(tx, contacts, incidents.LEFT)
        if not may_return:
            await _keep_out(tx, group_id, rows)
    changed = 0
    for row in rows:
        before = (row.contact, row.moderator, row.administrator)
        row.contact = row.contact and not contact
        row.followed = row.followed and row.contact
        row.moderator = row.moderator and not moderator
        row.administrator = row.administrator and not administrator
        after = (row.contact, row.moderator, row.administrator)
        changed += before != after
        if any(after):
            tx.add(row)
        else:
            await tx.delete(row)
    taken = [name for name, flag in (("contact", contact), ("moderator", moderator), ("administrator", administrator))
             if flag]  # fmt: skip
    if changed:
        ids = sorted(membership_ids)[: audit.IDS_KEPT]
        details = {"withdrawn": taken, "count": changed, "memberships": ids}
        await audit.record(tx, "membership.changed", actor, group_id=group_id, details=details)
    return changed


async def pause(tx: Writing, membership_id: int, until: datetime | None, actor: Actor) -> None:
    """Stop a contact's copies until a moment, or until resumed.

    Raises Refused `member_gone`, `own_copies_stopped` (who stopped joins again).
    """
    await _receive(tx, membership_id, Receiving.PAUSED, until, actor, "membership.paused")
    await skipping.skip(tx, [membership_id])


async def resume(tx: Writing, membership_id: int, actor: Actor) -> None:
    """Let a contact's copies go out again. Raises Refused as `pause` does."""
    await _receive(tx, membership_id, Receiving.ON, None, actor, "membership.resumed")
    await incidents.end(tx, [membership_id], incidents.RESUMED)


async def receive(
    tx: Writing, membership_id: int, actor: Actor, *, own: bool | None = None, addressed: bool | None = None
) -> None:
    """Keep what a contact wishes to receive, from posts accepted from now on: copies of their own posts, and copies of
    posts that name them in To or Cc. None leaves a wish as it is. Raises Refused `member_gone`."""
    found = await tx.get(Membership, membership_id)
    if found is None:
        raise Refused("member_gone")
    await roster.lock(tx, found.group_id)
    row = await tx.get(Membership, membership_id, populate_existing=True)
    if row is None:
        raise Refused("member_gone")
    row.receive_own = row.receive_own if own is None else own
    row.receive_addressed = row.receive_addressed if addressed is None else addressed
    tx.add(row)
    details = {"own": row.receive_own, "addressed": row.receive_addressed}
    subject = f"membership:{membership_id}"
    await audit.record(tx, "membership.wished", actor, group_id=row.group_id, subject=subject, details=details)


async def _receive(
    tx: Writing, membership_id: int, receiving: Receiving, until: datetime | None, actor: Actor, verb: str
) -> None:
    found = await tx.get(Membership, membership_id)
    if found is None:
        raise Refused("member_gone")
    group = await roster.lock(tx, found.group_id)
    row = await tx.get(Membership, membership_id, populate_existing=True)
    if row is None:
        raise Refused("member_gone")
    if row.receiving is Receiving.STOPPED:
        # A pause would end, and copies begin again, without anybody having asked for them.
        raise Refused("own_copies_stopped", address=group.address)
    row.receiving, row.paused_until = receiving, until
    tx.add(row)
    details = {"until": until.isoformat() if until else None}
    await audit.record(tx, verb, actor, group_id=row.group_id, subject=f"membership:{membership_id}", details=details)


async def resume_due(tx: Writing) -> int:
    """Contacts whose pause is over receive again. Returns how many."""
    over = update(Membership).where(
        col(Membership.receiving) == Receiving.PAUSED, col(Membership.paused_until) <= tx.now
    )
    return int((await tx.exec(over.values(receiving=Receiving.ON, paused_until=None))).rowcount)


async def leave(tx: Writing, group_id: int | None, membership: Membership, actor: Actor) -> Left:
    """Leave by the group's policy; delivery stops at once, whatever it says.

    Raises Refused `last_administrator`, `member_gone`, `group_gone`.
    """
    assert group_id is not None
    assert membership.id is not None
    group = await roster.lock(tx, group_id)
    row = await tx.get(Membership, membership.id, populate_existing=True)
    if row is None:
        raise Refused("member_gone")
    subject = f"membership:{membership.id}"
    if row.key is not None:
        await suppressions.add(tx, group_id, [row.key], SuppressionReason.LEFT)
    if group.leave is Leave.OPEN or row.key is None:
        await roster.drop(tx, group_id, [membership.id])
        await audit.record(tx, "membership.left", actor, group_id=group_id, subject=subject)
        return Left("left")
    row.receiving, row.paused_until = Receiving.STOPPED, None
    tx.add(row)
    await skipping.skip(tx, [membership.id])
    await incidents.end(tx, [membership.id], incidents.LEFT)
    await audit.record(tx, "membership.stopped", actor, group_id=group_id, subject=subject)
    if group.leave is Leave.CLOSED:
        return Left("stopped")
    await _ask_to_leave(tx, group, row)
    return Left("asked")


async def _ask_to_leave(tx: Writing, group: Group, row: Membership) -> None:
    assert group.id is not None
    assert row.key is not None
    await waiting.forget_unconfirmed(tx, group.id, row.key)
    values = {
        "group_id": group.id,
        "kind": RequestKind.LEAVE,
        "address": row.address,
        "key": row.key,
        "person_id": row.person_id,
        "note": "",
        "state": RequestState.PENDING,
        "created_at": tx.now,
        "decision_reason": "",
    } | ladder.waits(tx.now, ladder.REQUEST_EXPIRES)
    made = (
        await tx.scalars(insert(tx, Request).values(values).on_conflict_do_nothing().returning(col(Request.id)))
    ).first()
    if made is not None:
        targets = await audience.moderators(tx, group)
        await outbox.announce(tx, NoticeKind.REQUEST_CARD, made, targets, group_id=group.id)


async def stop(tx: Writing, membership_id: int, actor: Actor) -> Left | None:
    """One-click or the leave token: delivery stops always and at once, the roster by the leave policy.

    None for a membership that is gone: the wish is fulfilled already. An administrator's row stays, without copies.
    """
    row = await tx.get(Membership, membership_id)
    if row is None:
        return None
    try:
        if row.administrator or row.moderator:
            # One click in a mail takes no office from anybody: it ends the copies and leaves the flags.
            await roster.lock(tx, row.group_id)
            row.receiving, row.paused_until = Receiving.STOPPED, None
            tx.add(row)
            await skipping.skip(tx, [membership_id])
            await incidents.end(tx, [membership_id], incidents.LEFT)
            subject = f"membership:{membership_id}"
            await audit.record(tx, "membership.stopped", actor, group_id=row.group_id, subject=subject)
            return Left("stopped")
        if row.receiving is Receiving.STOPPED:
            return Left("stopped")
        return await leave(tx, row.group_id, row, actor)
    except Refused:
        await tx.exec(delete(Membership).where(col(Membership.id) == membership_id))  # its group is gone
        return None


async def complain(tx: Writing, membership_id: int, actor: Actor) -> bool:
    """The contact called our mail unwanted (RFC 5965): it stops as by `stop`, and no import brings them back.

    False for a membership that is gone.
    """
    row = await tx.get(Membership, membership_id)
    if row is None:
        return False
    group_id, key = row.group_id, row.key
    await stop(tx, membership_id, actor)
    if key is not None:
        await suppressions.add(tx, group_id, [key], SuppressionReason.COMPLAINED)
    subject = f"membership:{membership_id}"
    await audit.record(tx, "membership.complained", actor, group_id=group_id, subject=subject)
    return True
