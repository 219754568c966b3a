"""Delays grow, spread, and end after five days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mailbridge.deliver import schedule

ACCEPTED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_tries_grow_apart_and_end_after_five_days(first: float, second: float) -> None:
    now, tries, delays = ACCEPTED, 0, []
    while (due := schedule.next_due(tries, ACCEPTED, now, first if tries % 2 else second)) is not None:
        assert now < due <= ACCEPTED + schedule.GIVE_UP
        delays.append(due - now)
        now, tries = due, tries + 1
    assert now == ACCEPTED + schedule.GIVE_UP
    assert delays[0] < timedelta(minutes=2) < delays[2] < delays[6] <= timedelta(hours=4.8)
    assert 25 < tries < 50


def test_jitter_spreads_what_failed_together() -> None:
    dues = {schedule.next_due(3, ACCEPTED, ACCEPTED, n / 100) for n in range(100)}
    assert len(dues) == 100


def test_a_lane_waits_from_a_minute_to_an_hour() -> None:
    waits = [schedule.lane_wait(tries) for tries in range(20)]
    assert waits[0] == timedelta(minutes=1)
    assert waits[-1] == timedelta(hours=1)
    assert waits == sorted(waits)


def test_a_hop_that_is_away_is_called_with_growing_patience() -> None:
    assert [schedule.reconnect_after(n) for n in (0, 1, 2)] == [1.0, 2.0, 5.0]
    assert schedule.reconnect_after(1000, 0.999) < 400
