"""Comparison: the people of a source against a group's contacts, and carrying out what of the difference may be.

Read in one snapshot, written in short transactions, each of which looks once more: whoever left, was taken off or was
deactivated in between is not enrolled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlmodel import col, delete, func, select, update

from store import following, matters, memberships, persons, roster, suppressions
from store.chunks import chunks
from store.concerns import LeftOut, MatterKind, MatterState
from store.engine import Reading, Writing
from store.enrolment import enrol
from store.followers import Contact, Difference, Recent, Seen, difference, left_out
from store.following import ACTOR, Claim, ClaimLost
from store.inserts import insert
from store.roster import Entry
from store.schema.following import Aside, Following, Movement
from store.schema.group import Group, Name
from store.schema.matter import Matter
from store.schema.membership import Membership
from store.schema.person import Person
from store.signal import Topic
from store.terms import Actor, Address, Refused

AT_ONCE = 250  # people a transaction
NAMES_AT_ONCE = 500


CONTACT: tuple[Any, ...] = (Membership.id, Membership.key, Person.slack_id, Membership.followed, Membership.gone)
NOTHING = Difference()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a difference: what is done now, what of it somebody approved, and what is to be asked about.

    `recent` is the window with what is done unasked; `open` the card that stands, `approved` the one being carried out.
    """

    now: Difference
    recent: Recent
    ask: Difference | None = None
    approved: Matter | None = None
    agreed: Difference = NOTHING
    actor: Actor = ACTOR
    open: Matter | None = None
    aside: dict[str, LeftOut] | None = None
    over: bool = False  # nothing of what the open card shows is left


async def seen(tx: Reading, slack_ids: Iterable[str]) -> list[Seen]:
    """These people as the directory knows them; whom it does not know are only ids."""
    known: dict[str, Seen] = {}
    ids = list(dict.fromkeys(slack_ids))
    columns: tuple[Any, ...] = (
        Person.slack_id, Person.id, Person.name, Person.email, Person.bot, Person.guest, Person.stranger,
        Person.deactivated,
    )  # fmt: skip
    for some in chunks(ids, NAMES_AT_ONCE):
        query = select(*(col(column) for column in columns)).where(col(Person.slack_id).in_(some))
        for row in (await (await tx.connection()).execute(query)).all():
            # A placeholder has the id for a name: Slack was not asked who that is.
            known[row.slack_id] = Seen(row.slack_id) if row.name == row.slack_id and not row.stranger else Seen(*row)
    return [known.get(slack_id, Seen(slack_id)) for slack_id in ids]


async def contacts(tx: Reading, group_id: int, among: Collection[str] | None = None) -> list[Contact]:
    """The group's contacts; `among`, those of these people or addresses alone."""
    query: Any = (
        select(*(col(column) for column in CONTACT))
        .outerjoin(Person, col(Person.id) == col(Membership.person_id))
        .where(col(Membership.group_id) == group_id, col(Membership.contact))
    )
    connection = await tx.connection()
    if among is None:
        return [Contact(*row) for row in (await connection.execute(query)).all()]
    found: dict[int, Contact] = {}
    for some in chunks(among, NAMES_AT_ONCE):
        for column in (col(Membership.key), col(Person.slack_id)):
            rows = (await connection.execute(query.where(column.in_(some)))).all()
            found.update({row[0]: Contact(*row) for row in rows})
    return [found[one] for one in sorted(found)]


async def look(tx: Reading, claim: Claim, inside: Sequence[Seen], theirs: Sequence[Contact]) -> Difference:
    """How the roster differs from the source, of which `inside` are the people."""
    keys = [one.email for one in inside if one.email]
    kept_out = await suppressions.among(tx, claim.group_id, keys)
    ours: set[str] = set()
    for some in chunks(keys, NAMES_AT_ONCE):
        ours.update((await tx.exec(select(Name.address).where(col(Name.address).in_(some)))).all())
    return difference(inside, theirs, claim.choices, kept_out=kept_out, ours=ours)


