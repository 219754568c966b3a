"""The roster: one row a subject, flags that rest on the person, and leaving that stops at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlmodel import col, select

from store import memberships, pending, persons, requests, search
from store.engine import Database
from store.persons import Profile
from store.roster import Entry
from store.schema.audit import Audit
from store.schema.membership import Membership
from store.schema.request import Request
from store.terms import (
    Actor,
    Address,
    Leave,
    Receiving,
    Refused,
    RequestState,
    Standing,
)
from tests.conftest import Clock
from tests.store.offices import SYSTEM, contact, group, person, roster, row_of

IMPORT = Actor("import")


def shown(rows: Sequence[Membership]) -> list[tuple[str | None, int | None, str]]:
    """(address, person, flags) of each row."""
    flags = {"c": "contact", "m": "moderator", "a": "administrator"}
    return [
        (row.key, row.person_id, "".join(letter for letter, flag in flags.items() if getattr(row, flag)))
        for row in rows
    ]


async def enrol(
    database: Database, group_id: int, *entries: Entry, flag: str = "contact", actor: Actor = SYSTEM
) -> memberships.Enrolled:
    async with database.writing() as tx:
        return await memberships.enrol(tx, group_id, entries, actor=actor, **{flag: True})


async def leave_requests(database: Database, group_id: int) -> list[RequestState]:
    async with database.reading() as tx:
        rows = await tx.exec(select(Request).where(col(Request.group_id) == group_id).order_by(col(Request.id)))
        return [row.state for row in rows]


# ------------------------------------------------------------ whose row it is


async def test_an_address_on_the_roster_becomes_its_persons_row(database: Database) -> None:
    ada, bob = await person(database, "ada"), await person(database, "bob", None)
    group_id = await group(database, ada, contacts=(contact("bob@home.example"),))
    await enrol(database, group_id, Entry(Address.parse("bob@home.example"), bob.id), flag="moderator")
    assert shown(await roster(database, group_id))[1:] == [("bob@home.example", bob.id, "cm")]


async def test_a_person_who_receives_elsewhere_keeps_both_rows_and_the_flags(database: Database) -> None:
    """Their row has one address, the roster another as a row of nobody's: that stays a contact of its own."""
    ada, bob = await person(database, "ada"), await person(database, "bob")
    group_id = await group(database, ada, contacts=(Entry(person_id=bob.id), contact("bob@home.example")))
    done = await enrol(database, group_id, Entry(Address.parse("bob@home.example"), bob.id))
    assert [entry.person_id for entry in done.already] == [bob.id]
    await enrol(database, group_id, Entry(Address.parse("bob@home.example"), bob.id), flag="administrator")
    assert shown(await roster(database, group_id))[1:] == [
        ("bob@example.org", bob.id, "ca"),
        ("bob@home.example", None, "c"),
    ]


@pytest.mark.parametrize("flag", ["moderator", "administrator"])
async def test_no_flag_is_given_to_somebody_elses_row(database: Database, flag: str) -> None:
    ada, bob, eve = await person(database, "ada"), await person(database, "bob"), await person(database, "eve", None)
    group_id = await group(database, ada, contacts=(Entry(person_id=bob.id),))
    await enrol(database, group_id, Entry(Address.parse("bob@example.org"), eve.id), flag=flag)
    assert shown(await roster(database, group_id))[1:] == [
        ("bob@example.org", bob.id, "c"),
        (None, eve.id, flag[0]),
    ]
    # Enrolling it as contact does not move it either: it receives already.
    done = await enrol(database, group_id, Entry(Address.parse("bob@example.org"), eve.id))
    assert len(done.already) == 1
    assert shown(await roster(database, group_id))[1][1] == bob.id


