"""When a pause ends."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.dates import endless, pause_end
from bot.commands.grammar import Misread

NOW = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-12-24", "UTC", datetime(2026, 12, 24, tzinfo=UTC)),
        ("until 2026-12-1", "Europe/Paris", datetime(2026, 11, 30, 23, tzinfo=UTC)),
        ("tomorrow", "UTC", datetime(2026, 11, 25, tzinfo=UTC)),
        ("jusqu’à demain", "UTC", datetime(2026, 11, 25, tzinfo=UTC)),
        ("24 déc", "UTC", datetime(2026, 12, 24, tzinfo=UTC)),
        ("3 mois", "UTC", datetime(2027, 2, 24, tzinfo=UTC)),
        ("tomorrow", "Asia/Tokyo", datetime(2026, 11, 25, 15, tzinfo=UTC)),
        ("10 days", "UTC", datetime(2026, 12, 4, tzinfo=UTC)),
        ("for 2 weeks", "UTC", datetime(2026, 12, 8, tzinfo=UTC)),
        ("2w", "../../etc/passwd", datetime(2026, 12, 8, tzinfo=UTC)),
        ("1 day", "Mars/Olympus", datetime(2026, 11, 25, tzinfo=UTC)),
    ],
)
def test_pause_end(text: str, zone: str, expected: datetime) -> None:
    assert pause_end(text, NOW, zone) == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("soon", "malformed_date"),
        ("2026-13-01", "malformed_date"),
        ("24.12.2026", "malformed_date"),
        ("5 moons", "malformed_date"),
        ("2026-11-24", "past_date"),
        ("0 days", "past_date"),
        ("1999-01-01", "past_date"),
        ("9999 weeks", "far_date"),
        ("2029-01-01", "far_date"),
    ],
)
def test_refused(text: str, name: str) -> None:
    with pytest.raises(Misread) as caught:
        pause_end(text, NOW, "UTC")
    assert caught.value.name == name


def test_no_day_can_be_said_too() -> None:
    assert [text for text in ("Aucun", "aucune", "none", "until none", "soon", "") if endless(text)] == [
        "Aucun", "aucune", "none", "until none",
    ]  # fmt: skip


@given(st.text(max_size=30), st.text(max_size=20))
def test_any_text_is_a_date_or_answered(text: str, zone: str) -> None:
    with contextlib.suppress(Misread):
        assert pause_end(text, NOW, zone) > NOW
