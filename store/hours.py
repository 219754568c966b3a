"""Hours: when people may be rung up, by the clock where they are. Standard library only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM = re.compile(r"([a-z]{3})-([a-z]{3}) (\d{1,2})-(\d{1,2})")


@dataclass(frozen=True, slots=True)
class Hours:
    """From day `first` to day `last` of the week (0 is Monday), from `opens` to `closes` o'clock, local time."""

    first: int = 0
    last: int = 4
    opens: int = 9
    closes: int = 18

    @classmethod
    def parse(cls, words: str) -> Self:
        """`mon-fri 9-18`, or `always`. Raises ValueError that says what is wrong."""
        if words.strip().lower() == "always":
            return cls(0, 6, 0, 24)
        found = _FORM.fullmatch(words.strip().lower())
        if found is None or found[1] not in DAYS or found[2] not in DAYS:
            raise ValueError(f"{words[:40]!r} is neither always nor days and hours such as mon-fri 9-18")
        hours = cls(DAYS.index(found[1]), DAYS.index(found[2]), int(found[3]), int(found[4]))
        if not (hours.first <= hours.last and hours.opens < hours.closes <= 24):
            raise ValueError(f"{words[:40]!r} ends before it begins")
        return hours

    def hold(self, moment: datetime, zone: str) -> bool:
        """Whether `moment` is within them where the clock is that of `zone` (an IANA name; unknown ones are UTC)."""
        local = moment.astimezone(clock(zone))
        return self.first <= local.weekday() <= self.last and self.opens <= local.hour < self.closes

    def next(self, moment: datetime, zone: str) -> datetime:
        """`moment` itself if it is within them, else when they begin next; in UTC."""
        if self.hold(moment, zone):
            return moment
        local = moment.astimezone(clock(zone))
        begin = oclock(local, self.opens)
        if begin <= local:
            begin = oclock(local + timedelta(days=1), self.opens)
        while not self.first <= begin.weekday() <= self.last:
            begin = oclock(begin + timedelta(days=1), self.opens)
        return begin.astimezone(UTC)

    def last_before(self, moment: datetime, zone: str) -> datetime:
        """`moment` itself if it is within them, else the last full hour within them before it; in UTC."""
        if self.hold(moment, zone):
            return moment
        local = moment.astimezone(clock(zone))
        end = oclock(local, self.closes - 1)
        if end >= local:
            end = oclock(local - timedelta(days=1), self.closes - 1)
        while not self.first <= end.weekday() <= self.last:
            end = oclock(end - timedelta(days=1), self.closes - 1)
        return end.astimezone(UTC)


def oclock(day: datetime, hour: int) -> datetime:
    """That full hour of a day, by the day's own clock."""
    # Of a time that a change of the clock leaves out or has twice, the zone's rules choose one: an hour matters little.
    return datetime.combine(day.date(), time(hour), tzinfo=day.tzinfo)


def clock(name: str) -> ZoneInfo:
    """The clock of a zone by its IANA name; UTC's for one that is unknown."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
