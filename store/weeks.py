"""Weeks: from Monday at nine to Monday at nine, by the clock where people are.

Pure.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from store.hours import clock, oclock

BEGINS: Final = 9  # o'clock, on Mondays


def begun(moment: datetime, zone: str) -> datetime:
    """When the week of `moment` began in `zone` (an IANA name; unknown ones are UTC); in UTC."""
    local = moment.astimezone(clock(zone))
    monday = oclock(local - timedelta(days=local.weekday()), BEGINS).astimezone(UTC)
    return monday if monday <= moment else shifted(monday, zone, -1)


def shifted(begin: datetime, zone: str, weeks: int) -> datetime:
    """The beginning so many weeks after that one: nine o'clock there, however the clock was changed between."""
    return oclock(begin.astimezone(clock(zone)) + timedelta(weeks=weeks), BEGINS).astimezone(UTC)
