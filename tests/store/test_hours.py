"""Working hours, by the clock where people are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.hours import Hours


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


# 2 March 2026 is a Monday; Paris is an hour ahead of UTC then, and two in June; Kathmandu is 5:45 ahead.
@pytest.mark.parametrize(
    ("moment", "zone", "following", "before"),
    [
        ("2026-03-02 09:00", "UTC", "2026-03-02 09:00", "2026-03-02 09:00"),
        ("2026-03-02 08:59", "UTC", "2026-03-02 09:00", "2026-02-27 17:00"),
        ("2026-03-02 18:00", "UTC", "2026-03-03 09:00", "2026-03-02 17:00"),
        ("2026-03-07 12:00", "UTC", "2026-03-09 09:00", "2026-03-06 17:00"),
        ("2026-03-02 08:00", "Europe/Paris", "2026-03-02 08:00", "2026-03-02 08:00"),
        ("2026-06-01 06:59", "Europe/Paris", "2026-06-01 07:00", "2026-05-29 15:00"),
        ("2026-03-02 12:15", "Asia/Kathmandu", "2026-03-03 03:15", "2026-03-02 11:15"),
        ("2026-03-02 03:00", "no/such zone", "2026-03-02 09:00", "2026-02-27 17:00"),
    ],
)
def test_when_they_begin_next_and_were_last(moment: str, zone: str, following: str, before: str) -> None:
    hours = Hours.parse("mon-fri 9-18")
    assert hours.next(at(moment), zone) == at(following)
    assert hours.last_before(at(moment), zone) == at(before)


@given(
    st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: at("2025-01-01 00:00") + timedelta(minutes=minutes)),
    st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]),
    st.sampled_from(["mon-fri 9-18", "sun-sun 0-1", "always", "tue-thu 22-24"]),
)
def test_they_hold_there_and_nowhere_between(moment: datetime, zone: str, words: str) -> None:
    hours = Hours.parse(words)
    following, before = hours.next(moment, zone), hours.last_before(moment, zone)
    assert before <= moment <= following
    assert hours.hold(following, zone)
    assert hours.hold(before, zone)
    assert following - moment <= timedelta(days=8)


@pytest.mark.parametrize(
    "words", ["", "9-18", "mon-fri", "mon-fri 18-9", "fri-mon 9-18", "mon-fri 9-25", "mon-fri 9:0-18"]
)
def test_other_words_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r"neither always|ends before"):
        Hours.parse(words)
