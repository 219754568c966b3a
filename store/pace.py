"""Pace: how soon the next hop took a post's copies, kept as counts by time, so that no row of a copy is read for it.

Each copy that is relayed adds one to the count of the shortest bound it kept within, in the tally of its post. So
figures over a million copies are sums over posts, and stay when the addresses are dropped.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlmodel import col

from store import tallies
from store.engine import Bulk
from store.schema.post import Post

# In seconds. Beyond the last it was tried for days: five of them are all there are.
BOUNDS: Final = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 172_800, 432_000)
PREFIX: Final = tallies.PACE


def outcome(accepted_at: datetime, now: datetime) -> str:
    """The tally's name for a copy that was taken now."""
    seconds = (now - accepted_at).total_seconds()
    return f"{PREFIX}{next((bound for bound in BOUNDS if seconds <= bound), BOUNDS[-1])}"


def accepted(bulk: Bulk, post_ids: Collection[int]) -> dict[int, datetime]:
    """When these posts were accepted, which is when their copies began to wait."""
    query = select(col(Post.id), col(Post.accepted_at)).where(col(Post.id).in_(post_ids))
    rows = bulk.connection.execute(query).all() if post_ids else ()
    return {row.id: row.accepted_at for row in rows if row.accepted_at is not None}


def within(counts: Mapping[str, int], share: float) -> int | None:
    """The bound in seconds within which that share (0 to 1) of the counted copies was taken; None if none was."""
    found = sorted((int(name.removeprefix(PREFIX)), n) for name, n in counts.items() if name.startswith(PREFIX))
    wanted, seen = share * sum(n for _, n in found), 0
    for bound, n in found:
        seen += n
        if n and seen >= wanted:
            return bound
    return None
