"""What bounces add up to, with Mailman's numbers, and what follows when. Pure: the shell says what day it is.

A mailbox is given up in steps, each of which it can contradict: five days with a bounce, none more than a week after
the one before; a probe that comes back too; three warnings, a week apart; and a week after the last.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from store.terms import BounceScore

THRESHOLD: Final = 5
STALE: Final = timedelta(days=7)
WARNINGS: Final = 3
APART: Final = timedelta(days=7)
SETTLING: Final = timedelta(minutes=15)  # a post shows by then what share of it comes back
STORM_SHARE: Final = 0.1
STORM_LEAST: Final = 10  # fewer dead mailboxes than this are nothing strange in a small group


class Step(StrEnum):
    """What a suspended contact is due."""

    WAIT = "wait"
    WARN = "warn"
    REMOVE = "remove"


def bounced(before: BounceScore, day: date) -> BounceScore:
    """The score after a bounce of that day (UTC): one point a day at most, and one in all if the last is a week old.

    An older day than the last that counted changes nothing: reports are late, and the newer has been counted.
    """
    if before.day is not None and day <= before.day:
        return before
    stale = before.day is None or day - before.day > STALE
    return BounceScore(1 if stale else before.points + 1, day)


def probed(score: BounceScore) -> BounceScore | None:
    """The score to go on with if it is time to ask by a probe: from the beginning. None if it is not."""
    return BounceScore(0, score.day) if score.points >= THRESHOLD else None


def next_step(warnings: int, warned_at: datetime | None, now: datetime) -> Step:
    """What a contact suspended and warned so often, last at `warned_at`, is due `now`."""
    if warned_at is not None and now - warned_at < APART:
        return Step.WAIT
    return Step.WARN if warnings < WARNINGS else Step.REMOVE


def removal(warnings: int, at: datetime) -> datetime:
    """When a contact warned so often, last `at` then (or suspended `at` then), will be removed if nothing happens."""
    return at + APART * (WARNINGS - max(warnings, 1) + 1)


def storm(back: int, copies: int) -> bool:
    """True if more than a tenth of a post's copies came back, and enough to mean something: it is us, not them."""
    return back >= STORM_LEAST and back > copies * STORM_SHARE
