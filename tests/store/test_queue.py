"""The queue's promises: every contact once, fairly, fenced, counted."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import accumulate

import pytest
from sqlalchemy import func, insert, select, update
from sqlmodel import col

from store import expansion, lanes, queue, tallies, workers
from store.engine import Bulk, Database
from store.queue import Claim, Result
from store.schema.delivery import Delivery
from store.schema.group import Group
from store.schema.lane import Lane
from store.schema.membership import Membership
from store.schema.message import Message
from store.schema.post import Post
from store.schema.worker import Worker
from store.terms import DeliveryState, GroupPolicy, Outcome, PostState, Reply, Stage, Standing
from tests.conftest import Clock

OK = Outcome(DeliveryState.RELAYED, Reply(250, "2.0.0", "Ok"), Stage.DOT)
LATER = Outcome(DeliveryState.DEFERRED, Reply(450, "4.2.0", "later"), Stage.RCPT)


def make_post(bulk: Bulk, contacts: int, local: str = "all") -> int:
    """An accepted post of a group with that many contacts."""
    now = bulk.now
    address = f"{local}@groups.example.org"
    group = Group(address=address, route=address, display_name=local, created_at=now)
    row = group.model_dump(exclude={"id"})
    group_id = bulk.connection.execute(insert(Group).values(row).returning(col(Group.id))).scalar_one()
    assert group_id is not None
    rows = []
    for n in range(contacts):
        key = f"c{n}@d{n % 3}.example.org"
        member = Membership(
            group_id=group_id, address=key, key=key, domain=key.split("@")[1], contact=True, created_at=now
        )
        rows.append(member.model_dump(exclude={"id"}))
    if rows:
        bulk.connection.execute(insert(Membership), rows)
    message = Message(size=1, digest="", raw=b"x", created_at=now).model_dump(exclude={"id"})
    message_id = bulk.connection.execute(insert(Message).values(message).returning(col(Message.id))).scalar_one()
    mark = bulk.connection.execute(select(func.max(col(Membership.id)))).scalar_one()
    policy = GroupPolicy(group_id, group.kind, address, address, local)
    post = Post(
        group_id=group_id, message_id=message_id or 0, public_id="p", standing=Standing.MEMBER,
        state=PostState.ACCEPTED, created_at=now, accepted_at=now, policy=policy.as_json(), high_water=mark,
    )  # fmt: skip
    row = post.model_dump(exclude={"id"})
    post_id = bulk.connection.execute(insert(Post).values(row).returning(col(Post.id))).scalar_one()
    return int(post_id or 0)


async def relay(database: Database, limits: lanes.Limits | None = None) -> int:
    def make(bulk: Bulk) -> int:
        lane_id = lanes.ensure(bulk, lanes.RELAY)
        lanes.limit(bulk, lane_id, limits or lanes.Limits())
        return lane_id

    return await database.bulk(make)


async def expand_all(database: Database, post_id: int, *, by_domain: bool = False) -> None:
    while not (await database.bulk(lambda bulk: expansion.expand(bulk, post_id, by_domain=by_domain))).finished:
        pass


async def claim(database: Database, worker_id: int, lane_id: int, n: int) -> tuple[Claim, ...]:
    return (await database.bulk(lambda bulk: queue.claim(bulk, worker_id, lane_id, n))).claims


async def settle(database: Database, worker_id: int, claims: tuple[Claim, ...], outcome: Outcome = OK) -> bool:
    due = database.clock() + timedelta(minutes=5) if outcome.state is DeliveryState.DEFERRED else None
    results = [Result(one, outcome, due) for one in claims]
    return await database.bulk(lambda bulk: queue.settle(bulk, worker_id, results))


async def counts(database: Database, post_id: int) -> dict[str, int]:
    return await database.bulk(lambda bulk: tallies.sums(bulk, [post_id])[post_id])


async def test_every_contact_is_expanded_claimed_and_settled_once(database: Database) -> None:
    lane_id = await relay(database)
    post_id = await database.bulk(lambda bulk: make_post(bulk, 450))
    await expand_all(database, post_id)
    life = await workers.begin(database, "mailbridge")
    seen: list[str] = []
    while claims := await claim(database, life.id, lane_id, 100):
        seen += [one.address for one in claims]
        assert await settle(database, life.id, claims)
    life.end()
    assert len(seen) == len(set(seen)) == 450
    assert await counts(database, post_id) == {"expanded": 450, "relayed": 450}
    async with database.reading() as tx:
        post = await tx.get(Post, post_id)
        assert post is not None
        assert post.done_at is not None
        assert post.first_relayed_at is not None


async def test_a_lane_for_each_domain_where_mail_goes_straight(database: Database) -> None:
    post_id = await database.bulk(lambda bulk: make_post(bulk, 30))
    await expand_all(database, post_id, by_domain=True)
    due = (await database.bulk(lambda bulk: queue.lanes_due(bulk, 10))).lanes
    assert sorted(key for _, key in due) == ["mx:d0.example.org", "mx:d1.example.org", "mx:d2.example.org"]
    life = await workers.begin(database, "mailbridge")
    for lane_id, key in due:
        claims = await claim(database, life.id, lane_id, 100)
        assert len(claims) == 10
        assert {one.address.split("@")[1] for one in claims} == {key.removeprefix("mx:")}
    life.end()


async def test_posts_take_turns(database: Database) -> None:
    lane_id = await relay(database)
    large = await database.bulk(lambda bulk: make_post(bulk, 300, "large"))
    small = await database.bulk(lambda bulk: make_post(bulk, 20, "small"))
    for post_id in (large, small):
        await expand_all(database, post_id)
    life = await workers.begin(database, "mailbridge")
    claims = await claim(database, life.id, lane_id, 40)
    life.end()
    assert {large, small} == {one.post_id for one in claims}
    assert sum(one.post_id == small for one in claims) == 20


async def test_a_dead_workers_claims_go_again_and_its_results_change_nothing(database: Database) -> None:
    lane_id = await relay(database)
    post_id = await database.bulk(lambda bulk: make_post(bulk, 10))
    await expand_all(database, post_id)
    dead = await workers.begin(database, "mailbridge")
    lost = await claim(database, dead.id, lane_id, 4)
    dead.lock.close()  # as the kernel does when a process ends
    alive = await workers.begin(database, "mailbridge")  # buries
    assert not await settle(database, dead.id, lost)
    claims = await claim(database, alive.id, lane_id, 100)
    assert len(claims) == 10
    assert await settle(database, alive.id, claims)
    assert await counts(database, post_id) == {"expanded": 10, "relayed": 10, "repeated": 4}
    async with database.reading() as tx:
        query = select(func.count()).select_from(Delivery).where(col(Delivery.repeated))
        assert (await tx.exec(query)).scalar_one() == 4  # type: ignore[call-overload]  # Core's select
    alive.end()


async def test_a_silent_worker_is_dead_after_twenty_seconds_of_database_time(database: Database) -> None:
    sleeper = await workers.begin(database, "mailbridge")
    other = await workers.begin(database, "mailbridge")
    assert await database.bulk(lambda bulk: workers.beat(bulk, sleeper.id))
    old = update(Worker).where(col(Worker.id) == sleeper.id)

    def sleep(bulk: Bulk) -> None:
        bulk.connection.execute(old.values(heartbeat_at=workers.database_now(bulk) - timedelta(seconds=21)))

    await database.bulk(sleep)
    assert await database.bulk(lambda bulk: workers.beat(bulk, other.id))
    assert not await database.bulk(lambda bulk: workers.beat(bulk, sleeper.id))
    sleeper.end()
    other.end()


async def test_deferred_is_counted_once_however_often(database: Database, clock: Clock) -> None:
    lane_id = await relay(database)
    post_id = await database.bulk(lambda bulk: make_post(bulk, 3))
    await expand_all(database, post_id)
    life = await workers.begin(database, "mailbridge")
    for _ in range(2):
        claims = await claim(database, life.id, lane_id, 10)
        assert len(claims) == 3
        await settle(database, life.id, claims, LATER)
        assert (await counts(database, post_id))["deferred"] == 3
        assert await claim(database, life.id, lane_id, 10) == ()
        clock.advance(301)
    await settle(database, life.id, await claim(database, life.id, lane_id, 10))
    life.end()
    assert await counts(database, post_id) == {"expanded": 3, "relayed": 3, "deferred": 0}


async def test_rate_and_daily_limits_hold_over_claims(database: Database, clock: Clock) -> None:
    lane_id = await relay(database, lanes.Limits(rate=0.5, daily=4))
    post_id = await database.bulk(lambda bulk: make_post(bulk, 10))
    await expand_all(database, post_id)
    life = await workers.begin(database, "mailbridge")
    taken = 0
    for _ in range(30):
        claimed = await database.bulk(lambda bulk: queue.claim(bulk, life.id, lane_id, 100))
        assert len(claimed.claims) <= 1
        taken += len(claimed.claims)
        clock.advance(1)
    assert taken == 4
    claimed = await database.bulk(lambda bulk: queue.claim(bulk, life.id, lane_id, 100))
    assert claimed.next_at == lanes.next_day(clock.now)
    clock.advance(86_400)
    assert len(await claim(database, life.id, lane_id, 100)) == 1
    life.end()


@pytest.mark.parametrize("rate", [0.5, 7.0, 60.0])
async def test_no_stretch_of_time_sees_more_than_the_rate(database: Database, clock: Clock, rate: float) -> None:
    """Whoever claims and however irregularly, and though the machines' clocks differ; and the rate is reached."""
    lane_id = await relay(database, lanes.Limits(rate=rate))
    chance = random.Random(3)
    taken: list[tuple[float, int]] = []
    begin = clock.now
    clock.advance(60)  # a rest, after which nothing is owed
    while (elapsed := (clock.now - begin).total_seconds() - 60) < 20:
        skew = chance.choice([0.0, 0.0, -0.4])  # another machine's clock
        clock.advance(skew)
        budget = await database.bulk(lambda bulk: lanes.budget(bulk, lane_id, 100))
        clock.advance(-skew)
        if budget.allowed:
            taken.append((elapsed, budget.allowed))
        wait = max(0.001, (budget.next_at - clock.now).total_seconds() if budget.next_at else 0.01)
        clock.advance(wait if chance.random() < 0.9 else wait + 0.3 * chance.random() / rate)
    sums = [0, *accumulate(n for _, n in taken)]
    for first, (begun, _) in enumerate(taken):
        for last in range(first, len(taken)):
            span = taken[last][0] - begun
            assert sums[last + 1] - sums[first] <= rate * span + lanes.burst(rate) + 1e-6
    assert sums[-1] >= 20 * rate * 0.6


