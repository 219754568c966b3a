"""Undo and claims: once, by the rows alone, with nothing sent twice and nothing lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlmodel import col, select

from store import archiving, claims, expansion, memberships, outbox, posts, requests, rulings, undo
from store.engine import Database, Writing
from store.schema.delivery import Delivery
from store.schema.letter import Letter
from store.schema.post import Post
from store.schema.request import Request
from store.terms import (
    Actor,
    Address,
    DeliveryState,
    LetterKind,
    Mode,
    NoticeKind,
    PostState,
    Refused,
    RequestState,
)
from store.word import RulingKind, Subject
from tests.conftest import Clock
from tests.store.offices import group, of, person
from tests.store.test_rulings import hold

MINUTE = 60.0


async def post_of(database: Database, post_id: int) -> Post:
    async with database.writing() as tx:
        found = await posts.get(tx, post_id)
    assert found is not None
    return found


async def request_of(database: Database, request_id: int) -> Request:
    async with database.writing() as tx:
        found = await requests.get(tx, request_id)
    assert found is not None
    return found


async def letters(database: Database) -> list[tuple[LetterKind, DeliveryState]]:
    """Every letter and what became of it, in order."""
    async with database.writing() as tx:
        query = select(Letter.kind, Delivery.state).join(Delivery, col(Delivery.letter_id) == col(Letter.id))
        return [
            (LetterKind(kind), DeliveryState(state))
            for kind, state in (await tx.exec(query.order_by(col(Letter.id)))).all()
        ]


async def office(database: Database) -> tuple[Actor, int]:
    ada = await person(database, "ada")
    return Actor(ada.subject, ada.id), await group(database, ada)


async def ask(database: Database, group_id: int, name: str = "bob") -> int:
    bob = await person(database, name)
    async with database.writing() as tx:
        asked = await requests.ask(tx, await of(database, group_id), bob, Address.parse(f"{name}@example.org"))
    assert asked.request_id is not None
    return asked.request_id


async def do(database: Database, what: Callable[[Writing], Awaitable[undo.Undone]]) -> bool:
    async with database.writing() as tx:
        return (await what(tx)).won


async def test_a_rejection_taken_back_sends_no_letter_and_the_next_one_sends_one(
    database: Database, clock: Clock
) -> None:
    actor, group_id = await office(database)
    post_id = await hold(database, group_id)
    async with database.writing() as tx:
        await posts.reject(tx, post_id, "Off topic", actor)
    assert await letters(database) == [(LetterKind.POST_REJECTED, DeliveryState.QUEUED)]
    async with database.writing() as tx:
        due_at = (await tx.exec(select(Delivery.due_at))).one()
    assert due_at == clock.now + undo.FOR
    clock.advance(9 * MINUTE)
    # Fifty people change their minds at once: one of them does.
    won = await asyncio.gather(*(do(database, lambda tx: undo.post(tx, post_id, actor)) for _ in range(10)))
    assert won.count(True) == 1
    back = await post_of(database, post_id)
    assert (back.state, back.decided_by, back.decision_reason) == (PostState.HELD, None, "")
    assert await letters(database) == [(LetterKind.POST_REJECTED, DeliveryState.SKIPPED)]
    async with database.writing() as tx:
        await posts.reject(tx, post_id, "Off topic after all", actor)
    assert [state for _, state in await letters(database)] == [DeliveryState.SKIPPED, DeliveryState.QUEUED]


async def test_when_the_ten_minutes_are_over_nothing_is_taken_back_and_the_card_is_drawn_anew(
    database: Database, clock: Clock
) -> None:
    actor, group_id = await office(database)
    post_id = await hold(database, group_id)
    async with database.writing() as tx:
        await posts.discard(tx, post_id, actor)
        assert not await undo.lapsed(tx)
    clock.advance(10 * MINUTE)
    assert not await do(database, lambda tx: undo.post(tx, post_id, actor))
    async with database.writing() as tx:
        version = (await outbox.placements(tx, NoticeKind.HELD_CARD, post_id))[0].wanted
        assert await undo.lapsed(tx)
        assert await undo.lapse(tx) == 1
        assert (await outbox.placements(tx, NoticeKind.HELD_CARD, post_id))[0].wanted == version + 1
        assert not await undo.lapsed(tx)
        assert await undo.lapse(tx) == 0
    assert (await post_of(database, post_id)).state is PostState.DISCARDED


async def test_nothing_comes_back_into_a_group_that_was_archived_since(database: Database) -> None:
    actor, group_id = await office(database)
    post_id, request_id = await hold(database, group_id), await ask(database, group_id)
    async with database.writing() as tx:
        await posts.discard(tx, post_id, actor)
        await requests.decide(tx, request_id, approve=False, reason="", actor=actor)
        await archiving.archive(tx, group_id, actor)
    for take_back in (lambda tx: undo.post(tx, post_id, actor), lambda tx: undo.request(tx, request_id, actor)):
        with pytest.raises(Refused, match="group_archived"):
            await do(database, take_back)
    assert (await post_of(database, post_id)).state is PostState.DISCARDED
    async with database.writing() as tx:
        await archiving.reopen(tx, group_id, actor)
    assert await do(database, lambda tx: undo.post(tx, post_id, actor))


async def test_a_letter_that_is_on_its_way_keeps_the_decision(database: Database, clock: Clock) -> None:
    actor, group_id = await office(database)
    post_id = await hold(database, group_id)
    async with database.writing() as tx:
        await posts.reject(tx, post_id, "Off topic", actor)
    async with database.writing() as tx:  # a bridge whose clock is ahead has just taken it
        delivery = (await tx.exec(select(Delivery))).one()
        delivery.state = DeliveryState.CLAIMED
        tx.add(delivery)
    with pytest.raises(Refused) as refusal:
        await do(database, lambda tx: undo.post(tx, post_id, actor))
    assert refusal.value.name == "undo_letter_gone"
    assert (await post_of(database, post_id)).state is PostState.REJECTED


async def test_what_waits_again_has_a_day_and_expires_then(database: Database, clock: Clock) -> None:
    actor, group_id = await office(database)
    post_id = await hold(database, group_id)
    clock.advance(7 * 24 * 3600 - 60)
    async with database.writing() as tx:
        await posts.discard(tx, post_id, actor)
    clock.advance(5 * MINUTE)
    async with database.writing() as tx:
        assert not (await posts.expire(tx, post_id, by_domain=False)).won  # decided, so it does not expire
    assert await do(database, lambda tx: undo.post(tx, post_id, actor))
    async with database.writing() as tx:
        assert not (await posts.expire(tx, post_id, by_domain=False)).won
    clock.advance(24 * 3600)
    async with database.writing() as tx:
        assert (await posts.expire(tx, post_id, by_domain=False)).won
    assert not await do(database, lambda tx: undo.post(tx, post_id, actor))  # nobody decided that


async def test_what_waited_for_a_group_that_was_resumed_is_judged_anew(database: Database) -> None:
    actor, group_id = await office(database)
    post_id = await hold(database, group_id)
    async with database.writing() as tx:
        post = await tx.get_one(Post, post_id)
        post.expires_at = post.remind_at = None  # as held for the pause alone
        tx.add(post)
        await posts.discard(tx, post_id, actor)
    assert (await of(database, group_id)).mode is Mode.LIVE
    assert await do(database, lambda tx: undo.post(tx, post_id, actor))
    async with database.writing() as tx:
        assert [post.id for post in await posts.to_rejudge(tx)] == [post_id]


async def test_a_ban_set_with_the_decision_goes_back_with_it(database: Database) -> None:
    actor, group_id = await office(database)
    post_id = await hold(database, group_id)
    async with database.writing() as tx:
        made = await rulings.add(tx, group_id, RulingKind.BAN, rulings.pattern("spam.example"), actor)
        decided = await posts.discard(tx, post_id, actor)
        assert made is not None
        await undo.note(tx, decided.post, ruling=made)
    assert await do(database, lambda tx: undo.post(tx, post_id, actor))
    async with database.writing() as tx:
        assert not (await rulings.word(tx, group_id, ["eve@spam.example"])).banned
        assert (await posts.release(tx, post_id, actor)).won


async def test_of_a_release_only_the_allowance_is_taken_back(database: Database) -> None:
    actor, group_id = await office(database)
    post_id = await hold(database, group_id)
    async with database.writing() as tx:
        made = await rulings.add(tx, group_id, RulingKind.ALLOW, rulings.pattern("eve@spam.example"), actor)
        decided = await posts.release(tx, post_id, actor)
        assert made is not None
        await undo.note(tx, decided.post, ruling=made)
    assert await do(database, lambda tx: undo.post(tx, post_id, actor))
    assert not await do(database, lambda tx: undo.post(tx, post_id, actor))
    async with database.writing() as tx:
        assert not (await rulings.word(tx, group_id, ["eve@spam.example"])).allowed
    assert (await post_of(database, post_id)).state is PostState.ACCEPTED


# ---------------------------------------------------------------- requests


async def test_an_approval_is_taken_back_while_nothing_came_of_it(database: Database, clock: Clock) -> None:
    actor, group_id = await office(database)
    request_id = await ask(database, group_id)
    for _ in range(2):  # and it can be approved again
        async with database.writing() as tx:
            assert (await requests.decide(tx, request_id, approve=True, reason="", actor=actor)).won
        clock.advance(MINUTE)
        assert await do(database, lambda tx: undo.request(tx, request_id, actor))
        assert not await do(database, lambda tx: undo.request(tx, request_id, actor))
        async with database.writing() as tx:
            assert await memberships.find(tx, group_id, key="bob@example.org") is None
        assert (await request_of(database, request_id)).state is RequestState.PENDING
    async with database.writing() as tx:
        told = await outbox.placements(tx, NoticeKind.REQUEST_OUTCOME, request_id)
    assert len(told) == 1
    assert told[0].wanted > 4  # one message, drawn anew each time


@pytest.mark.parametrize("what", ["post", "paused", "left", "office"])
async def test_an_approval_stays_once_something_came_of_it(database: Database, clock: Clock, what: str) -> None:
    actor, group_id = await office(database)
    request_id = await ask(database, group_id)
    async with database.writing() as tx:
        await requests.decide(tx, request_id, approve=True, reason="", actor=actor)
    async with database.writing() as tx:
        row = await memberships.find(tx, group_id, key="bob@example.org")
        assert row is not None
        assert row.id is not None
        if what == "paused":
            await memberships.pause(tx, row.id, None, actor)
        elif what == "left":
            await memberships.stop(tx, row.id, actor)
        elif what == "office":
            row.moderator = True
            tx.add(row)
    if what == "post":
        post_id = await hold(database, group_id)
        async with database.writing() as tx:
            await posts.release(tx, post_id, actor)
        await database.bulk(lambda bulk: expansion.expand(bulk, post_id, by_domain=False))
        async with database.writing() as tx:
            delivery = (await tx.exec(select(Delivery).where(col(Delivery.post_id) == post_id))).one()
            delivery.state = DeliveryState.RELAYED
            tx.add(delivery)
    with pytest.raises(Refused) as refusal:
        await do(database, lambda tx: undo.request(tx, request_id, actor))
    assert refusal.value.name == ("undo_reached" if what == "post" else "undo_acted")
    assert (await request_of(database, request_id)).state is RequestState.APPROVED


async def test_a_denial_is_taken_back_unless_they_asked_again(database: Database) -> None:
    actor, group_id = await office(database)
    request_id = await ask(database, group_id)
    async with database.writing() as tx:
        await requests.decide(tx, request_id, approve=False, reason="Who are you?", actor=actor)
    again = await ask(database, group_id)
    with pytest.raises(Refused) as refusal:
        await do(database, lambda tx: undo.request(tx, request_id, actor))
    assert refusal.value.name == "undo_asked_again"
    async with database.writing() as tx:
        await requests.decide(tx, again, approve=False, reason="", actor=actor)
    assert await do(database, lambda tx: undo.request(tx, again, actor))


async def test_who_is_not_in_slack_hears_of_an_approval_taken_back_by_letter(database: Database) -> None:
    actor, group_id = await office(database)
    request_id = await ask(database, group_id)
    async with database.writing() as tx:
        request = await tx.get_one(Request, request_id)
        request.person_id, request.confirmed_at = None, tx.now  # as it came by mail
        tx.add(request)
    for approve in (False, True):
        async with database.writing() as tx:
            await requests.decide(tx, request_id, approve=approve, reason="", actor=actor)
        async with database.writing() as tx:
            for delivery in (await tx.exec(select(Delivery).where(col(Delivery.due_at) <= tx.now))).all():
                delivery.state = DeliveryState.RELAYED
                tx.add(delivery)
        assert await do(database, lambda tx: undo.request(tx, request_id, actor))
    assert await letters(database) == [
        (LetterKind.JOIN_DENIED, DeliveryState.SKIPPED),
        (LetterKind.JOIN_DONE, DeliveryState.RELAYED),
        (LetterKind.JOIN_UNDONE, DeliveryState.QUEUED),
    ]


# ---------------------------------------------------------------- claims


async def test_a_claim_is_one_persons_for_an_hour_and_stops_nobody(database: Database, clock: Clock) -> None:
    actor, group_id = await office(database)
    grace = await person(database, "grace")
    other = Actor(grace.subject, grace.id)
    post_id = await hold(database, group_id)

    async def claim(who: Actor) -> claims.Claimed:
        async with database.writing() as tx:
            return await claims.claim(tx, Subject.POST, post_id, who)

    taken = await asyncio.gather(*(claim(who) for who in (actor, other) * 5))
    holders = {one.by for one in taken}
    assert len(holders) == 1
    first, second = (actor, other) if holders == {actor.person_id} else (other, actor)
    assert sum(one.won for one in taken) == 5  # each time by the same person, for another hour
    async with database.writing() as tx:
        assert not (await claims.release(tx, Subject.POST, post_id, second)).won
        assert (await claims.release(tx, Subject.POST, post_id, second, anybodys=True)).won
    await claim(first)
    clock.advance(3600)
    assert (await claim(second)).won
    async with database.writing() as tx:
        assert (await posts.discard(tx, post_id, first)).won
        assert await claims.claimant(tx, Subject.POST, post_id) is None
    assert not (await claim(first)).won
    assert (await post_of(database, post_id)).claimed_by is None


async def test_a_claim_that_is_over_is_drawn_so(database: Database, clock: Clock) -> None:
    actor, group_id = await office(database)
    request_id = await ask(database, group_id)
    async with database.writing() as tx:
        assert (await claims.claim(tx, Subject.REQUEST, request_id, actor)).won
    clock.advance(3599)
    async with database.writing() as tx:
        assert not await undo.lapsed(tx)
    clock.advance(1)
    async with database.writing() as tx:
        assert await undo.lapse(tx) == 1
    assert (await request_of(database, request_id)).claimed_by is None
