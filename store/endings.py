"""Memberships until a date: set, told of in time to whoever can extend them, and ended on the day.

The date ends that somebody is a contact; what else they are stays.
"""

from __future__ import annotations

import calendar
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import col, exists, select

from store import audience, audit, bouncing, memberships, outbox, persons, roster
from store.engine import Reading, Writing
from store.inserts import insert
from store.schema.ending import Ending
from store.schema.group import Group
from store.schema.membership import Membership
from store.terms import Actor, NoticeKind, Refused
from store.verdicts import EndingAnswer

REMINDERS = (7, 1)  # days before; the last is said even to who came late
EXTENSION_MONTHS = 3
AT_ONCE = 500
_SYSTEM = Actor("system")
_IN_GROUP = col(Group.id) == col(Membership.group_id)
_ALIVE = col(Group.deleted_at).is_(None)


async def limit(
    tx: Writing, group_id: int, membership_ids: Collection[int], until: datetime | None, actor: Actor
) -> int:
    """Let contacts be that until a moment, or (None) for good. Returns how many rows changed. Raises Refused
    `group_gone`."""
    await roster.lock(tx, group_id)
    rows = [row for row in await roster.rows(tx, group_id, ids=membership_ids) if row.contact and row.until != until]
    for row in rows:
        row.until = until
        tx.add(row)
    if rows:
        ids = sorted(row.id for row in rows if row.id)[: audit.IDS_KEPT]
        details = {"until": until.isoformat() if until else None, "count": len(rows), "memberships": ids}
        await audit.record(tx, "membership.limited", actor, group_id=group_id, details=details)
        for row in rows:
            await _redraw(tx, row.id)
    return len(rows)


async def due(tx: Reading) -> list[int]:
    """Memberships whose date has come; those of a deleted group when it is restored."""
    over = select(Membership.id).join(Group, _IN_GROUP).where(_ALIVE, col(Membership.until) <= tx.now)
    over = over.order_by(col(Membership.until)).limit(AT_ONCE)
    return [number for number in (await tx.exec(over)).all() if number is not None]


async def end(tx: Writing, membership_id: int) -> bool:
    """End a membership whose date has come; False where it was extended, or is gone."""
    found = await tx.get(Membership, membership_id)
    if found is None:
        return False
    try:
        await roster.lock(tx, found.group_id)
    except Refused:  # deleted at this moment; were the date dropped, who comes back with it would stay for good
        return False
    row = await tx.get(Membership, membership_id, populate_existing=True)
    if row is None or row.until is None or row.until > tx.now:
        return False
    row.until = None
    tx.add(row)
    await tx.flush()
    await memberships.withdraw_flags(tx, row.group_id, [membership_id], contact=True, actor=_SYSTEM)
    subject = f"membership:{membership_id}"
    await audit.record(tx, "membership.ended", _SYSTEM, group_id=found.group_id, subject=subject)
    await _redraw(tx, membership_id)
    return True


async def to_remind(tx: Reading) -> list[tuple[int, int]]:
    """Memberships whose end is near and was not told of yet, with the reminder that is due: (id, days)."""
    found: list[tuple[int, int]] = []
    latest = timedelta(0)
    for days in sorted(REMINDERS):
        told = exists().where(
            col(Ending.membership_id) == col(Membership.id),
            col(Ending.until) == col(Membership.until),
            col(Ending.days) == days,
        )
        near = (
            select(Membership.id)
            .join(Group, _IN_GROUP)
            .where(
                _ALIVE,
                col(Membership.until) > tx.now + latest,
                col(Membership.until) <= tx.now + timedelta(days=days),
                ~told,
            )
            .limit(AT_ONCE)
        )
        found += [(number, days) for number in (await tx.exec(near)).all() if number is not None]
        latest = timedelta(days=days)
    return found


async def remind(tx: Writing, membership_id: int, days: int) -> bool:
    """Tell the contact, and administrators who have not said yet that it shall end. False where nothing is to tell."""
    row = await tx.get(Membership, membership_id)
    if row is None or row.until is None or not row.contact:
        return False
    values = {
        "group_id": row.group_id, "membership_id": membership_id, "until": row.until, "days": days,
        "answer": EndingAnswer.NONE, "created_at": tx.now,
    }  # fmt: skip
    made = await tx.scalars(insert(tx, Ending).values(values).on_conflict_do_nothing().returning(col(Ending.id)))
    number = made.first()
    early = row.created_at > row.until - timedelta(days=days) and days != min(REMINDERS)
    if number is None or early:  # who was added for less than a week knows the date from a moment ago
        return False
    person = await bouncing.known(tx, row)
    if person is not None:
        await outbox.announce(tx, NoticeKind.ENDING, number, [person.slack_id], group_id=row.group_id)
    if await _settled(tx, row) is None:
        people = await audience.deciders(tx, row.group_id, administrators_only=True) or await persons.operators(tx)
        targets = [one.slack_id for one in people]
        # Once it has ended there is no row any more that says whose it was.
        whose = {"person": row.person_id} if row.person_id is not None else {}
        await outbox.announce(tx, NoticeKind.MEMBER_ENDING, number, targets, group_id=row.group_id, arguments=whose)
    return True


async def get(tx: Reading, ending_id: int) -> Ending | None:
    return await tx.get(Ending, ending_id, populate_existing=True)


async def answer(tx: Writing, ending: Ending, said: EndingAnswer, actor: Actor) -> bool:
    """Extend by three months, or let it end: once for all reminders of this date; False for who comes later.

    Raises Refused `member_gone`, `group_gone`.
    """
    await roster.lock(tx, ending.group_id)
    row = await tx.get(Membership, ending.membership_id, populate_existing=True)
    if row is None or not row.contact or row.until is None:
        raise Refused("member_gone")
    to = later(row.until, EXTENSION_MONTHS) if said is EndingAnswer.EXTENDED else None
    won = await tx.exec(
        update(Ending)
        .where(
            col(Ending.membership_id) == ending.membership_id,
            col(Ending.until) == ending.until,
            col(Ending.answer) == EndingAnswer.NONE,
        )
        .values(answer=said, extended_to=to, decided_by=actor.person_id, decided_at=tx.now)
    )
    if won.rowcount == 0 or row.until != ending.until:
        return False
    if to is not None:
        await limit(tx, ending.group_id, [ending.membership_id], to, actor)
    await _redraw(tx, ending.membership_id)
    return True


def later(moment: datetime, months: int) -> datetime:
    """So many months on, on the same day or the month's last."""
    month = moment.month - 1 + months
    year, month = moment.year + month // 12, month % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))


async def _settled(tx: Reading, row: Membership) -> int | None:
    """The reminder of this date to which somebody said that it shall end."""
    said = select(Ending.id).where(
        col(Ending.membership_id) == row.id, col(Ending.until) == row.until, col(Ending.answer) == EndingAnswer.END
    )
    return (await tx.exec(said)).first()


async def _redraw(tx: Writing, membership_id: int | None) -> None:
    for number in (await tx.exec(select(Ending.id).where(col(Ending.membership_id) == membership_id))).all():
        assert number is not None
        await outbox.touch(tx, NoticeKind.ENDING, number)
        await outbox.touch(tx, NoticeKind.MEMBER_ENDING, number)
