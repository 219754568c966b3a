"""A date as people type it, in English or French, to a moment.

Pure: the time and the person's time zone come as arguments.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.commands.grammar import Misread

LONGEST = timedelta(days=366)
LONGEST_MEMBERSHIP = timedelta(days=10 * 366)
UNTIL = re.compile(r"^(?:until|till|for|jusqu['’]?\s?a[ux]?|pour|pendant|le|the|on)\s+")
DAYS = {"day": 1, "d": 1, "week": 7, "w": 7, "jour": 1, "j": 1, "semaine": 7, "sem": 7}
MONTHLY = {"month": 1, "mois": 1, "year": 12, "an": 12, "annee": 12}
NO_DAY = frozenset({"none", "aucun", "aucune"})
TODAY = {"today": 0, "aujourd'hui": 0, "tomorrow": 1, "demain": 1}
# By number, in both languages, without accents.
MONTHS = (
    ("january", "janvier"), ("february", "fevrier"), ("march", "mars"), ("april", "avril"), ("may", "mai"),
    ("june", "juin"), ("july", "juillet"), ("august", "aout"), ("september", "septembre"), ("october", "octobre"),
    ("november", "novembre"), ("december", "decembre"),
)  # fmt: skip


def pause_end(text: str, now: datetime, time_zone: str) -> datetime:
    """The start of the day named by `text` in the person's time zone, in UTC.

    Takes `2026-12-24`, `24 Dec`, `24 décembre 2026`, `December 24`, `tomorrow`, `demain`, `10 days`, `2 semaines` and
    `3 months`, each with or without `until`, `for` or `jusqu'au` before it; a day without a year is the next one.
    Raises Misread: `malformed_date`, `past_date`, `far_date` (a year on is the most).
    """
    here = zone(time_zone)
    today = now.astimezone(here).date()
    day = _named(text, today)
    if day <= today:
        raise Misread("past_date", word=text)
    if day - today > LONGEST:
        raise Misread("far_date", word=text)
    return _start(day, here)


def last_day(text: str, now: datetime, time_zone: str) -> datetime:
    """The end of the day named by `text`, which belongs to the time still: the start of the next one, in UTC.

    Raises Misread as `pause_end`; `far_membership` beyond ten years.
    """
    here = zone(time_zone)
    today = now.astimezone(here).date()
    day = _named(text, today)
    if day < today:
        raise Misread("past_date", word=text)
    if day - today > LONGEST_MEMBERSHIP:
        raise Misread("far_membership", word=text)
    return _start(day + timedelta(days=1), here)


def endless(text: str) -> bool:
    """Whether `text` says that there is no such day: `none`, `aucun`."""
    return _plain(text) in NO_DAY


def day_of(until: datetime, time_zone: str) -> date:
    """The last day of what ends at a moment, in the person's time zone: the inverse of `last_day`."""
    return (until.astimezone(zone(time_zone)) - timedelta(seconds=1)).date()


def _named(text: str, today: date) -> date:
    try:
        day = _day(_plain(text), today)
    except (ValueError, OverflowError):  # the 31st of a month that has none
        day = None
    if day is None:
        raise Misread("malformed_date", word=text)
    return day


def _plain(text: str) -> str:
    """The words of a day in lower case, without accents and what may stand before them."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    words = " ".join(re.sub(r"[.,]", " ", plain).split())
    while UNTIL.match(words):
        words = UNTIL.sub("", words, count=1)
    return words.replace("’", "'")


def _day(words: str, today: date) -> date | None:
    if words in TODAY:
        return today + timedelta(days=TODAY[words])
    count = re.fullmatch(r"([0-9]{1,4}) ?([a-z]+)", words)
    unit = count[2] if count else ""
    for name in (unit, unit.removesuffix("s")):  # as "mois" is its own singular
        if count and name in DAYS:
            return today + timedelta(days=int(count[1]) * DAYS[name])
        if count and name in MONTHLY:
            return _months_on(today, int(count[1]) * MONTHLY[name])
    iso = re.fullmatch(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", words)
    if iso:
        return date(int(iso[1]), int(iso[2]), int(iso[3]))
    spoken = re.fullmatch(r"([0-9]{1,2})(?:er|st|nd|rd|th|e)? (?:of )?([a-z]{3,9})(?: ([0-9]{4}))?", words)
    if spoken:
        return _dated(spoken[1], spoken[2], spoken[3], today)
    spoken = re.fullmatch(r"([a-z]{3,9}) ([0-9]{1,2})(?:st|nd|rd|th)?(?: ([0-9]{4}))?", words)
    return _dated(spoken[2], spoken[1], spoken[3], today) if spoken else None


def _dated(day: str, word: str, year: str | None, today: date) -> date | None:
    month = _month(word)
    if month is None:
        return None
    if year:
        return date(int(year), month, int(day))
    # The next one there is: the 29th of February may be years away.
    for ahead in range(9):
        wanted = today.year + ahead
        if int(day) > calendar.monthrange(wanted, month)[1]:
            continue
        found = date(wanted, month, int(day))
        if found >= today:
            return found
    return None


def _month(word: str) -> int | None:
    """The month whose name begins so, if no other's does."""
    found = [number for number, names in enumerate(MONTHS, 1) if any(name.startswith(word) for name in names)]
    return found[0] if len(found) == 1 else None


def _months_on(today: date, months: int) -> date:
    month = today.month - 1 + months
    year, month = today.year + month // 12, month % 12 + 1
    return date(year, month, min(today.day, calendar.monthrange(year, month)[1]))


def _start(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def zone(name: str) -> ZoneInfo:
    # The name comes from a Slack profile; one the machine does not know must not cost the person the pause.
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
