"""Joining by mail: one letter, one proof, and everything judged anew when it comes."""

from __future__ import annotations

import asyncio

import pytest
from sqlmodel import col, func, select

from store import ending, groups, joining, memberships, outbox, pending, requests, suppressions
from store.allowances import LIMITS
from store.engine import Database
from store.joining import Confirmed, Spent, Wish
from store.schema.allowance import Allowance
from store.schema.letter import Letter
from store.schema.request import Request
from store.terms import (
    Actor,
    Address,
    AllowanceScope,
    Leave,
    LetterKind,
    NoticeKind,
    Receiving,
    Refused,
    RequestState,
    Subscription,
    SuppressionReason,
)
from tests.conftest import Clock
from tests.store.offices import SYSTEM, contact, group, of, person, roster

ANN = "ann@elsewhere.example"
DAY = 24 * 3600


async def ask(database: Database, group_id: int, address: str = ANN, network: str | None = None) -> LetterKind:
    async with database.writing() as tx:
        return await joining.ask(tx, group_id, Wish(Address.parse(address), network))


async def confirm(database: Database, request_id: int, group_id: int | None = None) -> Confirmed:
    async with database.writing() as tx:
        outcome, _ = await joining.confirm(tx, request_id, group_id=group_id)
        return outcome


async def decide(database: Database, request_id: int, approve: bool = True, reason: str = "") -> bool:
    async with database.writing() as tx:
        return (await requests.decide(tx, request_id, approve, reason, SYSTEM)).won


async def letters(database: Database) -> list[LetterKind]:
    async with database.reading() as tx:
        return [letter.kind for letter in await tx.exec(select(Letter).order_by(col(Letter.id)))]


async def asked(database: Database) -> list[Request]:
    async with database.reading() as tx:
        return list((await tx.exec(select(Request).order_by(col(Request.id)))).all())


async def made(database: Database, subscription: Subscription = Subscription.OPEN, local: str = "team") -> int:
    return await group(database, await person(database, "ada"), local, subscription=subscription)


async def wished(database: Database, group_id: int, address: str = ANN) -> int:
    """A wish that waits to be confirmed; its request's id."""
    assert await ask(database, group_id, address) is LetterKind.JOIN_CONFIRM
    request = (await asked(database))[-1]
    assert (request.state, request.address, request.person_id) == (RequestState.UNCONFIRMED, address, None)
    assert request.id is not None
    return request.id


async def receivers(database: Database, group_id: int) -> set[str | None]:
    return {row.key for row in await roster(database, group_id) if row.contact and row.receiving is Receiving.ON}


async def test_an_open_group_takes_who_confirms_and_once(database: Database) -> None:
    group_id = await made(database)
    request_id = await wished(database, group_id)
    assert await receivers(database, group_id) == set()
    assert await confirm(database, request_id, group_id) is Confirmed.JOINED
    assert await receivers(database, group_id) == {ANN}
    assert await letters(database) == [LetterKind.JOIN_CONFIRM, LetterKind.JOIN_DONE]
    assert await confirm(database, request_id) is Confirmed.GONE
    assert await letters(database) == [LetterKind.JOIN_CONFIRM, LetterKind.JOIN_DONE]


@pytest.mark.parametrize(
    ("approve", "letter"), [(True, LetterKind.JOIN_DONE), (False, LetterKind.JOIN_DENIED)], ids=["approved", "denied"]
)
async def test_a_moderated_group_decides_and_the_applicant_is_told(
    database: Database, approve: bool, letter: LetterKind
) -> None:
    group_id = await made(database, Subscription.MODERATED)
    request_id = await wished(database, group_id)
    async with database.reading() as tx:
        assert (await pending.count(tx, [group_id]))[0] == 0
    assert not await decide(database, request_id)  # nobody decides what is not confirmed, even by a forged click
    assert await confirm(database, request_id) is Confirmed.PENDING
    async with database.reading() as tx:
        assert (await pending.count(tx, [group_id]))[0] == 1
        cards = await outbox.placements(tx, NoticeKind.REQUEST_CARD, request_id)
    assert [card.target for card in cards] == ["U0ADA"]
    assert await decide(database, request_id, approve, "Full.")
    assert await receivers(database, group_id) == ({ANN} if approve else set())
    assert await letters(database) == [LetterKind.JOIN_CONFIRM, LetterKind.JOIN_WAITING, letter]
    async with database.reading() as tx:
        last = (await tx.exec(select(Letter).order_by(col(Letter.id).desc()))).first()
    assert last is not None
    assert last.arguments["reason"] == "Full."


async def test_whose_profile_has_the_address_is_asked_and_told_in_slack(database: Database) -> None:
    group_id = await made(database, Subscription.MODERATED)
    bob = await person(database, "bob")
    request_id = await wished(database, group_id, "bob@example.org")
    assert await confirm(database, request_id) is Confirmed.PENDING
    assert (await asked(database))[0].person_id == bob.id
    assert await decide(database, request_id)
    assert await letters(database) == [LetterKind.JOIN_CONFIRM]
    async with database.reading() as tx:
        told = await outbox.placements(tx, NoticeKind.REQUEST_OUTCOME, request_id)
    assert [one.target for one in told] == ["U0BOB"]
    assert [row.person_id for row in await roster(database, group_id) if row.contact] == [bob.id]


