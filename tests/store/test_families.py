"""A message to several groups reaches each person once, whatever happens to the posts and the people meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlmodel import col, select

from store import ending, expansion, memberships, posts, queue, repeats, retention, tallies, workers
from store.engine import Database
from store.posts import NewMessage, Submission
from store.schema.delivery import Delivery
from store.schema.membership import Membership
from store.schema.post import Post
from store.terms import Action, Apart, Copies, Decision, DeliveryState, Outcome, Reply, Stage, Standing
from tests.conftest import Clock
from tests.store.offices import SYSTEM, contact, group, person, row_of

ACCEPT, HOLD = Decision(Action.ACCEPT), Decision(Action.HOLD)
OK = Outcome(DeliveryState.RELAYED, Reply(250, "", "ok"), Stage.DOT)
AUTHOR = "x@x.example"


async def submit(
    database: Database,
    *group_ids: int,
    decision: Decision = ACCEPT,
    known_by: str | None = "same",
    author: str = AUTHOR,
    authenticated: bool = True,
    addressed: Sequence[str] = (),
) -> list[int]:
    """One transaction that brings the message for these groups; gives the ids of the posts it made."""
    message = NewMessage(b"x", "p", author=author, authenticated=authenticated, addressed=tuple(addressed))
    wanted = [Submission(group_id, Standing.MEMBER, decision, known_by) for group_id in group_ids]
    async with database.writing() as tx:
        made = (await posts.submit(tx, message, wanted)).posts
    return [post.id for post in made if post.id is not None]


async def expand(database: Database) -> None:
    """Go through the contacts of every post that waits, in the order of the worker."""
    while await turn(database, by_domain=False):
        pass
    await database.bulk(queue.finish)


async def turn(database: Database, *, by_domain: bool) -> bool:
    """As a worker does: a chunk of the first post that waits. False if none does."""
    waiting = await database.bulk(expansion.pending)
    for post_id in waiting[:1]:
        await database.bulk(lambda bulk: expansion.expand(bulk, post_id, by_domain=by_domain))  # noqa: B023 - runs at once
    return bool(waiting)


async def relay(database: Database, post_id: int, keys: Sequence[str]) -> None:
    """Have copies go out."""
    life = await workers.begin(database, "mailbridge")
    [(lane_id, _)] = (await database.bulk(lambda bulk: queue.lanes_due(bulk, 5))).lanes
    claims = (await database.bulk(lambda bulk: queue.claim(bulk, life.id, lane_id, 1000))).claims
    gone = [one for one in claims if one.post_id == post_id and one.address in keys]
    back = [one for one in claims if one not in gone]
    await database.bulk(lambda bulk: queue.settle(bulk, life.id, [queue.Result(one, OK) for one in gone]))
    await database.bulk(lambda bulk: queue.unclaim(bulk, life.id, back, bulk.now))
    life.end()
    assert len(gone) == len(keys)


async def live(database: Database, post_id: int) -> list[str]:
    """The addresses that have, or will have, a copy of the post."""
    query = select(Delivery.address).where(
        col(Delivery.post_id) == post_id, col(Delivery.state) != DeliveryState.SKIPPED
    )
    async with database.reading() as tx:
        return sorted((await tx.exec(query)).all())


async def counts(database: Database, post_id: int) -> dict[str, int]:
    async with database.reading() as tx:
        return {name: n for name, n in (await tallies.of_post(tx, post_id)).items() if n}


async def leave(database: Database, group_id: int, key: str) -> None:
    async with database.writing() as tx:
        await memberships.leave(tx, group_id, await row_of(tx, group_id, key), SYSTEM)


async def pair(database: Database, **settings: Copies) -> tuple[int, int]:
    """Two groups with c@ and x@ in both, a@ and b@ in one each; spelled differently, as people do."""
    ada = await person(database, "ada")
    first = [contact("a@m.example"), contact("c@m.example"), contact("Xi@m.example")]
    second = [contact("b@m.example"), contact("C@M.example"), contact("xI@m.example")]
    return (
        await group(database, ada, "one", contacts=tuple(first), **settings),
        await group(database, ada, "two", contacts=tuple(second), **settings),
    )


@pytest.mark.parametrize("copies", list(Copies))
async def test_one_transaction_for_two_groups_is_one_copy_a_person_and_the_first_named_has_it(
    database: Database, copies: Copies
) -> None:
    one, two = await pair(database, copies=copies)
    second, first = await submit(database, two, one)
    await expand(database)
    assert await live(database, second) == ["C@m.example", "b@m.example", "xI@m.example"]
    assert await live(database, first) == ["a@m.example"]
    assert await counts(database, first) == {tallies.EXPANDED: 3, Apart.ELSEWHERE: 2}


async def test_two_transactions_of_one_message_are_one_family_and_two_messages_are_not(database: Database) -> None:
    one, two = await pair(database)
    [first] = await submit(database, one)
    await expand(database)
    [second] = await submit(database, two)
    await expand(database)
    assert await live(database, second) == ["b@m.example"]
    for known_by in ("another", None):
        [other] = await submit(database, two, known_by=known_by)
        await expand(database)
        assert len(await live(database, other)) == 3
    assert len(await live(database, first)) == 3


async def test_a_message_without_marks_is_still_one_for_the_groups_of_its_transaction(database: Database) -> None:
    one, two = await pair(database)
    _, second = await submit(database, one, two, known_by=None)
    await expand(database)
    assert await live(database, second) == ["b@m.example"]


async def test_who_is_held_comes_later_and_makes_only_the_copies_that_are_missing(database: Database) -> None:
    one, two = await pair(database)
    [held] = await submit(database, one, decision=HOLD)
    [second] = await submit(database, two)
    await expand(database)
    async with database.writing() as tx:
        assert (await posts.release(tx, held, SYSTEM)).won
    await expand(database)
    assert await live(database, held) == ["a@m.example"]
    assert len(await live(database, second)) == 3
    # A message held in both, and released in the other order.
    a, b = await submit(database, one, two, decision=HOLD, known_by="held")
    async with database.writing() as tx:
        await posts.release(tx, b, SYSTEM)
    async with database.writing() as tx:
        await posts.release(tx, a, SYSTEM)
    await expand(database)
    assert (len(await live(database, b)), await live(database, a)) == (3, ["a@m.example"])


async def test_a_later_post_waits_for_the_earlier_to_be_gone_through(database: Database) -> None:
    one, two = await pair(database)
    first, second = await submit(database, one, two)
    assert await database.bulk(expansion.pending) == [first]
    made = await database.bulk(lambda bulk: expansion.expand(bulk, second, by_domain=False))
    assert (made.rows, made.finished) == (0, False)
    assert await live(database, second) == []


@pytest.mark.parametrize("expanded", [True, False])
@pytest.mark.parametrize("how", ["leave", "pause", "stop", "delete", "rejoin"])
async def test_who_gets_no_copy_by_the_one_group_any_more_gets_it_by_the_other(
    database: Database, how: str, expanded: bool
) -> None:
    one, two = await pair(database)
    first, second = await submit(database, one, two)
    if expanded:
        await expand(database)
    else:
        await database.bulk(lambda bulk: expansion.expand(bulk, first, by_domain=False))
    async with database.writing() as tx:
        row = await row_of(tx, one, "c@m.example")
        assert row.id is not None
        match how:
            case "leave":
                await memberships.leave(tx, one, row, SYSTEM)
            case "pause":
                await memberships.pause(tx, row.id, None, SYSTEM)
            case "stop":
                await posts.stop(tx, first, SYSTEM)
            case "delete":
                await ending.delete(tx, one, SYSTEM)
            case _:
                await memberships.leave(tx, one, row, SYSTEM)
                await memberships.enrol(tx, one, [contact("c@m.example")], contact=True, actor=SYSTEM)
    await expand(database)
    alone = how in ("stop", "delete")
    gone = ["C@m.example", "b@m.example", *(["xI@m.example"] if alone else [])]
    assert await live(database, second) == gone
    assert await live(database, first) == ([] if alone else ["Xi@m.example", "a@m.example"])
    found = await counts(database, second)
    assert found[tallies.EXPANDED] - found.get(Apart.ELSEWHERE, 0) == len(gone)
    async with database.reading() as tx:
        post = await posts.get(tx, second)
    assert post is not None
    assert post.done_at is None


async def test_who_has_the_copy_and_leaves_gets_no_second_one(database: Database) -> None:
    one, two = await pair(database)
    [first] = await submit(database, one)
    await expand(database)
    await relay(database, first, ["c@m.example"])
    await leave(database, one, "c@m.example")
    [second] = await submit(database, two)
    await expand(database)
    assert await live(database, second) == ["b@m.example"]


async def test_what_may_have_to_make_a_copy_still_keeps_its_message(database: Database, clock: Clock) -> None:
    one, two = await pair(database)
    [first] = await submit(database, one)
    [second] = await submit(database, two)
    await expand(database)
    await relay(database, second, ["b@m.example"])
    clock.advance(timedelta(days=40).total_seconds())
    async with database.writing() as tx:
        assert await retention.empty(tx, timedelta(days=30)) == 0
    await leave(database, one, "c@m.example")
    assert await live(database, second) == ["C@m.example", "b@m.example"]
    await relay(database, first, ["Xi@m.example", "a@m.example"])
    await relay(database, second, ["C@m.example"])
    clock.advance(timedelta(days=31).total_seconds())
    async with database.writing() as tx:
        assert await retention.empty(tx, timedelta(days=30)) == 2


async def test_what_was_stopped_takes_nobody_over(database: Database) -> None:
    one, two = await pair(database)
    first, second = await submit(database, one, two)
    await expand(database)
    async with database.writing() as tx:
        await posts.stop(tx, second, SYSTEM)
    await leave(database, one, "c@m.example")
    assert await live(database, second) == []
    assert await live(database, first) == ["Xi@m.example", "a@m.example"]


async def test_the_third_takes_over_from_the_second(database: Database) -> None:
    ada = await person(database, "ada")
    ids = [await group(database, ada, local, contacts=(contact("c@m.example"),)) for local in ("one", "two", "three")]
    made = await submit(database, *ids)
    await expand(database)
    for at, group_id in enumerate(ids):
        assert [len(await live(database, post_id)) for post_id in made] == [n == at for n in range(3)]
        await leave(database, group_id, "c@m.example")
    assert [await live(database, post_id) for post_id in made] == [[], [], []]


async def test_after_five_days_it_is_another_message(database: Database, clock: Clock) -> None:
    one, two = await pair(database)
    await submit(database, one)
    [held] = await submit(database, two, decision=HOLD)
    await expand(database)
    clock.advance(timedelta(days=5, seconds=1).total_seconds())
    async with database.writing() as tx:
        await repeats.forget(tx)
    [again] = await submit(database, one)
    await expand(database)
    assert len(await live(database, again)) == 3
    async with database.writing() as tx:
        await posts.release(tx, held, SYSTEM)
    await expand(database)
    assert await live(database, held) == ["b@m.example"]


async def test_processes_that_accept_and_go_through_it_at_once_make_one_copy_each(database: Database) -> None:
    """Eight of each, with no order among them but the database's."""
    ada = await person(database, "ada")
    crowd = tuple(contact(f"c{n:03}@m.example") for n in range(420))
    ids = [await group(database, ada, f"g{n}", contacts=crowd[n * 40 : n * 40 + 140]) for n in range(8)]
    accepting = 8

    async def accept(group_id: int) -> None:
        nonlocal accepting
        await submit(database, group_id)
        accepting -= 1

    async def work() -> None:
        while await turn(database, by_domain=True) or accepting:
            await asyncio.sleep(0)

    async def leavers() -> None:
        for n in range(40, 60):
            await leave(database, ids[1], f"c{n:03}@m.example")

    async with asyncio.timeout(120):
        await asyncio.gather(*(accept(group_id) for group_id in ids), *(work() for _ in range(4)), leavers())
    async with database.reading() as tx:
        alive = select(Delivery.address).where(col(Delivery.state) != DeliveryState.SKIPPED)
        copies = Counter((await tx.exec(alive)).all())
        receiving = {row.address for row in (await tx.exec(select(Membership).where(col(Membership.contact)))).all()}
        made = (await tx.exec(select(Post))).all()
    assert set(copies) >= receiving
    assert set(copies.values()) == {1}
    assert sorted(post.rank or 0 for post in made) == list(range(1, 9))


