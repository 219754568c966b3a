"""Joining: at once where nobody needs to look, else by one decision."""

from __future__ import annotations

import asyncio

import pytest

from store import ending, memberships, outbox, persons, requests
from store.engine import Database
from store.requests import Asked
from store.schema.person import Person
from store.schema.request import Request
from store.terms import Address, Leave, NoticeKind, Receiving, Refused, RequestState, Subscription
from tests.store.offices import SYSTEM, contact, group, of, person, roster


async def ask(database: Database, group_id: int, who: Person, address: str | None = None) -> Asked:
    found = await of(database, group_id)
    async with database.writing() as tx:
        return await requests.ask(tx, found, who, Address.parse(address or who.email or ""))


async def refused_asking(database: Database, group_id: int, who: Person, address: str | None = None) -> str:
    with pytest.raises(Refused) as refusal:
        await ask(database, group_id, who, address)
    return refusal.value.name


async def request(database: Database, request_id: int | None) -> Request:
    async with database.reading() as tx:
        found = await requests.get(tx, request_id or 0)
    assert found is not None
    return found


async def stop(database: Database, group_id: int, key: str) -> None:
    """One click in a mail: delivery stops, the place stays."""
    async with database.writing() as tx:
        row = await memberships.find(tx, group_id, key=key)
        assert row is not None
        assert row.id is not None
        await memberships.stop(tx, row.id, SYSTEM)


async def receivers(database: Database, group_id: int) -> set[str | None]:
    return {row.key for row in await roster(database, group_id) if row.contact and row.receiving is Receiving.ON}


@pytest.mark.parametrize(
    ("subscription", "address", "outcome"),
    [
        (Subscription.OPEN, None, "joined"),
        (Subscription.OPEN, "Bob@Example.org", "joined"),
        (Subscription.OPEN, "victim@elsewhere.example", "pending"),
        (Subscription.MODERATED, None, "pending"),
        (Subscription.CLOSED, None, "join_closed"),
        (Subscription.CLOSED, "victim@elsewhere.example", "join_closed"),
    ],
)
async def test_the_policy_says_who_joins_at_once(
    database: Database, subscription: Subscription, address: str | None, outcome: str
) -> None:
    ada, bob = await person(database, "ada"), await person(database, "bob")
    group_id = await group(database, ada, subscription=subscription)
    if subscription is Subscription.CLOSED:
        assert await refused_asking(database, group_id, bob, address) == outcome
    else:
        assert (await ask(database, group_id, bob, address)).outcome == outcome
    assert await receivers(database, group_id) == ({"bob@example.org"} if outcome == "joined" else set())


async def test_without_an_address_of_ones_own_an_open_group_looks_first(database: Database) -> None:
    """Whoever has no address in Slack may give any: it could be anybody's mailbox."""
    ada, noor = await person(database, "ada"), await person(database, "noor", None)
    group_id = await group(database, ada, subscription=Subscription.OPEN)
    asked = await ask(database, group_id, noor, "noor@elsewhere.example")
    assert asked.outcome == "pending"
    async with database.writing() as tx:
        assert asked.request_id is not None
        decided = await requests.decide(tx, asked.request_id, approve=True, reason="", actor=persons.actor(ada))
    assert decided.won
    [row] = [row for row in await roster(database, group_id) if row.contact]
    assert (row.key, row.person_id) == ("noor@elsewhere.example", noor.id)


async def test_who_stopped_rejoins_without_a_request(database: Database) -> None:
    ada, bob = await person(database, "ada"), await person(database, "bob")
    group_id = await group(database, ada, subscription=Subscription.CLOSED, leave=Leave.CLOSED)
    async with database.writing() as tx:
        await memberships.enrol(tx, group_id, [contact("bob@example.org")], contact=True, actor=SYSTEM)
    assert await refused_asking(database, group_id, bob) == "already_member"
    before = {row.id for row in await roster(database, group_id)}
    await stop(database, group_id, "bob@example.org")
    assert (await ask(database, group_id, bob)).outcome == "joined"
    assert await receivers(database, group_id) == {"bob@example.org"}
    [row] = [row for row in await roster(database, group_id) if row.contact]
    assert row.id not in before  # above the mark of every post that was accepted before