async def test_a_strangers_profile_makes_nobody_theirs(database: Database) -> None:
    group_id = await made(database)
    await person(database, "mallory", ANN, stranger=True)
    assert await confirm(database, await wished(database, group_id)) is Confirmed.JOINED
    assert [row.person_id for row in await roster(database, group_id) if row.contact] == [None]


async def test_who_is_in_or_waits_gets_a_letter_that_says_so(database: Database, clock: Clock) -> None:
    group_id = await made(database, Subscription.MODERATED)
    await confirm(database, await wished(database, group_id))
    clock.advance(DAY)
    assert await ask(database, group_id) is LetterKind.JOIN_WAITING
    await decide(database, 1)
    clock.advance(DAY)
    assert await ask(database, group_id) is LetterKind.JOIN_MEMBER
    assert len(await asked(database)) == 1


async def test_who_stopped_their_copies_comes_back_by_confirming(database: Database, clock: Clock) -> None:
    group_id = await group(
        database, await person(database, "ada"), subscription=Subscription.CLOSED, leave=Leave.CLOSED
    )
    async with database.writing() as tx:
        await memberships.enrol(tx, group_id, [contact(ANN)], contact=True, actor=SYSTEM)
        row = await memberships.find(tx, group_id, key=ANN)
        assert row is not None
        await memberships.leave(tx, group_id, row, Actor("mail"))
    clock.advance(1)
    assert await confirm(database, await wished(database, group_id)) is Confirmed.JOINED
    assert await receivers(database, group_id) == {ANN}


async def test_who_asked_to_leave_keeps_that_question_and_is_told(database: Database) -> None:
    group_id = await group(database, await person(database, "ada"), leave=Leave.MODERATED)
    async with database.writing() as tx:
        await memberships.enrol(tx, group_id, [contact(ANN)], contact=True, actor=SYSTEM)
        row = await memberships.find(tx, group_id, key=ANN)
        assert row is not None
        await memberships.leave(tx, group_id, row, Actor("mail"))
    assert await ask(database, group_id) is LetterKind.JOIN_MEMBER
    assert [one.kind for one in await asked(database)] == ["leave"]


async def test_a_confirmation_is_good_for_three_days_from_the_last_letter(database: Database, clock: Clock) -> None:
    group_id = await made(database)
    first = await wished(database, group_id)
    clock.advance(2 * DAY)
    assert await wished(database, group_id) == first  # the older letter holds as long as the newer
    clock.advance(3 * DAY - 1)
    assert await confirm(database, first) is Confirmed.JOINED
    second = await wished(database, group_id, "bob@elsewhere.example")
    clock.advance(3 * DAY)
    assert await confirm(database, second) is Confirmed.GONE
    async with database.writing() as tx:
        assert await joining.forget_unconfirmed(tx) == 1
    assert [one.id for one in await asked(database)] == [first]


async def test_only_the_groups_own_request_is_confirmed_at_its_address(database: Database) -> None:
    team, other = await made(database), await made(database, local="other")
    request_id = await wished(database, team)
    assert await confirm(database, request_id, other) is Confirmed.GONE
    assert await confirm(database, request_id + 1) is Confirmed.GONE
    assert await confirm(database, 0) is Confirmed.GONE
    assert await confirm(database, request_id, team) is Confirmed.JOINED


@pytest.mark.parametrize("reason", SuppressionReason)
async def test_who_asked_for_no_more_mail_since_is_not_joined(
    database: Database, clock: Clock, reason: SuppressionReason
) -> None:
    group_id = await made(database, Subscription.MODERATED)
    early, late = await wished(database, group_id), await wished(database, group_id, "bob@elsewhere.example")
    assert await confirm(database, late) is Confirmed.PENDING
    clock.advance(1)
    async with database.writing() as tx:
        await suppressions.add(tx, group_id, [ANN, "bob@elsewhere.example"], reason)
    assert await confirm(database, early) is Confirmed.GONE
    with pytest.raises(Refused, match="wish_withdrawn"):
        await decide(database, late)
    assert await decide(database, late, approve=False)
    assert await receivers(database, group_id) == set()


async def test_the_policy_of_the_moment_counts(database: Database) -> None:
    group_id = await made(database)
    request_id = await wished(database, group_id)
    async with database.writing() as tx:
        await groups.change(tx, group_id, {"subscription": Subscription.CLOSED}, None, SYSTEM)
    assert await confirm(database, request_id) is Confirmed.CLOSED
    assert await receivers(database, group_id) == set()
    assert (await letters(database))[-1] is LetterKind.JOIN_DENIED
    assert (await asked(database))[0].decision_reason.startswith("The group does not take requests")


