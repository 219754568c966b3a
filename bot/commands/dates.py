"""A date as people type it, to the moment a pause ends.

Pure: the time and the person's time zone come as arguments.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.commands.grammar import Misread

LONGEST = timedelta(days=366)
TOMORROW = frozenset({"tomorrow", "demain"})
UNITS = {"day": 1, "days": 1, "d": 1, "week": 7, "weeks": 7, "w": 7,
         "jour": 1, "jours": 1, "j": 1, "semaine": 7, "semaines": 7}  # fmt: skip


def pause_end(text: str, now: datetime, time_zone: str) -> datetime:
    """The start of the day named by `text` in the person's time zone, in UTC.

    Takes `2026-12-24`, `tomorrow` and `10 days` or `2 weeks`, each with or without `until` or `for` before it, and
    the same in French. Not `03/04/2026`, which means two days.
    Raises Misread: `malformed_date`, `past_date`, `far_date` (a year on is the most).
    """
    here = zone(time_zone)
    today = now.astimezone(here).date()
    words = re.sub(r"^(until|till|for|jusqu['’]au|jusqu['’]à|jusque|pour|pendant)\s+", "", text.strip().lower())
    day = _day(words, today)
    if day is None:
        raise Misread("malformed_date", word=text)
    if day <= today:
        raise Misread("past_date", word=text)
    if day - today > LONGEST:
        raise Misread("far_date", word=text)
    return datetime.combine(day, time(), tzinfo=here).astimezone(UTC)


def _day(words: str, today: date) -> date | None:
    if words in TOMORROW:
        return today + timedelta(days=1)
    count = re.fullmatch(r"([0-9]{1,4}) ?([a-z]+)", words)
    if count and count[2] in UNITS:
        return today + timedelta(days=int(count[1]) * UNITS[count[2]])
    iso = re.fullmatch(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", words)
    if iso is None:
        return None
    try:
        return date(int(iso[1]), int(iso[2]), int(iso[3]))
    except ValueError:
        return None


def zone(name: str) -> ZoneInfo:
    """The time zone of a Slack profile, UTC where this machine does not know it."""
    # The name comes from a Slack profile; one the machine does not know must not cost the person the pause.
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
