"""A roster's changes as they were shown: applied once, exactly, whatever happened since, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, func, select

from store import applying, comparing, ending, memberships, persons, proposals, suppressions
from store.comparing import Contact, Difference
from store.engine import Database
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.person import Person
from store.schema.proposal import Proposal
from store.terms import Address, Receiving, SuppressionReason
from store.verdicts import ProposalState
from tests.conftest import Clock
from tests.store.offices import SYSTEM, contact, group, person, row_of


def people(*keys: str) -> list[Contact]:
    return [(Address.parse(key), key.partition("@")[0].title()) for key in keys]


async def compared(
    database: Database, group_id: int, contacts: list[Contact], *, withdraw_others: bool = False
) -> Difference:
    async with database.reading() as tx:
        found = await tx.get_one(Group, group_id)
        return await comparing.difference(tx, found, contacts, withdraw_others=withdraw_others)


async def shown(database: Database, group_id: int, ada: Person, difference: Difference) -> int:
    async with database.writing() as tx:
        found, seen = await tx.get_one(Group, group_id), difference.seen
        proposal = await proposals.propose(tx, found, ada, "file.csv", seen, seen.changes.packed())
    assert proposal.id is not None
    return proposal.id


async def decide(database: Database, number: int, ada: Person, state: ProposalState) -> bool:
    async with database.writing() as tx:
        return await proposals.decide(tx, number, state, persons.actor(ada))


async def proposal_of(database: Database, number: int) -> Proposal:
    async with database.reading() as tx:
        return await tx.get_one(Proposal, number)


async def test_what_is_shown_of_everybody_and_made_as_it_is_at_that_moment(database: Database) -> None:
    ada = await person(database, "ada")
    bo = await person(database, "bo")
    team = await group(database, ada)
    await group(database, ada, "inner")
    async with database.writing() as tx:
        entries = [contact(f"{name}@x.example") for name in ("in", "named", "stopped", "back", "rest")]
        await memberships.enrol(tx, team, entries, contact=True, actor=SYSTEM)
        (await row_of(tx, team, "stopped@x.example")).receiving = Receiving.STOPPED
        (await row_of(tx, team, "back@x.example")).receiving = Receiving.BOUNCING
        (await row_of(tx, team, "in@x.example")).name = "In"
        await suppressions.add(tx, team, ["left@x.example"], SuppressionReason.LEFT)
        await suppressions.add(tx, team, ["spam@x.example"], SuppressionReason.COMPLAINED)
    file = people(
        "new@x.example", "late@x.example", "in@x.example", "named@x.example", "stopped@x.example", "left@x.example",
        "spam@x.example", "bo@example.org", "inner@groups.example.org", "team@groups.example.org",
        "team-owner@groups.example.org",
    )  # fmt: skip
    found = await compared(database, team, file, withdraw_others=True)
    assert found.seen.counts == {
        "added": 4, "renamed": 1, "withdrawn": 2, "already": 1, "left": 2, "complained": 1, "nested": 1, "contacts": 5,
    }  # fmt: skip
    assert [one.name for one in found.refused] == ["contact_is_this_group", "contact_is_this_group"]
    number = await shown(database, team, ada, found)
    async with database.writing() as tx:  # between the difference and the click
        await suppressions.add(tx, team, ["late@x.example"], SuppressionReason.LEFT)
        await memberships.remove(tx, team, [(await row_of(tx, team, "rest@x.example")).id or 0], SYSTEM)
        await memberships.enrol(tx, team, [contact("hers@x.example")], contact=True, actor=SYSTEM)
    assert not await applying.carry_out(database, number)  # nobody said so yet
    assert await decide(database, number, ada, ProposalState.APPLYING)
    assert not await decide(database, number, ada, ProposalState.DISCARDED)
    assert await applying.carry_out(database, number)
    async with database.reading() as tx:
        rows = (
            await tx.exec(select(Membership).where(col(Membership.group_id) == team, col(Membership.contact)))
        ).all()
        made = {row.key: row for row in rows}
    assert set(made) == {
        "new@x.example", "in@x.example", "named@x.example", "stopped@x.example", "bo@example.org", "hers@x.example",
        "inner@groups.example.org",
    }  # fmt: skip
    assert (made["named@x.example"].name, made["bo@example.org"].person_id) == ("Named", bo.id)
    over = await proposal_of(database, number)
    assert (over.state, over.changes) == (ProposalState.APPLIED, None)
    assert over.outcome == {"added": 3, "renamed": 1, "withdrawn": 1, "kept_out": 1, "gone": 1}


async def test_who_dies_leaves_it_to_another_and_nothing_is_made_twice(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await person(database, "ada")
    team = await group(database, ada)
    monkeypatch.setattr(applying, "PIECE", 10)
    found = await compared(database, team, people(*(f"p{n}@x.example" for n in range(95))))
    number = await shown(database, team, ada, found)
    assert await decide(database, number, ada, ProposalState.APPLYING)
    first = asyncio.create_task(applying.carry_out(database, number))
    while not (await proposal_of(database, number)).done:
        await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    part = await proposal_of(database, number)
    assert 0 < part.done < 95
    assert part.state is ProposalState.APPLYING
    assert await applying.go_on(database) == 0  # its process may be at it still
    clock.now += timedelta(minutes=1)
    both = await asyncio.gather(applying.go_on(database), applying.carry_out(database, number))
    assert any(both)
    over = await proposal_of(database, number)
    assert (over.state, over.done, over.outcome) == (ProposalState.APPLIED, 95, {"added": 95})
    async with database.reading() as tx:
        count = select(func.count()).where(col(Membership.group_id) == team, col(Membership.contact))
        assert (await tx.exec(count)).one() == 95


async def test_a_deleted_group_ends_it_and_time_does(database: Database, clock: Clock) -> None:
    ada = await person(database, "ada")
    team = await group(database, ada)
    found = await compared(database, team, people("new@x.example"))
    broken, waiting = [await shown(database, team, ada, found) for _ in range(2)]
    assert await decide(database, broken, ada, ProposalState.APPLYING)
    async with database.writing() as tx:
        await ending.delete(tx, team, SYSTEM)
    await applying.carry_out(database, broken)
    assert (await proposal_of(database, broken)).state is ProposalState.BROKEN_OFF
    clock.now += timedelta(days=7)
    async with database.writing() as tx:
        assert await proposals.expire(tx) == 1
    gone = await proposal_of(database, waiting)
    assert (gone.state, gone.changes) == (ProposalState.EXPIRED, None)


def test_what_is_large() -> None:
    assert [proposals.large(*of) for of in ((10, 1000), (11, 1000), (2, 10), (3, 10), (5, 5))] == [
        False, True, False, True, False,
    ]  # fmt: skip