async def whole(tx: Reading, claim: Claim, slack_ids: Collection[str]) -> Verdict:
    """What becomes of the whole difference. The first of a source is always asked about, later ones if they are large;
    what was dismissed is not asked again, and what a card shows that still stands waits for its answer."""
    theirs = await contacts(tx, claim.group_id)
    change = await look(tx, claim, await seen(tx, slack_ids), theirs)
    aside = dict(change.aside)
    states = (MatterState.OPEN, MatterState.APPLYING, MatterState.DISMISSED)
    approved: Matter | None = None
    open_: Matter | None = None
    agreed, actor = Difference(), ACTOR
    for matter in await matters.of_group(tx, claim.group_id, MatterKind.FOLLOW, states):
        if matter.source != claim.source:
            continue
        if matter.state is MatterState.APPLYING:
            approved, agreed = matter, change.only(set(matter.come), set(matter.go))
            if matter.decided_by is not None:
                actor = persons.actor(await persons.get(tx, matter.decided_by))
        if matter.state is MatterState.OPEN:
            open_ = matter
        else:
            change = change.without(set(matter.come), set(matter.go))
    row = await tx.get_one(Following, claim.group_id, populate_existing=True)
    recent = Recent.from_json(row.recent, tx.now, len(theirs))
    fresh = change.without(set(open_.come), set(open_.go)) if open_ is not None else change
    grown = recent.grown(fresh) if not claim.first else (recent if fresh.empty else None)
    if grown is None:
        return Verdict(Difference(), recent, change, approved, agreed, actor, open_, aside)
    over = open_ is not None and fresh == change
    return Verdict(fresh, grown, None, approved, agreed, actor, open_, aside, over)


async def moves(tx: Reading, claim: Claim) -> tuple[list[int], dict[str, bool]]:
    """The movements that wait, as ids, and where each person of them is by the last that is known."""
    waiting = await tx.exec(
        select(Movement).where(col(Movement.group_id) == claim.group_id, col(Movement.done_at).is_(None))
    )
    rows = list(waiting.all())
    people = sorted({row.slack_id for row in rows})
    last: dict[str, tuple[Decimal, bool]] = {}
    for some in chunks(people, NAMES_AT_ONCE):
        every = await tx.exec(
            select(Movement).where(col(Movement.group_id) == claim.group_id, col(Movement.slack_id).in_(some))
        )
        for row in every.all():
            last[row.slack_id] = max(last.get(row.slack_id, (Decimal(0), False)), (Decimal(row.at), row.inside))
    return [row.id for row in rows if row.id is not None], {one: inside for one, (_, inside) in last.items()}


async def moved(tx: Reading, claim: Claim, people: dict[str, bool]) -> Verdict:
    """What becomes of what moved. Whom an open card names waits for its answer; what is too much is asked about."""
    known = await seen(tx, people)
    among = {one.slack_id for one in known} | {one.email for one in known if one.email}
    theirs = await contacts(tx, claim.group_id, among)
    change = await look(tx, claim, [one for one in known if people[one.slack_id]], theirs)
    opened = await matters.of_group(tx, claim.group_id, MatterKind.FOLLOW, [MatterState.OPEN])
    open_ = opened[-1] if opened else None
    fresh = change.without(set(open_.come), set(open_.go)) if open_ is not None else change
    row = await tx.get_one(Following, claim.group_id, populate_existing=True)
    n = await _count(tx, claim.group_id)
    recent = Recent.from_json(row.recent, tx.now, n)
    grown = recent.grown(fresh)
    aside = dict(change.aside)
    if grown is None:
        return Verdict(Difference(), recent, fresh, open=open_, aside=aside)
    return Verdict(fresh, grown, open=open_, aside=aside)


async def subjects(tx: Reading, membership_ids: Collection[int]) -> list[str]:
    """Whose memberships these are: a Slack id, or an address."""
    query: Any = (
        select(col(Person.slack_id), col(Membership.key))
        .select_from(Membership)
        .outerjoin(Person, col(Person.id) == col(Membership.person_id))
        .where(col(Membership.id).in_(membership_ids))
        .order_by(col(Membership.id))
    )
    return [slack_id or key for slack_id, key in (await (await tx.connection()).execute(query)).all()]


# ---------------------------------------------------------------- written


async def carry_out(tx: Writing, claim: Claim, change: Difference, actor: Actor) -> tuple[int, int]:
    """Enrol who comes and take off who goes, as far as that is still right. Returns how many came and went.

    Raises ClaimLost.
    """
    await _locked(tx, claim)
    come = [one for one in await seen(tx, [one.slack_id for one in change.come]) if not left_out(one, claim.choices)]
    entries = [_entry(one) for one in come]
    added = await enrol(tx, claim.group_id, entries, contact=True, actor=actor, followed=True) if entries else None
    ids = [one.membership_id for one in change.go]
    followed = [row.id for row in await roster.rows(tx, claim.group_id, ids=ids) if row.followed and row.contact]
    gone = [one for one in followed if one is not None]
    went = 0
    if gone:
        went = await memberships.withdraw_flags(tx, claim.group_id, gone, contact=True, actor=actor, may_return=True)
    return (len(added.added) + len(added.changed) if added else 0), went


