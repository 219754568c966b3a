"""Desk: the lanes a worker has in work, each with its claims and its connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mailbridge.deliver.editions import Publisher
from mailbridge.deliver.feed import LaneFeed, Settled
from mailbridge.deliver.pool import Pool
from mailbridge.deliver.settlement import Verdicts
from mailbridge.deliver.streaks import Streaks
from store import lanes
from store.engine import Bulk
from store.queue import Claim
from store.terms import Outcome

IDLE_SECONDS = 5.0  # idle lanes are put away this often

PoolFor = Callable[[str, LaneFeed, Callable[[Outcome], None]], Pool]


@dataclass(slots=True, eq=False)
class LaneWork:
    """A lane in work: its claims and its connections."""

    id: int
    key: str
    feed: LaneFeed
    pool: Pool

    @property
    def idle(self) -> bool:
        """True when nothing of the lane is held."""
        return not (self.feed.held or self.pool.held)


Share = tuple[LaneWork, int]


class Desk:
    """Lanes are opened within the transaction that claims of them, and put away when they have been idle.

    `given_up` are lanes put away whose connections are still to be given back; `streaks` outlive the lanes, for the
    tries of one recipient are minutes apart.
    """

    def __init__(self, publisher: Publisher, pool_for: PoolFor, limits: lanes.Limits, settled: Settled) -> None:
        self._publisher = publisher
        self._pool_for = pool_for
        self._limits = limits
        self._settled = settled
        self._lanes: dict[int, LaneWork] = {}
        self._put_away_at = 0.0
        self.streaks: dict[int, Streaks] = {}
        self.given_up: list[int] = []

    def __iter__(self) -> Iterator[LaneWork]:
        """The lanes by id: each share locks the lane's row, and locks are taken in one order."""
        return iter([self._lanes[lane_id] for lane_id in sorted(self._lanes)])

    def open(self, bulk: Bulk, lane_id: int, key: str) -> LaneWork:
        """The lane, in work from now on. It may hold no connection until its share is known."""
        work = self._lanes.get(lane_id)
        if work is None:
            lanes.limit(bulk, lane_id, self._limits)
            feed = LaneFeed(self._publisher, self._settled)
            pool = self._pool_for(key, feed, lambda outcome: self._failed(feed, outcome))
            pool.allow(0)
            self._lanes[lane_id] = work = LaneWork(lane_id, key, feed, pool)
        return work

    def share(self, bulk: Bulk, worker_id: int, work: LaneWork) -> Share:
        """How many connections to the lane this worker may hold beside the others."""
        return work, lanes.share(bulk, work.id, worker_id, work.pool.wanted, work.pool.held)

    def put_away(self) -> None:
        """Forget idle lanes now and then: straight to MX hosts there is one for every domain ever mailed."""
        now = asyncio.get_running_loop().time()
        if now - self._put_away_at < IDLE_SECONDS:
            return
        self._put_away_at = now
        for work in self:
            if work.idle:
                del self._lanes[work.id]
                self.given_up.append(work.id)
                if work.id in self.streaks and self.streaks[work.id].empty:
                    del self.streaks[work.id]

    def withdraw(self, verdicts: Verdicts) -> list[Claim]:
        """Take back what no connection has taken of lanes and posts that wait now."""
        claims: list[Claim] = []
        for lane_id, post_id in verdicts.stalled:
            if lane_id in self._lanes:
                claims += self._lanes[lane_id].feed.withdraw(post_id)
        for lane_id in verdicts.waiting:
            if lane_id in self._lanes:
                claims += self._lanes[lane_id].feed.withdraw()
        return claims

    def withdraw_all(self) -> list[Claim]:
        """Take back what no connection has taken, of every lane."""
        return [claim for work in self for claim in work.feed.withdraw()]

    async def drain(self, grace: float) -> None:
        """Let every connection end what it carries, for `grace` seconds at most."""
        await asyncio.gather(*(work.pool.drain(grace) for work in self))

    def clear(self) -> None:
        """Forget all lanes."""
        self._lanes.clear()
        self.given_up = []

    def _failed(self, feed: LaneFeed, outcome: Outcome) -> None:
        """No connection could be had: what waits for one is not tried, and not counted against anybody."""
        for claim in feed.withdraw():
            self._settled(claim, outcome)
