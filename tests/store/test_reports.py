"""Reports: true counts from tallies, who failed, and why and until when the rest waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col

from store import lanes, reports, workers
from store.engine import Database
from store.reports import Report, Waiting
from store.schema.lane import Lane
from store.schema.post import Post
from store.terms import DeliveryState, Fault, Outcome, Reply, Stage
from tests.conftest import Clock
from tests.store.test_queue import OK, claim, expand_all, make_post, relay, settle

NO_SUCH = Outcome(DeliveryState.FAILED, Reply(550, "5.1.1", "no such mailbox"), Stage.RCPT, Fault.RECIPIENT)
LATER = Outcome(DeliveryState.DEFERRED, Reply(450, "4.2.0", "later"), Stage.RCPT)


async def expanded(database: Database, contacts: int, local: str = "all") -> int:
    post_id = await database.bulk(lambda bulk: make_post(bulk, contacts, local))
    await expand_all(database, post_id)
    return post_id


async def report(database: Database, post_id: int) -> Report:
    async with database.reading() as tx:
        found = await reports.report(tx, post_id)
    assert found is not None
    return found


async def waiting(database: Database, post_id: int) -> Waiting:
    found = (await report(database, post_id)).waiting
    assert found is not None
    return found


async def change_lane(database: Database, lane_id: int, **values: object) -> None:
    await database.bulk(
        lambda bulk: bulk.connection.execute(update(Lane).where(col(Lane.id) == lane_id).values(values))
    )


async def test_the_counts_are_the_tallies_and_the_failures_the_deliveries(database: Database) -> None:
    lane_id = await relay(database)
    post_id = await database.bulk(lambda bulk: make_post(bulk, 12))
    assert (await report(database, post_id)).expected is None
    await expand_all(database, post_id)
    life = await workers.begin(database, "mailbridge")
    await settle(database, life.id, await claim(database, life.id, lane_id, 3), NO_SUCH)
    await settle(database, life.id, await claim(database, life.id, lane_id, 2), LATER)
    halfway = await report(database, post_id)
    assert (halfway.counts["failed"], halfway.counts["deferred"], halfway.remaining) == (3, 2, 9)
    assert not halfway.finished
    await settle(database, life.id, await claim(database, life.id, lane_id, 7), OK)
    life.end()
    found = await report(database, post_id)
    assert (found.expected, found.counts["relayed"], found.policy.display_name) == (12, 7, "all")
    async with database.reading() as tx:
        failed = await reports.failures(tx, post_id)
        assert [failure.state for failure in failed] == [DeliveryState.FAILED] * 3 + [DeliveryState.DEFERRED] * 2
        assert (failed[0].reply, failed[0].stage) == ("550 5.1.1 no such mailbox", Stage.RCPT)
        assert await reports.failures(tx, post_id, limit=2, offset=3) == failed[3:]


async def test_a_finished_post_waits_for_nothing(database: Database) -> None:
    lane_id = await relay(database, lanes.Limits(daily=2))
    post_id = await expanded(database, 2)
    life = await workers.begin(database, "mailbridge")
    await settle(database, life.id, await claim(database, life.id, lane_id, 2))
    life.end()
    found = await report(database, post_id)
    assert found.finished
    assert found.waiting is None


async def test_there_is_no_report_of_what_was_not_accepted(database: Database) -> None:
    post_id = await database.bulk(lambda bulk: make_post(bulk, 1))
    await database.bulk(
        lambda bulk: bulk.connection.execute(update(Post).where(col(Post.id) == post_id).values(policy=None))
    )
    async with database.reading() as tx:
        assert await reports.report(tx, post_id) is None
        assert await reports.report(tx, post_id + 1) is None


async def test_a_rate_says_when_all_will_have_gone(database: Database, clock: Clock) -> None:
    await relay(database, lanes.Limits(rate=0.5))
    post_id = await expanded(database, 60)
    assert await waiting(database, post_id) == Waiting("rate", by=clock() + timedelta(seconds=120))


async def test_other_posts_on_the_lane_take_their_turns(database: Database, clock: Clock) -> None:
    await relay(database, lanes.Limits(rate=1.0))
    small = await expanded(database, 60, "small")
    large = await expanded(database, 300, "large")
    assert (await waiting(database, small)).by == clock() + timedelta(seconds=120)
    assert (await waiting(database, large)).by == clock() + timedelta(seconds=360)


@pytest.mark.parametrize(
    ("contacts", "rate", "by"),
    [
        (15, None, datetime(2026, 3, 3, tzinfo=UTC)),
        (35, None, datetime(2026, 3, 5, tzinfo=UTC)),
        (35, 0.5, datetime(2026, 3, 5, 0, 0, 10, tzinfo=UTC)),
    ],
)
async def test_a_used_up_day_says_when_it_goes_on_and_when_it_ends(
    database: Database, clock: Clock, contacts: int, rate: float | None, by: datetime
) -> None:
    """Ten a day: the first ten go today, and midnight (UTC) begins the next day."""
    lane_id = await relay(database, lanes.Limits(rate=rate, daily=10))
    post_id = await expanded(database, contacts)
    life = await workers.begin(database, "mailbridge")
    gone = 0
    while claims := await claim(database, life.id, lane_id, 10):
        await settle(database, life.id, claims)
        gone += len(claims)
        clock.advance(2)
    life.end()
    assert gone == 10
    assert await waiting(database, post_id) == Waiting("daily", until=datetime(2026, 3, 3, tzinfo=UTC), by=by)


async def test_an_alarm_outranks_a_limit_and_a_stall_both(database: Database, clock: Clock) -> None:
    lane_id = await relay(database, lanes.Limits(rate=0.1))
    post_id = await expanded(database, 5)
    until = clock() + timedelta(minutes=5)
    await change_lane(database, lane_id, waiting_until=until, alarm={"reply": "535 5.7.8 no", "since": "", "tries": 1})
    assert await waiting(database, post_id) == Waiting("alarm", reply="535 5.7.8 no", until=until)
    await database.bulk(
        lambda bulk: bulk.connection.execute(
            update(Post).where(col(Post.id) == post_id).values(stalled={"reply": "554 5.7.1 spam"})
        )
    )
    assert await waiting(database, post_id) == Waiting("stalled", reply="554 5.7.1 spam")