async def test_flags_count_while_their_person_is_here(database: Database) -> None:
    ada, bob, gil = await person(database, "ada"), await person(database, "bob"), await person(database, "gil")
    group_id = await group(database, ada, moderators=(Entry(person_id=bob.id),))
    await enrol(database, group_id, contact("late@example.org"), flag="administrator")
    await enrol(database, group_id, Entry(person_id=gil.id))

    async def standings(authenticated: bool = True) -> list[Standing]:
        async with database.reading() as tx:
            keys = [f"{name}@example.org" for name in ("ada", "bob", "gil", "late", "eve")]
            return [await memberships.standing(tx, group_id, key, authenticated) for key in keys]

    before = [Standing.ADMINISTRATOR, Standing.MODERATOR, Standing.MEMBER, Standing.MEMBER, Standing.STRANGER]
    assert await standings() == before
    assert await standings(authenticated=False) == [Standing.UNPROVEN] * 4 + [Standing.STRANGER]
    for name in ("ada", "bob", "gil"):
        await person(database, name, deactivated=True)
    assert await standings() == [Standing.MEMBER] * 4 + [Standing.STRANGER]
    await person(database, "ada")
    assert (await standings())[0] is Standing.ADMINISTRATOR
    # An account that another workspace took over has no right here, whatever row it had.
    await enrol(database, group_id, Entry(person_id=ada.id))
    await person(database, "ada", stranger=True)
    assert (await standings())[0] is Standing.MEMBER


async def test_a_stranger_by_the_same_address_is_nobody(database: Database) -> None:
    ada = await person(database, "ada")
    group_id = await group(database, ada)
    async with database.writing() as tx:
        await persons.upsert(tx, Profile("U0EVE", "Eve", "eve@example.org"))
    await enrol(database, group_id, Entry(person_id=(await person(database, "eve")).id), flag="administrator")
    await person(database, "eve", "eve@evil.example", stranger=True)
    async with database.reading() as tx:
        assert await memberships.standing(tx, group_id, "eve@evil.example", True) is Standing.STRANGER


async def test_the_last_administrator_stays(database: Database) -> None:
    ada, bob = await person(database, "ada"), await person(database, "bob")
    group_id = await group(database, ada)
    await enrol(database, group_id, Entry(person_id=bob.id), flag="administrator")
    rows = await roster(database, group_id)

    async def leave(row: Membership) -> str:
        try:
            async with database.writing() as tx:
                return (await memberships.leave(tx, group_id, row, SYSTEM)).outcome
        except Refused as refused:
            return refused.name

    assert sorted(await asyncio.gather(*(leave(row) for row in rows))) == ["last_administrator", "left"]
    assert len(await roster(database, group_id)) == 1


# ------------------------------------------------------------ leaving and coming back


async def asked_to_leave(database: Database) -> int:
    """A group where Bob's wish to leave waits for a decision; gives its id."""
    ada, bob = await person(database, "ada"), await person(database, "bob")
    group_id = await group(database, ada, contacts=(Entry(person_id=bob.id),), leave=Leave.MODERATED)
    async with database.writing() as tx:
        row = await row_of(tx, group_id, "bob@example.org")
        assert (await memberships.leave(tx, group_id, row, SYSTEM)).outcome == "asked"
    assert await leave_requests(database, group_id) == [RequestState.PENDING]
    return group_id


async def test_removal_grants_a_wish_to_leave(database: Database) -> None:
    group_id = await asked_to_leave(database)
    async with database.writing() as tx:
        row = await row_of(tx, group_id, "bob@example.org")
        assert row.id is not None
        await memberships.remove(tx, group_id, [row.id], SYSTEM)
    assert await leave_requests(database, group_id) == [RequestState.APPROVED]


async def test_coming_back_takes_a_wish_to_leave_back(database: Database) -> None:
    group_id = await asked_to_leave(database)
    await enrol(database, group_id, contact("bob@example.org"))
    assert await leave_requests(database, group_id) == [RequestState.WITHDRAWN]
    [row] = [row for row in await roster(database, group_id) if row.contact]
    assert row.receiving is Receiving.ON


async def test_a_wish_to_leave_is_granted_by_a_decision(database: Database) -> None:
    group_id = await asked_to_leave(database)
    ada = await person(database, "ada")
    async with database.writing() as tx:
        [waiting] = await pending.requests(tx, [group_id])
        assert waiting.id is not None
        assert (await requests.decide(tx, waiting.id, True, "", persons.actor(ada))).won
    assert [row.key for row in await roster(database, group_id)] == [None]


