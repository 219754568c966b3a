"""What a bounce changes: one relayed delivery, once, for seven days."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from store import bounces, tallies, workers
from store.engine import Database
from store.schema.delivery import Delivery
from store.schema.message import Message
from store.schema.post import Post
from store.terms import BounceReason, Copies, DeliveryState
from tests.conftest import Clock
from tests.store.test_queue import claim, counts, expand_all, make_post, relay, settle


async def relayed(database: Database, contacts: int = 3) -> tuple[int, list[Delivery]]:
    """A post whose copies were all relayed, with its deliveries by id."""
    lane_id = await relay(database)
    post_id = await database.bulk(lambda bulk: make_post(bulk, contacts))
    await expand_all(database, post_id)
    life = await workers.begin(database, "mailbridge")
    await settle(database, life.id, await claim(database, life.id, lane_id, 100))
    life.end()
    async with database.reading() as tx:
        rows = await tx.exec(select(Delivery).where(col(Delivery.post_id) == post_id).order_by(col(Delivery.id)))
        return post_id, list(rows.all())


async def test_a_failure_amends_its_delivery_once(database: Database) -> None:
    post_id, deliveries = await relayed(database)
    assert deliveries[1].id is not None
    for first in (True, False):
        async with database.writing() as tx:
            assert (
                await bounces.record(tx, deliveries[1].id, b"x", reason=BounceReason.USER_UNKNOWN, enhanced="5.1.1")
                is first
            )
    assert await counts(database, post_id) == {"expanded": 3, "relayed": 2, "bounced": 1}


async def test_anything_else_is_kept_and_changes_nothing(database: Database) -> None:
    post_id, deliveries = await relayed(database)
    assert deliveries[0].id is not None
    async with database.writing() as tx:
        assert not await bounces.record(tx, deliveries[0].id, b"out of office", reason=None)
        assert not await bounces.record(tx, 999_999, b"x", reason=BounceReason.USER_UNKNOWN)
    assert await counts(database, post_id) == {"expanded": 3, "relayed": 3}


async def test_after_seven_days_it_is_too_late_and_forgotten(database: Database, clock: Clock) -> None:
    post_id, deliveries = await relayed(database)
    assert deliveries[0].id is not None
    clock.advance(8 * 86_400)
    async with database.writing() as tx:
        assert not await bounces.record(tx, deliveries[0].id, b"late", reason=BounceReason.USER_UNKNOWN)
    clock.advance(8 * 86_400)
    async with database.writing() as tx:
        assert await bounces.purge(tx) == 1
        assert (await tx.exec(select(Message).where(col(Message.raw) == b"late"))).first() is None
    assert (await counts(database, post_id))[tallies.EXPANDED] == 3


async def test_a_bounce_faster_than_our_own_settling_is_to_come_again(database: Database) -> None:
    lane_id = await relay(database)
    post_id = await database.bulk(lambda bulk: make_post(bulk, 1))
    await expand_all(database, post_id)
    life = await workers.begin(database, "mailbridge")
    claims = await claim(database, life.id, lane_id, 1)
    with pytest.raises(bounces.TooEarly):
        async with database.writing() as tx:
            await bounces.record(tx, claims[0].id, b"x", reason=BounceReason.USER_UNKNOWN)
    await settle(database, life.id, claims)
    life.end()
    async with database.writing() as tx:
        assert await bounces.record(tx, claims[0].id, b"x", reason=BounceReason.USER_UNKNOWN)
    assert await counts(database, post_id) == {"expanded": 1, "relayed": 0, "bounced": 1}


async def test_of_shared_copies_the_named_recipient_bounced(database: Database) -> None:
    post_id, deliveries = await relayed(database)
    assert deliveries[0].id is not None
    async with database.writing() as tx:
        post = await tx.get(Post, post_id)
        assert post is not None
        assert post.policy is not None
        policy = {**post.policy, "copies": Copies.SHARED}
        await tx.exec(update(Post).where(col(Post.id) == post_id).values(policy=policy))
    async with database.writing() as tx:
        named = deliveries[2].address.upper()
        assert await bounces.record(tx, deliveries[0].id, b"x", reason=BounceReason.USER_UNKNOWN, recipient=named)
    async with database.reading() as tx:
        rows = (await tx.exec(select(Delivery).order_by(col(Delivery.id)))).all()
    assert [row.state for row in rows] == [DeliveryState.RELAYED, DeliveryState.RELAYED, DeliveryState.BOUNCED]
