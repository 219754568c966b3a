"""Mailman's numbers, as arithmetic over days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.bounce import score
from mailbridge.bounce.score import Step
from store.terms import BounceScore

FIRST = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(days=7)


def after(*days: int) -> BounceScore:
    """The score after bounces on these days, counted from the first."""
    now = BounceScore()
    for day in days:
        now = score.bounced(now, FIRST + day * DAY)
    return now


@pytest.mark.parametrize(
    ("days", "points"),
    [
        ((0,), 1),
        ((0, 0, 0, 0, 0, 0), 1),  # at most one a day
        ((0, 1, 2, 3), 4),
        ((0, 1, 2, 3, 4), 5),
        ((0, 7), 2),
        ((0, 8), 1),  # stale after seven days
        ((0, 1, 2, 3, 11), 1),
        ((0, 2, 1), 2),  # an old report comes late
    ],
)
def test_points(days: tuple[int, ...], points: int) -> None:
    assert after(*days).points == points


def test_five_points_ask_by_a_probe_and_begin_anew() -> None:
    assert score.probed(after(0, 1, 2, 3)) is None
    probed = score.probed(after(0, 1, 2, 3, 4))
    assert probed == BounceScore(0, FIRST + 4 * DAY)
    assert score.bounced(probed, FIRST + 5 * DAY).points == 1


def test_three_warnings_a_week_apart_and_removal_a_week_after_the_last() -> None:
    assert score.next_step(0, None, NOW) is Step.WARN
    for warnings in (1, 2):
        assert score.next_step(warnings, NOW, NOW + WEEK - timedelta(seconds=1)) is Step.WAIT
        assert score.next_step(warnings, NOW, NOW + WEEK) is Step.WARN
    assert score.next_step(3, NOW, NOW + WEEK - timedelta(seconds=1)) is Step.WAIT
    assert score.next_step(3, NOW, NOW + WEEK) is Step.REMOVE
    assert [score.removal(n, NOW) - NOW for n in range(4)] == [3 * WEEK, 3 * WEEK, 2 * WEEK, WEEK]


@pytest.mark.parametrize(
    ("back", "copies", "storm"),
    [(0, 0, False), (9, 9, False), (10, 100, False), (11, 100, True), (10, 99, True), (100, 1000, False)],
)
def test_a_storm_is_more_than_a_tenth_and_enough(back: int, copies: int, storm: bool) -> None:
    assert score.storm(back, copies) is storm


@given(st.lists(st.integers(0, 60), max_size=40))
def test_points_never_exceed_the_days_of_the_last_run(days: list[int]) -> None:
    found = after(*days)
    assert found.points <= len(set(days))
    assert found.day is None or found.day <= FIRST + max(days) * DAY