@pytest.mark.parametrize("verb", ["pause", "resume"])
async def test_who_stopped_is_neither_paused_nor_resumed(database: Database, clock: Clock, verb: str) -> None:
    ada, bob = await person(database, "ada"), await person(database, "bob")
    group_id = await group(database, ada, contacts=(Entry(person_id=bob.id),), leave=Leave.CLOSED)
    async with database.writing() as tx:
        row = await row_of(tx, group_id, "bob@example.org")
        assert row.id is not None
        await memberships.stop(tx, row.id, SYSTEM)
        row_id = row.id
    async with database.writing() as tx:
        soon = clock() + timedelta(hours=1)
        change = (
            memberships.pause(tx, row_id, soon, SYSTEM) if verb == "pause" else memberships.resume(tx, row_id, SYSTEM)
        )
        with pytest.raises(Refused) as refusal:
            await change
    assert refusal.value.name == "own_copies_stopped"
    clock.advance(7200)
    async with database.writing() as tx:
        assert await memberships.resume_due(tx) == 0
        assert (await row_of(tx, group_id, "bob@example.org")).receiving is Receiving.STOPPED


async def test_an_import_does_not_bring_back_who_left(database: Database) -> None:
    ada = await person(database, "ada")
    group_id = await group(database, ada, contacts=(contact("c@x.example"),))
    async with database.writing() as tx:
        await memberships.leave(tx, group_id, await row_of(tx, group_id, "c@x.example"), SYSTEM)
    assert len((await enrol(database, group_id, contact("c@x.example"), actor=IMPORT)).suppressed) == 1
    assert len((await enrol(database, group_id, contact("c@x.example"))).added) == 1
    async with database.writing() as tx:
        await memberships.leave(tx, group_id, await row_of(tx, group_id, "c@x.example"), SYSTEM)
        back = await memberships.enrol(
            tx, group_id, [contact("c@x.example")], contact=True, actor=IMPORT, re_enrol=True
        )
    assert len(back.added) == 1


async def test_every_change_is_in_the_audit_once(database: Database) -> None:
    ada, bob = await person(database, "ada"), await person(database, "bob")
    group_id = await group(database, ada)
    await enrol(database, group_id, Entry(person_id=bob.id), actor=persons.actor(ada))
    async with database.writing() as tx:
        row = await row_of(tx, group_id, "bob@example.org")
        assert row.id is not None
        await memberships.pause(tx, row.id, None, persons.actor(bob))
        await memberships.resume(tx, row.id, persons.actor(bob))
        await memberships.leave(tx, group_id, row, persons.actor(bob))
    async with database.reading() as tx:
        rows = (await tx.exec(select(Audit).where(col(Audit.group_id) == group_id).order_by(col(Audit.id)))).all()
    assert [(row.verb, row.actor) for row in rows][2:] == [
        ("membership.added", ada.subject),
        ("membership.paused", bob.subject),
        ("membership.resumed", bob.subject),
        ("membership.left", bob.subject),
    ]


SEARCHES = {
    "élise": ["e@x.example", "f@x.example"],
    "ELISE": ["e@x.example", "f@x.example"],
    "Élise m": ["e@x.example"],
    "müssig": ["e@x.example"],
    "l'œuvre": ["f@x.example"],
    "oeuvre": ["f@x.example"],
    "lukasz": ["ł@example.org"],
    "100%": ["p@x.example"],
    "x.example": ["e@x.example", "f@x.example", "p@x.example"],
    "examplee": [],  # from one column into the next
    "_": [],
}


async def test_a_search_knows_no_case_and_no_accents(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PIECE", 2)
    ada = await person(database, "ada")
    known = await person(database, "Łukasz", "ł@example.org")
    names = {"e": "Élise Müßig", "f": "E\u0301lise de L'Œuvre", "p": "100% Paul"}  # one accent is a letter of its own
    people = [Entry(Address.parse(f"{local}@x.example"), None, name) for local, name in names.items()]
    group_id = await group(database, ada, contacts=(*people, Entry(person_id=known.id)))
    async with database.reading() as tx:
        for wanted, found in SEARCHES.items():
            rows = await memberships.page(tx, group_id, search=wanted)
            assert [row.key for row in rows] == found, wanted
            rest = await memberships.page(tx, group_id, search=wanted, offset=1)
            assert [row.key for row in rest] == found[1:], wanted
