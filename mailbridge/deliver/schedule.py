"""When to try again: deliveries, lanes that wait for a fault of ours, and hops that do not answer. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

GIVE_UP = timedelta(days=5)  # RFC 5321 4.5.4.1: at least 4 to 5 days
DELAYS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 120, 240))
LANE_WAITS = tuple(timedelta(minutes=m) for m in (1, 2, 5, 10, 20, 40, 60))
RECONNECTS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)  # seconds
SPREAD = 0.2  # part of a delay that is left to chance either way, so that what failed together does not return together


def _spread(delay: timedelta, random: float) -> timedelta:
    return delay * (1 - SPREAD + 2 * SPREAD * random)


def next_due(attempts: int, accepted_at: datetime, now: datetime, random: float) -> datetime | None:
    """When a delivery deferred now is tried again; None to give up.

    `attempts` counts the tries before this one; `random` is in [0, 1). The last try is 5 days after `accepted_at`.
    """
    limit = accepted_at + GIVE_UP
    if now >= limit:
        return None
    return min(limit, now + _spread(DELAYS[min(attempts, len(DELAYS) - 1)], random))


def lane_wait(tries: int, random: float = 0.5) -> timedelta:
    """How long a lane waits after the `tries`-th refusal in a row (from 0) that is about us: 1 minute to 1 hour."""
    return _spread(LANE_WAITS[min(tries, len(LANE_WAITS) - 1)], random)


def reconnect_after(tries: int, random: float = 0.5) -> float:
    """Seconds until a hop that could not be reached `tries` times in a row (from 0) is called again."""
    return RECONNECTS[min(tries, len(RECONNECTS) - 1)] * (1 - SPREAD + 2 * SPREAD * random)
