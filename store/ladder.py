"""The ladder of what waits for a decision: who is reminded, where, and when, until it expires.

A card alone is overlooked. So first the people in charge are named in its thread, then the administrators hear by
direct message, then all once more, and a day before the end everybody concerned. Nobody is rung up outside working
hours; the last word comes earlier rather than later, for after it nothing comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlmodel import col, select

from store import audience, floods, outbox, persons
from store.engine import Reading, Writing
from store.hours import Hours
from store.schema.group import Group
from store.schema.post import HELD, Post
from store.schema.reminder import Reminder
from store.schema.request import WAITING, Request
from store.terms import GroupKind, NoticeKind, RequestState

Waiting = Post | Request


class Rung(StrEnum):
    """How loudly people are reminded."""

    MENTION = "mention"  # in the thread of the card, by name
    PEOPLE = "people"  # administrators, by direct message
    AGAIN = "again"  # where the card is
    LAST = "last"  # where the card is, and administrators by direct message


RUNGS: Final = tuple(Rung)
AFTER: Final = {Rung.MENTION: timedelta(hours=4), Rung.PEOPLE: timedelta(hours=24), Rung.AGAIN: timedelta(hours=72)}
LAST_BEFORE: Final = timedelta(days=1)
# What would be due within this time of a reminder is named in it, so that a group hears of all together.
TOGETHER: Final = timedelta(hours=12)
# A post: as long as mlmmj, half of Google Groups. A request: as Google Groups and groups.io, which do so in silence.
POST_EXPIRES: Final = timedelta(days=7)
REQUEST_EXPIRES: Final = timedelta(days=14)
MENTIONED: Final = 10


def waits(now: datetime, lasting: timedelta) -> dict[str, datetime | None]:
    """The columns that say how long something waits from `now` on."""
    return {"expires_at": now + lasting, "remind_at": now + AFTER[Rung.MENTION]}


def following(one: Waiting, lasting: timedelta, now: datetime, hours: Hours, zone: str) -> tuple[int, datetime | None]:
    """The rung after the one that is being used, and its date; past the last rung, None. No two are closer together
    than TOGETHER, so that dates that passed while nobody could be rung up are made up for, and not all at once."""
    assert one.expires_at is not None
    place, soonest = one.rung + 1, now + TOGETHER
    if place >= len(RUNGS):
        return one.rung, None
    last = max(hours.last_before(one.expires_at - LAST_BEFORE, zone), soonest)
    if RUNGS[place] is not Rung.LAST:
        date = hours.next(max(one.expires_at - lasting + AFTER[RUNGS[place]], soonest), zone)
        if date < last:
            return place, date
    return len(RUNGS) - 1, last


async def to_remind(tx: Reading) -> list[int]:
    """Ids of groups in which people are to be reminded now."""
    posts = select(Post.group_id).where(HELD, col(Post.remind_at) <= tx.now, col(Post.expires_at) > tx.now)
    asking = select(Request.group_id).where(WAITING, col(Request.remind_at) <= tx.now, col(Request.expires_at) > tx.now)
    return sorted({*(await tx.exec(posts.distinct())).all(), *(await tx.exec(asking.distinct())).all()})


async def remind(tx: Writing, group_id: int, hours: Hours) -> int:
    """Remind a group's people, by one notice, of what is due now or soon. Returns how much it names.

    Each takes its next date in the same transaction, so no two processes remind of one twice. Outside working hours
    what is due waits for them, but for the last word.
    """
    group = await tx.get(Group, group_id)
    if group is None or group.kind is not GroupKind.GROUP:
        return 0
    waiting = await _locked(tx, group_id)
    due = [one for one in waiting if one.remind_at is not None and one.remind_at <= tx.now]
    if not due:
        return 0
    deciders = await audience.deciders(tx, group_id)
    zone = deciders[0].time_zone if deciders else "UTC"
    rung = RUNGS[max(one.rung for one in due)]
    if rung is not Rung.LAST and not hours.hold(tx.now, zone):
        for one in due:
            one.remind_at = hours.next(tx.now, zone)
            tx.add(one)
        return 0
    named = [one for one in waiting if one.remind_at is not None and one.remind_at <= tx.now + TOGETHER]
    reminder = Reminder(group_id=group_id, rung=rung, created_at=tx.now)
    tx.add(reminder)
    await tx.flush()
    assert reminder.id is not None
    overtaken = sorted({one.reminder_id for one in named if one.reminder_id is not None})
    for one in named:
        lasting = POST_EXPIRES if isinstance(one, Post) else REQUEST_EXPIRES
        place, date = following(one, lasting, tx.now, hours, zone)
        one.reminder_id, one.rung, one.remind_at = reminder.id, place, date
        tx.add(one)
    await tx.flush()
    for reminder_id in overtaken:
        await outbox.touch(tx, NoticeKind.HELD_REMINDER, reminder_id)
    targets = await _targets(tx, group, rung)
    await outbox.announce(
        tx, NoticeKind.HELD_REMINDER, reminder.id, targets, group_id=group_id, arguments=_thread(named, rung)
    )
    return len(named)


async def _locked(tx: Writing, group_id: int) -> list[Waiting]:
    """What waits in a group and whose time is not over, requests first, each the oldest first; nobody decides on it
    before this transaction ends."""
    # In this order everywhere: whoever decides locks one of them.
    asking = select(Request).where(WAITING, col(Request.group_id) == group_id, col(Request.expires_at) > tx.now)
    asking = asking.where(col(Request.state) == RequestState.PENDING).order_by(col(Request.id))
    held = select(Post).where(HELD, col(Post.group_id) == group_id, col(Post.expires_at) > tx.now)
    held = held.order_by(col(Post.id))
    fresh = {"populate_existing": True}
    found: list[Waiting] = [
        *(await tx.exec(asking.with_for_update(key_share=True).execution_options(**fresh))).all(),
        *(await tx.exec(held.with_for_update(key_share=True).execution_options(**fresh))).all(),
    ]
    return found


async def _targets(tx: Reading, group: Group, rung: Rung) -> list[str]:
    where_the_card_is = await audience.moderators(tx, group)
    if rung in (Rung.MENTION, Rung.AGAIN):
        return where_the_card_is
    people = await audience.deciders(tx, group.id, administrators_only=True) or await persons.operators(tx)
    by_name = [person.slack_id for person in people]
    return by_name if rung is Rung.PEOPLE else [*where_the_card_is, *by_name]


def _thread(named: Sequence[Waiting], rung: Rung) -> dict[str, object]:
    """The card in whose thread it stands: that of the oldest."""
    if rung is not Rung.MENTION:
        return {}
    kind = NoticeKind.HELD_CARD if isinstance(named[0], Post) else NoticeKind.REQUEST_CARD
    return {"under": [kind.value, named[0].id]}


async def mentioned(tx: Reading, group_id: int) -> list[str]:
    """Slack ids of the people who are named in a card's thread."""
    return [person.slack_id for person in (await audience.deciders(tx, group_id))[:MENTIONED]]


async def named(tx: Reading, group_id: int, reminder_id: int) -> tuple[list[Request], list[Post]]:
    """What a reminder names that still waits, oldest first."""
    asking = select(Request).where(WAITING, col(Request.group_id) == group_id, col(Request.reminder_id) == reminder_id)
    held = select(Post).where(HELD, col(Post.group_id) == group_id, col(Post.reminder_id) == reminder_id)
    return (
        list((await tx.exec(asking.order_by(col(Request.id)))).all()),
        list((await tx.exec(held.order_by(col(Post.id)))).all()),
    )


async def withdraw(tx: Writing, those: Iterable[Waiting]) -> None:
    """They wait no more (or again): what reminded of them is drawn anew, and the card they share with others."""
    several = list(those)
    for one in several:
        if isinstance(one, Post):
            await floods.touch(tx, one)
    for reminder_id in sorted({one.reminder_id for one in several if one.reminder_id is not None}):
        await outbox.touch(tx, NoticeKind.HELD_REMINDER, reminder_id)
