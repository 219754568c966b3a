"""How soon copies were taken: counted as they are settled, and told as a bound that a share of them kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from store import figures, pace, tallies, workers
from store.engine import Database
from store.schema.post import Post
from store.terms import PostState
from tests.conftest import Clock
from tests.store.test_queue import LATER, claim, expand_all, make_post, relay, settle

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "name"),
    [
        (timedelta(seconds=-1), "within_1"),
        (timedelta(seconds=1), "within_1"),
        (timedelta(seconds=1.1), "within_2"),
        (timedelta(days=1), "within_86400"),
        (timedelta(days=900), "within_432000"),
    ],
)
def test_a_copy_counts_for_the_shortest_bound_it_kept(after: timedelta, name: str) -> None:
    assert pace.outcome(AT, AT + after) == name


@pytest.mark.parametrize(
    ("counts", "half", "most"),
    [
        ({}, None, None),
        ({"relayed": 5}, None, None),
        ({"within_1": 1}, 1, 1),
        ({"within_10": 95, "within_5": 0, "within_3600": 5}, 10, 10),
        ({"within_10": 94, "within_3600": 6}, 10, 3600),
        ({"within_2": 50, "within_5": 50}, 2, 5),
    ],
)
def test_a_share_is_told_as_the_bound_it_kept(counts: dict[str, int], half: int | None, most: int | None) -> None:
    assert (pace.within(counts, 0.5), pace.within(counts, 0.95)) == (half, most)


async def test_settling_counts_the_time_since_acceptance_and_figures_sum_it(database: Database, clock: Clock) -> None:
    lane_id = await relay(database)
    post_id = await database.bulk(lambda bulk: make_post(bulk, 10))
    await expand_all(database, post_id)
    life = await workers.begin(database, "mailbridge")
    clock.advance(4)
    await settle(database, life.id, await claim(database, life.id, lane_id, 7))
    await settle(database, life.id, await claim(database, life.id, lane_id, 2), LATER)
    clock.advance(1000)
    await settle(database, life.id, await claim(database, life.id, lane_id, 1))
    life.end()
    async with database.reading() as tx:
        group_id = (await tx.get_one(Post, post_id)).group_id
        seen = await figures.of(tx, group_id, clock() - figures.PERIOD, clock())
        earlier = await figures.of(tx, group_id, clock() - 2 * figures.PERIOD, clock() - figures.PERIOD)
        counts = await tallies.of_post(tx, post_id)
    assert seen.took == (5, 1800)
    assert (seen.copies, seen.relayed, seen.sums["deferred"], seen.of_state(PostState.ACCEPTED)) == (10, 8, 2, 1)
    assert not earlier.posts
    assert not earlier.sums
    assert "within_5" not in counts  # of no interest to who counts outcomes
