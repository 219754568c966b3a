"""Figures: what a group did in some days, from its posts and their tallies; no row of a copy is read.

A group's posts of a month are found by one index, whatever other groups did, and each has a few tallies: a month of a
million copies costs what its posts cost.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func
from sqlalchemy import select as sa_select
from sqlmodel import col, select

from store import pace, tallies
from store.engine import Reading
from store.schema.post import REAL, Post, Tally
from store.terms import DeliveryState, PostState

PERIOD: Final = timedelta(days=30)
MOST_POSTS: Final = 20_000  # of a period, the newest: a machine that writes to a group is no reason to read for ever


@dataclass(frozen=True, slots=True)
class Line:
    """One post: when it came, what was decided, and its counts by outcome."""

    post_id: int
    at: datetime
    state: PostState
    counts: Mapping[str, int]

    @property
    def copies(self) -> int:
        return tallies.made(dict(self.counts))

    @property
    def relayed(self) -> int:
        """Taken by a next hop, those that came back later included."""
        return self.counts.get(DeliveryState.RELAYED, 0) + self.counts.get(DeliveryState.BOUNCED, 0)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a group and a period. Times are in seconds: `took` until the next hop took a copy, as a bound kept by half
    and by 95 % of them; `decided` from a held post to a person's decision, of half and of 95 % of those."""

    since: datetime
    until: datetime
    posts: Sequence[Line]
    took: tuple[int, int] | None = None
    decided: tuple[int, int] | None = None
    decisions: int = 0
    sums: Mapping[str, int] = field(default_factory=dict)

    def of_state(self, state: PostState) -> int:
        return sum(post.state is state for post in self.posts)

    @property
    def copies(self) -> int:
        return sum(post.copies for post in self.posts)

    @property
    def relayed(self) -> int:
        return sum(post.relayed for post in self.posts)


async def of(tx: Reading, group_id: int, since: datetime, until: datetime) -> Figures:
    """A group's figures of the posts that came from `since` up to `until`, newest first."""
    mine: list[Any] = [
        col(Post.group_id) == group_id,
        REAL,
        col(Post.created_at) >= since,
        col(Post.created_at) < until,
    ]
    columns = (col(Post.id), col(Post.created_at), col(Post.state), col(Post.decided_by), col(Post.decided_at))
    query = sa_select(*columns).where(*mine)
    connection = await tx.connection()
    rows = (
        await connection.execute(query.order_by(col(Post.created_at).desc(), col(Post.id).desc()).limit(MOST_POSTS))
    ).all()
    counted: dict[int, dict[str, int]] = defaultdict(dict)
    sums = sa_select(col(Tally.post_id), col(Tally.outcome), func.sum(col(Tally.n)).label("n"))
    sums = sums.join(Post, col(Post.id) == col(Tally.post_id)).where(*mine)
    for post_id, outcome, n in (await connection.execute(sums.group_by(col(Tally.post_id), col(Tally.outcome)))).all():
        counted[post_id][outcome] = max(int(n), 0)
    total: Counter[str] = Counter()
    for counts in counted.values():
        total.update(counts)
    waits = sorted(
        int((decided_at - created_at).total_seconds())
        for _, created_at, _, decided_by, decided_at in rows
        if decided_at is not None and decided_by is not None
    )
    half, most = pace.within(total, 0.5), pace.within(total, 0.95)
    return Figures(
        since=since,
        until=until,
        posts=[
            Line(post_id, created_at, PostState(state), counted.get(post_id, {}))
            for post_id, created_at, state, _, _ in rows
            if post_id is not None
        ],
        took=None if half is None or most is None else (half, most),
        decided=(_share(waits, 0.5), _share(waits, 0.95)) if waits else None,
        decisions=len(waits),
        sums=dict(total),
    )


def _share(ordered: Sequence[int], share: float) -> int:
    """The smallest of these that at least that share of them does not exceed (nearest rank)."""
    return ordered[max(math.ceil(len(ordered) * share) - 1, 0)]


async def subjects(tx: Reading, post_ids: Sequence[int]) -> dict[int, str]:
    """The subjects of these posts, but for answers to an author alone: those are nobody's business but of the two."""
    query = select(Post.id, Post.subject).where(col(Post.id).in_(post_ids), col(Post.only_to).is_(None))
    rows = (await tx.exec(query)).all()
    return {post_id: subject for post_id, subject in rows if post_id is not None}