async def test_a_used_up_day_takes_nothing_from_the_rate(database: Database, clock: Clock) -> None:
    lane_id = await relay(database, lanes.Limits(rate=60.0, daily=3))
    assert (await database.bulk(lambda bulk: lanes.budget(bulk, lane_id, 100))).allowed == 3
    clock.now = lanes.next_day(clock.now) - timedelta(seconds=1)
    for _ in range(3):
        assert (await database.bulk(lambda bulk: lanes.budget(bulk, lane_id, 100))).allowed == 0
    async with database.reading() as tx:
        lane = await tx.get(Lane, lane_id)
    assert lane is not None
    assert lane.tokens == pytest.approx(3.0)


async def test_what_is_not_claimed_is_not_taken_from_the_budget(database: Database, clock: Clock) -> None:
    lane_id = await relay(database, lanes.Limits(daily=100))
    post_id = await database.bulk(lambda bulk: make_post(bulk, 3))
    await expand_all(database, post_id)
    life = await workers.begin(database, "mailbridge")
    assert len(await claim(database, life.id, lane_id, 50)) == 3
    life.end()
    async with database.reading() as tx:
        lane = await tx.get(Lane, lane_id)
        assert lane is not None
        assert lane.day_count == 3


async def test_connections_are_shared_between_workers(database: Database) -> None:
    lane_id = await relay(database, lanes.Limits(connections=3))

    async def share(life: workers.Life, wanted: int, held: int) -> int:
        return await database.bulk(lambda bulk: lanes.share(bulk, lane_id, life.id, wanted, held))

    first = await workers.begin(database, "mailbridge")
    assert await share(first, 2, 0) == 2
    assert await share(first, 9, 2) == 3
    bot, second = await workers.begin(database, "bot"), await workers.begin(database, "mailbridge")
    assert await share(second, 9, 0) == 0, "the first still holds them all"
    assert await share(first, 9, 3) == 2
    assert await share(second, 9, 0) == 0, "the first has not closed any yet"
    assert await share(first, 9, 2) == 2
    assert await share(second, 9, 0) == 1
    assert await share(first, 9, 2) == 2
    first.lock.close()
    await database.bulk(workers.bury)
    assert await share(second, 9, 1) == 3
    assert await share(first, 9, 0) == 0, "the dead hold nothing"
    await database.bulk(lambda bulk: lanes.release(bulk, second.id, [lane_id]))
    third = await workers.begin(database, "mailbridge")
    assert await share(third, 9, 0) == 1
    for life in (bot, second, third):
        life.end()


async def test_a_lane_without_a_limit_gives_what_is_wanted(database: Database) -> None:
    lane_id = await relay(database)
    life = await workers.begin(database, "mailbridge")
    assert await database.bulk(lambda bulk: lanes.share(bulk, lane_id, life.id, 7, 0)) == 7
    life.end()


async def test_two_workers_never_claim_the_same(database: Database) -> None:
    import asyncio

    lane_id = await relay(database)
    post_id = await database.bulk(lambda bulk: make_post(bulk, 400))
    await expand_all(database, post_id)
    lives = [await workers.begin(database, "mailbridge") for _ in range(2)]

    async def work(worker_id: int) -> list[int]:
        mine: list[int] = []
        while claims := await claim(database, worker_id, lane_id, 30):
            mine += [one.id for one in claims]
            await settle(database, worker_id, claims)
        return mine

    first, second = await asyncio.gather(*(work(life.id) for life in lives))
    for life in lives:
        life.end()
    assert not set(first) & set(second)
    assert (await counts(database, post_id))["relayed"] == len(first) + len(second)