@pytest.mark.parametrize("subscription", list(Subscription))
async def test_a_stopped_address_comes_back_only_by_its_owner(database: Database, subscription: Subscription) -> None:
    ada, bob, eve = await person(database, "ada"), await person(database, "bob"), await person(database, "eve", None)
    group_id = await group(database, ada, subscription=subscription, leave=Leave.CLOSED)
    async with database.writing() as tx:
        entries = [contact("bob@example.org"), contact("guest@elsewhere.example")]
        await memberships.enrol(tx, group_id, entries, contact=True, actor=SYSTEM)
    for key in ("bob@example.org", "guest@elsewhere.example"):
        await stop(database, group_id, key)
        # Bob's own stopped place lets in his own address, not another.
        for somebody in (eve, bob) if key.startswith("guest") else (eve,):
            try:
                outcome = (await ask(database, group_id, somebody, key)).outcome
            except Refused as refused:
                outcome = refused.name
            assert outcome in {"pending", "join_closed", "already_pending"}
    assert await receivers(database, group_id) == set()


async def test_who_administers_adds_any_address_of_theirs(database: Database) -> None:
    ada, eve = await person(database, "ada"), await person(database, "eve")
    group_id = await group(database, ada, subscription=Subscription.CLOSED)
    assert (await ask(database, group_id, ada, "ada@home.example")).outcome == "joined"
    # An administrator's row is nobody else's way in.
    async with database.writing() as tx:
        await memberships.enrol(tx, group_id, [contact("root@home.example")], administrator=True, actor=SYSTEM)
    assert await refused_asking(database, group_id, eve, "root@home.example") == "join_closed"


async def test_one_waiting_request_an_address(database: Database) -> None:
    ada, bob, eve = await person(database, "ada"), await person(database, "bob"), await person(database, "eve", None)
    group_id = await group(database, ada)

    async def once(who: Person) -> str:
        try:
            return (await ask(database, group_id, who, "bob@example.org")).outcome
        except Refused as refused:
            return refused.name

    outcomes = await asyncio.gather(*(once(who) for who in (bob, eve) * 5))
    assert sorted(outcomes) == ["already_pending"] * 9 + ["pending"]


async def test_fifty_decisions_at_once_are_one(database: Database) -> None:
    ada, grace, bob = await person(database, "ada"), await person(database, "grace"), await person(database, "bob")
    group_id = await group(database, ada)
    asked = await ask(database, group_id, bob)

    async def decide(who: Person, approve: bool) -> bool:
        async with database.writing() as tx:
            assert asked.request_id is not None
            decided = await requests.decide(tx, asked.request_id, approve, "because", persons.actor(who))
        assert decided.request.decided_by in {ada.id, grace.id}
        return decided.won

    won = await asyncio.gather(*(decide((ada, grace)[n % 2], n % 3 == 0) for n in range(50)))
    assert sum(won) == 1
    state = (await request(database, asked.request_id)).state
    assert await receivers(database, group_id) == ({"bob@example.org"} if state is RequestState.APPROVED else set())


async def test_a_decision_after_the_group_is_deleted_changes_nothing(database: Database) -> None:
    ada, bob = await person(database, "ada"), await person(database, "bob")
    group_id = await group(database, ada)
    asked = await ask(database, group_id, bob)
    assert asked.request_id is not None
    async with database.writing() as tx:
        await ending.delete(tx, group_id, persons.actor(ada))
    async with database.writing() as tx:
        decided = await requests.decide(tx, asked.request_id, approve=True, reason="", actor=persons.actor(ada))
    assert not decided.won
    assert decided.request.state is RequestState.EXPIRED
    assert await receivers(database, group_id) == set()


async def test_enrolling_settles_what_waits_and_tells(database: Database) -> None:
    ada, bob = await person(database, "ada"), await person(database, "bob")
    group_id = await group(database, ada)
    asked = await ask(database, group_id, bob)
    async with database.writing() as tx:
        await memberships.enrol(tx, group_id, [contact("bob@example.org")], contact=True, actor=persons.actor(ada))
    found = await request(database, asked.request_id)
    assert (found.state, found.decided_by) == (RequestState.APPROVED, ada.id)
    async with database.reading() as tx:
        told = await outbox.placements(tx, NoticeKind.REQUEST_OUTCOME, asked.request_id or 0)
    assert [one.target for one in told] == ["U0BOB"]
