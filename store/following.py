"""Following: groups whose contacts are the people of a Slack channel or user group. Events leave movements and marks;
one process at a time claims a group, compares, and carries out what needs not to be asked.

A claim ends by itself when its process dies; `generation` is the fence behind which what a late one does is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement
from sqlmodel import col, delete, exists, or_, select, update

from store import matters
from store.chunks import chunks
from store.concerns import MatterKind
from store.engine import Reading, Writing
from store.followers import Choices
from store.inserts import insert
from store.schema.following import Aside, Following, Movement
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.person import Person
from store.signal import Topic
from store.terms import Actor

ACTOR: Final = Actor("following")
HELD_FOR: Final = timedelta(seconds=60)
KEPT_FOR: Final = timedelta(hours=1)  # Slack repeats an event for five minutes
LATER: Final = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))


@dataclass(frozen=True, slots=True)
class Claim:
    """One group that one process works at. `first`: its source was never read; `wanted` is what will have been done."""

    group_id: int
    source: str
    generation: int
    wanted: int
    first: bool
    choices: Choices


class ClaimLost(Exception):  # noqa: N818 - a state: somebody else has the group, or it follows something else now
    """What was begun is somebody else's now; nothing of it may be written."""


# ---------------------------------------------------------------- what a group follows


async def settle(tx: Writing, group: Group) -> None:
    """After a group's settings were made or changed: have what it follows compared, or follow nothing any more.

    Who was a contact by it stays on the roster when a group follows nothing more: nobody loses their mail by a setting.
    """
    assert group.id is not None
    if group.follows is None:
        await matters.close(tx, group.id, [MatterKind.FOLLOW, MatterKind.TROUBLE])
        for table in (Following, Movement, Aside):
            await tx.exec(delete(table).where(col(table.group_id) == group.id))
        of_group = update(Membership).where(col(Membership.group_id) == group.id, col(Membership.followed))
        await tx.exec(of_group.values(followed=False))
        return
    values = {"group_id": group.id, "source": group.follows, "wanted": 1, "done": 0, "due_at": tx.now}
    values |= {"name": "", "generation": 0, "attempts": 0, "recent": {}}
    made = insert(tx, Following).values(values).on_conflict_do_nothing().returning(col(Following.group_id))
    if (await tx.exec(made)).first() is None:
        mine = update(Following).where(col(Following.group_id) == group.id)
        other = mine.where(col(Following.source) != group.follows)
        # Another source is read for the first time; who works at the old one has lost it.
        if (await tx.exec(other.values(source=group.follows, name="", read_at=None, mark=None, recent={}))).rowcount:
            await matters.close(tx, group.id, [MatterKind.FOLLOW, MatterKind.TROUBLE])
            await tx.exec(delete(Movement).where(col(Movement.group_id) == group.id))
        await _want(tx, col(Following.group_id) == group.id)
    tx.wake(Topic.ROSTER)


async def _want(tx: Writing, which: ColumnElement[bool]) -> int:
    """Have these compared; what works at them meanwhile is lost, since it may have read what was there before."""
    again = update(Following).where(which)
    again = again.values(wanted=col(Following.wanted) + 1, due_at=tx.now, attempts=0)
    n = (await tx.exec(again)).rowcount
    if n:
        tx.wake(Topic.ROSTER)
    return int(n)


# ---------------------------------------------------------------- what Slack tells


async def changed(tx: Writing, source: str) -> int:
    """Something happened to a channel or user group: who follows it compares. Returns how many groups do."""
    return await _want(tx, col(Following.source) == source)


async def again(tx: Writing, group_id: int) -> int:
    """Have one group compared."""
    return await _want(tx, col(Following.group_id) == group_id)


async def all_again(tx: Writing, read_before: datetime) -> int:
    """Have every group compared whose source was not read since: nightly, and at a start, as events may be lost."""
    old = or_(col(Following.read_at).is_(None), col(Following.read_at) < read_before)
    await tx.exec(delete(Movement).where(col(Movement.done_at) < tx.now - KEPT_FOR))
    return await _want(tx, old)


async def moved(tx: Writing, source: str, people: Mapping[str, bool], at: str) -> int:
    """People (Slack id -> whether they are inside now) came into a source or left it, at Slack's time `at`.

    Returns how many groups follow it. An event that Slack repeats changes nothing.
    """
    followers = (await tx.exec(select(Following.group_id).where(col(Following.source) == source))).all()
    rows = [
        {"group_id": group_id, "slack_id": slack_id, "inside": inside, "at": at, "created_at": tx.now}
        for group_id in followers
        for slack_id, inside in people.items()
    ]
    await _note(tx, rows)
    return len(followers)


