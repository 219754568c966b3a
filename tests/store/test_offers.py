"""Who types in threads is told once in each, again once they took it up, and nowhere while they decline."""

from __future__ import annotations

import asyncio

from sqlmodel import select

from store import offers, posts
from store.engine import Database
from store.offers import KEPT_FOR
from store.posts import NewMessage, Submission
from store.schema.offer import Offer
from store.terms import Action, Decision, Standing
from tests.conftest import Clock
from tests.store.offices import group, person


async def post(database: Database, group_id: int, name: str) -> int:
    async with database.writing() as tx:
        made = await posts.submit(
            tx,
            NewMessage(raw=b"Subject: x\r\n\r\n", public_id=name),
            [Submission(group_id, Standing.MEMBER, Decision(Action.ACCEPT), name)],
        )
    assert made.posts[0].id is not None
    return made.posts[0].id


async def test_once_a_thread_again_when_taken_up_nowhere_when_declined(database: Database, clock: Clock) -> None:
    ada, bo = await person(database, "ada"), await person(database, "bo")
    team = await group(database, ada)
    first, other = [await post(database, team, name) for name in ("first", "other")]
    assert ada.id is not None
    assert bo.id is not None
    me = ada.id

    async def typed(post_id: int, ts: str, who: int = me) -> int | None:
        async with database.writing() as tx:
            return await offers.make(tx, post_id, who, ts)

    # Of what is typed at once one is offered.
    made = [one for one in await asyncio.gather(*(typed(first, f"{n}.0") for n in range(4))) if one is not None]
    assert len(made) == 1
    assert await typed(first, "5.0") is None
    assert await typed(first, "5.0", bo.id) is not None
    mine = await typed(other, "6.0")
    assert mine is not None
    async with database.writing() as tx:
        assert await offers.mine(tx, mine, bo.id) is None
        await offers.take(tx, mine, bo.id)
        await offers.decline(tx, mine, bo.id)
        assert not await offers.wanted(tx, other, me)  # nobody answers for another
        await offers.take(tx, mine, me)
    assert await typed(other, "6.0") is None  # told by Slack once more
    again = await typed(other, "7.0")
    assert again is not None
    third = await post(database, team, "third")
    async with database.writing() as tx:
        await offers.decline(tx, again, me)
    assert await typed(third, "8.0") is None
    async with database.writing() as tx:
        await offers.take(tx, made[0], me)
    withdrawn = await typed(third, "8.0")
    assert withdrawn is not None
    async with database.writing() as tx:
        await offers.withdraw(tx, withdrawn)
        await offers.decline(tx, made[0], me)
    clock.now += KEPT_FOR
    async with database.writing() as tx:
        assert await offers.purge(tx) == 0
    clock.advance(1)
    async with database.writing() as tx:
        assert await offers.purge(tx) == 4
        assert (await tx.exec(select(Offer.id))).all() == []
    assert await typed(third, "8.0") is not None