# ---------------------------------------------------------------- what contacts wish


async def wish(database: Database, group_id: int, key: str, **wishes: bool) -> None:
    async with database.writing() as tx:
        row = await row_of(tx, group_id, key)
        assert row.id is not None
        await memberships.receive(tx, row.id, SYSTEM, **wishes)


async def test_by_default_the_author_and_the_addressed_get_their_copies(database: Database) -> None:
    one, _ = await pair(database)
    [post_id] = await submit(database, one, author="xi@m.example", addressed=["c@m.example"])
    await expand(database)
    assert len(await live(database, post_id)) == 3


async def test_who_wants_none_of_their_own_or_no_second_copy_is_spared_it(database: Database) -> None:
    one, two = await pair(database)
    await wish(database, one, "xi@m.example", own=False)
    await wish(database, one, "c@m.example", addressed=False)
    await wish(database, one, "a@m.example", own=False, addressed=False)
    first, second = await submit(database, one, two, author="xI@m.example", addressed=["c@m.example", "q@m.example"])
    await expand(database)
    assert await live(database, first) == ["a@m.example"]
    assert await counts(database, first) == {tallies.EXPANDED: 3, Apart.OWN: 1, Apart.ADDRESSED: 1}
    # The wish is about one group: in the other they want their copies.
    assert len(await live(database, second)) == 3
    await database.bulk(queue.finish)
    [alone] = await submit(database, one, author="a@m.example", known_by="later")
    await expand(database)
    assert await live(database, alone) == ["Xi@m.example", "c@m.example"]