async def members_changed(
    tx: Writing, source: str, people: Mapping[str, bool], *, previous: int, mark: int, at: str
) -> None:
    """A user group changed at `mark`, the last time before at `previous`: where that is not the change known last, an
    event was lost, and the whole is compared."""
    rows = await tx.exec(select(Following).where(col(Following.source) == source).with_for_update())
    for row in rows.all():
        gap = row.mark is not None and row.mark not in (previous, mark)
        row.mark = mark
        tx.add(row)
        if gap:
            row.wanted, row.due_at = row.wanted + 1, tx.now
    await tx.flush()
    await moved(tx, source, people, at)


async def person_changed(tx: Writing, person: Person, at: str) -> None:
    """A profile changed: groups that left the person out, or have them by what they follow, look at them anew."""
    aside = select(Aside.group_id).where(col(Aside.slack_id) == person.slack_id)
    contact = (
        select(Membership.group_id)
        .join(Following, col(Following.group_id) == col(Membership.group_id))
        .where(col(Membership.person_id) == person.id, col(Membership.followed))
    )
    groups = {*(await tx.exec(aside)).all(), *(await tx.exec(contact)).all()}
    await _note(
        tx,
        [
            {"group_id": group_id, "slack_id": person.slack_id, "inside": True, "at": at, "created_at": tx.now}
            for group_id in sorted(groups)
        ],
    )


async def _note(tx: Writing, rows: Collection[Mapping[str, object]]) -> None:
    for row in rows:
        Decimal(str(row["at"]))  # what is no time is refused here, and not by everybody who compares it later
    for some in chunks(rows, 100):
        await tx.exec(insert(tx, Movement).values([dict(row) for row in some]).on_conflict_do_nothing())
    if rows:
        tx.wake(Topic.ROSTER)


# ---------------------------------------------------------------- who works at it


async def due(tx: Reading, *, movements: bool) -> bool:
    """Whether `claim` would find something now."""
    return (await tx.exec(_due(tx, movements=movements))).first() is not None


def _due(tx: Reading, *, movements: bool) -> Any:
    free = or_(col(Following.held_until).is_(None), col(Following.held_until) <= tx.now)
    alive = col(Group.deleted_at).is_(None)
    due = select(Following, Group).join(Group, col(Group.id) == col(Following.group_id)).where(free, alive)
    if movements:
        of_group = select(Movement.id).where(col(Movement.group_id) == col(Following.group_id))
        waiting = exists(of_group.where(col(Movement.done_at).is_(None)))
        due = due.where(waiting, col(Following.read_at).is_not(None))
    else:
        due = due.where(col(Following.wanted) > col(Following.done), col(Following.due_at) <= tx.now)
    return due.order_by(col(Following.due_at), col(Following.group_id)).limit(1)


async def claim(tx: Writing, *, movements: bool) -> Claim | None:
    """Take a group whose source is to be read, or (`movements`) one whose movements wait; None if there is none."""
    found = (await tx.exec(_due(tx, movements=movements).with_for_update(skip_locked=True, of=Following))).first()
    if found is None:
        return None
    row, group = found
    row.generation, row.held_until = row.generation + 1, tx.now + HELD_FOR
    tx.add(row)
    return Claim(
        row.group_id,
        row.source,
        row.generation,
        row.wanted,
        row.read_at is None,
        Choices(group.follow_guests, group.follow_bots),
    )


async def hold(tx: Writing, claim: Claim) -> Following:
    """The claimed row, locked and held for another minute. Raises ClaimLost if it is another's, or its group follows
    something else by now. The caller has locked the group before, if it is to change its roster."""
    mine = select(Following).where(
        col(Following.group_id) == claim.group_id,
        col(Following.generation) == claim.generation,
        col(Following.source) == claim.source,
    )
    found = (await tx.exec(mine.with_for_update().execution_options(populate_existing=True))).first()
    if found is None:
        raise ClaimLost
    found.held_until = tx.now + HELD_FOR
    tx.add(found)
    return found


async def release(tx: Writing, claim: Claim, *, done: bool) -> None:
    """Let the group go: compared as of `claim.wanted`, or to be tried again later, each time a little later."""
    row = await hold(tx, claim)
    row.held_until = None
    if done:
        row.done, row.attempts = claim.wanted, 0
    else:
        row.due_at = tx.now + LATER[min(row.attempts, len(LATER) - 1)]
        row.attempts += 1
    tx.add(row)
    await tx.flush()
    if row.wanted > row.done:
        tx.wake(Topic.ROSTER)


async def asides(tx: Reading, group_id: int) -> dict[str, int]:
    """How many are left out of a group's contacts, by reason."""
    found: dict[str, int] = {}
    for reason in (await tx.exec(select(Aside.reason).where(col(Aside.group_id) == group_id))).all():
        found[str(reason)] = found.get(str(reason), 0) + 1
    return found