def _entry(one: Seen) -> Entry:
    assert one.email is not None
    # A bot's address is on the roster as an address: a bot has no duties, and nobody to ask.
    return Entry(Address.parse(one.email), None if one.bot else one.person_id, one.name)


async def _locked(tx: Writing, claim: Claim) -> Group:
    try:
        group = await roster.lock(tx, claim.group_id)
    except Refused:
        raise ClaimLost from None
    await following.hold(tx, claim)
    return group


async def settle(
    tx: Writing, claim: Claim, verdict: Verdict, *, people: Collection[str] | None, name: str = "",
    mark: int | None = None,
    done: tuple[int, int] = (0, 0), movements: Collection[int] = (),
) -> None:  # fmt: skip
    """Write down what a comparison came to, ask what is to be asked, and let the group go. `people` are those it was
    about, None for all of the source; `done` counts what an approval brought. Raises ClaimLost."""
    group = await _locked(tx, claim)
    row = await following.hold(tx, claim)
    row.recent = verdict.recent.as_json()
    if people is None:
        row.read_at, row.name = tx.now, name
        row.mark = mark if mark is not None else row.mark
        await matters.close(tx, claim.group_id, [MatterKind.TROUBLE])
    tx.add(row)
    await _asides(tx, claim.group_id, verdict.aside or {}, people)
    for some in chunks(movements):
        await tx.exec(update(Movement).where(col(Movement.id).in_(some)).values(done_at=tx.now))
    if verdict.approved is not None:
        matter = await matters.get(tx, verdict.approved.id or 0)
        if matter is not None and matter.state is MatterState.APPLYING:
            await matters.applied(tx, matter, *done)
    if verdict.over:
        await matters.close(tx, claim.group_id, [MatterKind.FOLLOW])
    if verdict.ask is not None and people is not None:
        # One by one they came to be too many: the whole says how many there are by now.
        row.wanted += 1
        tx.add(row)
        tx.wake(Topic.ROSTER)
    elif verdict.ask is not None:
        await _ask(tx, group, claim, verdict.ask)
    if people is None:
        await following.release(tx, claim, done=True)
    else:
        row.held_until = None
        tx.add(row)


async def _count(tx: Reading, group_id: int) -> int:
    contacts_of = select(func.count()).where(col(Membership.group_id) == group_id, col(Membership.contact))
    return int((await tx.exec(contacts_of)).one())


async def _ask(tx: Writing, group: Group, claim: Claim, ask: Difference) -> None:
    counts = await following.asides(tx, claim.group_id)
    n = await _count(tx, claim.group_id)
    details = {"aside": counts, "first": claim.first, "roster": n}
    come, go = [one.slack_id for one in ask.come], [one.membership_id for one in ask.go]
    await matters.bring(tx, group, MatterKind.FOLLOW, source=claim.source, come=come, go=go, details=details)


async def _asides(tx: Writing, group_id: int, aside: dict[str, LeftOut], people: Collection[str] | None) -> None:
    of_group = delete(Aside).where(col(Aside.group_id) == group_id)
    if people is None:
        await tx.exec(of_group)
    else:
        for some in chunks(people, NAMES_AT_ONCE):
            await tx.exec(of_group.where(col(Aside.slack_id).in_(some)))
    rows = [{"group_id": group_id, "slack_id": slack_id, "reason": reason} for slack_id, reason in aside.items()]
    for some_rows in chunks(rows, 100):
        await tx.exec(insert(tx, Aside).values(some_rows).on_conflict_do_nothing())


async def trouble(tx: Writing, claim: Claim, code: str) -> None:
    """The source cannot be read: its administrators are told once, and the roster stays as it is. Raises ClaimLost."""
    group = await _locked(tx, claim)
    open_ = await matters.of_group(tx, claim.group_id, MatterKind.TROUBLE, [MatterState.OPEN])
    if not any(matter.details.get("code") == code for matter in open_):
        await matters.bring(tx, group, MatterKind.TROUBLE, source=claim.source, details={"code": code})
    await following.release(tx, claim, done=True)