async def test_an_author_nobody_has_proven_spares_nobody_a_copy(database: Database) -> None:
    one, _ = await pair(database)
    await wish(database, one, "xi@m.example", own=False, addressed=False)
    await wish(database, one, "c@m.example", own=False, addressed=False)
    [post_id] = await submit(
        database, one, author="xi@m.example", addressed=["c@m.example", "xi@m.example"], authenticated=False
    )
    await expand(database)
    assert len(await live(database, post_id)) == 3


async def test_the_person_is_the_author_by_whichever_address_their_copies_come(database: Database) -> None:
    ada = await person(database, "ada")
    group_id = await group(database, ada, contacts=(contact("b@m.example"),))
    async with database.writing() as tx:
        row = await row_of(tx, group_id, "b@m.example")
        [office] = [one for one in await memberships.page(tx, group_id) if one.person_id == ada.id]
        await tx.delete(office)
        await tx.flush()
        row.person_id = ada.id
        tx.add(row)
    await wish(database, group_id, "b@m.example", own=False)
    [post_id] = await submit(database, group_id, author="Ada@example.org")
    await expand(database)
    assert await live(database, post_id) == []
    async with database.reading() as tx:
        post = await posts.get(tx, post_id)
    assert post is not None
    assert post.done_at is not None  # nothing is waited for


async def test_wishes_are_those_of_the_acceptance(database: Database) -> None:
    one, _ = await pair(database)
    [post_id] = await submit(database, one, author="xi@m.example")
    await wish(database, one, "xi@m.example", own=False)
    await expand(database)
    assert len(await live(database, post_id)) == 3