async def test_with_the_group_ends_the_request(database: Database) -> None:
    group_id = await made(database, Subscription.MODERATED)
    waits, unconfirmed = await wished(database, group_id), await wished(database, group_id, "bob@elsewhere.example")
    await confirm(database, waits)
    async with database.writing() as tx:
        await ending.delete(tx, group_id, SYSTEM)
    # Who never confirmed is written to no more.
    assert (await letters(database))[2:] == [LetterKind.JOIN_WAITING, LetterKind.JOIN_ENDED]
    assert await confirm(database, unconfirmed) is Confirmed.GONE
    assert await confirm(database, waits) is Confirmed.GONE


async def test_an_unconfirmed_wish_is_in_nobodys_way(database: Database) -> None:
    """Anybody may have written it: a colleague asks in Slack, an administrator adds them, all the same."""
    group_id = await made(database, Subscription.MODERATED)
    bob = await person(database, "bob")
    first = await wished(database, group_id, "bob@example.org")
    found = await of(database, group_id)
    async with database.writing() as tx:
        answer = await requests.ask(tx, found, bob, Address.parse("bob@example.org"), "Please")
    assert answer.outcome == "pending"
    assert await confirm(database, first) is Confirmed.GONE
    await wished(database, group_id)
    async with database.writing() as tx:
        await memberships.enrol(tx, group_id, [contact(ANN)], contact=True, actor=SYSTEM)
    assert await letters(database) == [LetterKind.JOIN_CONFIRM] * 2


async def test_two_confirmations_at_once_are_one(database: Database) -> None:
    group_id = await made(database, Subscription.MODERATED)
    request_id = await wished(database, group_id)
    outcomes = await asyncio.gather(*(confirm(database, request_id) for _ in range(10)))
    assert sorted(outcomes) == [*[Confirmed.GONE] * 9, Confirmed.PENDING]
    assert (await letters(database)).count(LetterKind.JOIN_WAITING) == 1


# ---------------------------------------------------------------- list bombing


@pytest.mark.parametrize(
    ("spelled", "same"),
    [
        ("ANN@elsewhere.example", True),
        ("ann+a@elsewhere.example", True),
        ("ann+b+c@ELSEWHERE.example", True),
        ("a.nn@elsewhere.example", False),
        ("+ann@elsewhere.example", False),
        ("bob@elsewhere.example", False),
    ],
)
async def test_a_mailbox_is_one_however_it_is_written(database: Database, spelled: str, same: bool) -> None:
    team, other = await made(database), await made(database, local="other")
    await ask(database, team)
    if same:
        with pytest.raises(Spent):
            await ask(database, other, spelled)
    else:
        await ask(database, other, spelled)
    assert len(await letters(database)) == (1 if same else 2)


def test_gmail_reads_no_dots() -> None:
    seen = {
        joining.mailbox(Address.parse(one)) for one in ("A.n.n+x@GoogleMail.com", "ann@gmail.com", "an.n@gmail.com")
    }
    assert seen == {"ann@gmail.com"}


async def test_a_network_and_a_group_have_their_limits_and_a_refusal_uses_nothing_up(database: Database) -> None:
    team = await made(database)
    most = LIMITS[AllowanceScope.NETWORK].most
    for number in range(most):
        await ask(database, team, f"a{number}@elsewhere.example", "192.0.2.0/24")
    for _ in range(3):
        with pytest.raises(Spent) as spent:
            await ask(database, team, ANN, "192.0.2.0/24")
        assert spent.value.scope is AllowanceScope.NETWORK
    await ask(database, team, ANN, "198.51.100.0/24")
    for number in range(LIMITS[AllowanceScope.GROUP].most - most - 1):
        await ask(database, team, f"b{number}@elsewhere.example")
    with pytest.raises(Spent) as spent:
        await ask(database, team, "late@elsewhere.example")
    assert spent.value.scope is AllowanceScope.GROUP
    assert await ask(database, await made(database, local="other"), "late@elsewhere.example")


async def test_a_thousand_wishes_for_one_victim_are_one_letter(database: Database, database_url: str) -> None:
    """Over five groups and two processes at once, each wish as intake carries it out: a look, and a write if need be.

    Over real connections ten thousand are the business of the intake's tests.
    """
    group_ids = [await made(database, local=f"team{number}") for number in range(5)]
    spellings = [ANN, "Ann@elsewhere.example", "ANN+1@elsewhere.example", "ann@ELSEWHERE.EXAMPLE"]
    other = await Database.open(database_url, clock=database.clock)
    sides = [database, other]
    written = 0

    async def wishes(first: int) -> None:
        nonlocal written
        for number in range(first, 1_000, 20):
            side = sides[number % 2]
            wish = Wish(Address.parse(spellings[number % 4]), f"10.{number % 200}.0.0/24")
            async with side.reading() as tx:
                if await joining.heard(tx, wish):
                    continue
            try:
                async with side.writing() as tx:
                    await joining.ask(tx, group_ids[number % 5], wish)
                written += 1
            except Spent:
                pass

    try:
        await asyncio.gather(*(wishes(first) for first in range(20)))
    finally:
        await other.close()
    assert written == 1
    assert await letters(database) == [LetterKind.JOIN_CONFIRM]
    async with database.reading() as tx:
        assert (await tx.exec(select(func.count()).select_from(Allowance))).one() == 3
    assert len(await asked(database)) == 1
