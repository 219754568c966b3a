"""Worker: claim, deliver, settle, until told to stop. One loop for all lanes of this process."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter

import structlog

from mailbridge.deliver.editions import Draft, Editions, Publisher
from mailbridge.deliver.feed import LaneFeed
from mailbridge.deliver.parcel import Parcel, sign
from mailbridge.deliver.pool import Pool
from mailbridge.deliver.settlement import Fenced, Verdicts, judge, settle
from mailbridge.deliver.signers import Signers
from mailbridge.deliver.streaks import Streaks
from store import expansion, lanes, notices, queue, workers
from store.engine import Bulk, Database
from store.queue import Claim, Result
from store.signal import Ear, Topic
from store.terms import NoticeKind, Outcome

log = structlog.get_logger()

SETTLE_SECONDS = 0.005  # at most one settling transaction in this time
REPORT_SECONDS = 0.5  # at most one touch of a report in this time, and always a last one
LANES_AT_ONCE = 50
DRAIN_SECONDS = 25.0
LARGE_OCTETS = 256 * 1024  # of a mail: making its edition takes milliseconds, which are not the event loop's

PoolFor = Callable[[str, LaneFeed, Callable[[Outcome], None]], Pool]


@dataclass(slots=True)
class LaneWork:
    """A lane in work: its claims and its connections."""

    key: str
    feed: LaneFeed
    pool: Pool

    @property
    def idle(self) -> bool:
        """True when nothing of the lane is held."""
        return not (self.feed.held or self.pool.held)


@dataclass(slots=True)
class Turn:
    """What one transaction gave: new claims with the drafts of their copies, connections that may be held, and when to
    look again."""

    claims: list[tuple[LaneWork, Claim, Draft]] = field(default_factory=list)
    shares: list[tuple[LaneWork, int]] = field(default_factory=list)
    next_at: datetime | None = None
    expanding: bool = False


class Worker:
    """Delivers for one process. `run` ends after `stop`, when all that was taken is settled."""

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        pool_for: PoolFor,
        limits: lanes.Limits,
        *,
        max_unsettled: int,
        by_domain: bool,
        signers: Signers | None = None,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._pool_for = pool_for
        self._limits = limits
        self._max_unsettled = max_unsettled
        self._by_domain = by_domain
        self._signers = signers
        self._editions = Editions(publisher)
        self._lanes: dict[int, LaneWork] = {}
        self._streaks: dict[int, Streaks] = {}
        self._done: list[tuple[Claim, Outcome]] = []
        self._owed = Verdicts()  # judged, and not written yet
        self._withdrawn: list[Claim] = []  # taken back from the connections, and not given back yet
        self._given_up: list[int] = []  # idle lanes, whose connections others may have
        self._unsettled = 0
        self._stale_reports: dict[int, float] = {}
        self._touched: dict[int, float] = {}
        self._put_away_at = 0.0
        self._stopping = False
        self._life: workers.Life | None = None
        self._ear: Ear | None = None
        self.heartbeat_at = 0.0

    async def run(self) -> None:
        """Work until stopped; then let go of what no connection has taken, and settle the rest.

        Where it fails (a database away), run it again: it goes on with the same life, claims and results.
        """
        if self._life is None:
            self._life = await workers.begin(self._database, "mailbridge")
        heart = asyncio.create_task(self._heart())
        try:
            with self._database.signal.ear(Topic.DELIVER, Topic.EXPAND) as self._ear:
                while not self._stopping:
                    turn = await self._turn()
                    await self._pause(turn)
                await self._drain()
        except asyncio.CancelledError:
            self._end_life()
            raise
        finally:
            heart.cancel()
            with suppress(asyncio.CancelledError):
                await heart
        self._end_life()

    def _end_life(self) -> None:
        if self._life is not None:
            self._life.end()
            self._life = None

    def stop(self) -> None:
        """Take nothing new; `run` returns when what is out there has its outcome."""
        self._stopping = True
        self._nudge()

    def _nudge(self) -> None:
        if self._ear is not None:
            self._ear.event.set()

    # ------------------------------------------------------------ one turn

    async def _turn(self, *, claiming: bool = True) -> Turn:
        done, self._done = self._done, []
        worker_id, owed = self._worker_id, self._owed
        owed.add(judge(done, self._streaks, self._database.clock(), random.random))  # noqa: TID251 - the shell's jitter
        settled = len(owed.results)
        room = self._max_unsettled - (self._unsettled - settled) if claiming else 0
        self._withdrawn += self._withdraw(owed)
        withdrawn = self._withdrawn
        reports = self._reports_due(owed.results, force=not claiming)
        self._put_away()

        def transaction(bulk: Bulk) -> Turn:
            settle(bulk, worker_id, owed)
            if self._given_up:
                lanes.release(bulk, worker_id, self._given_up)
            queue.unclaim(bulk, worker_id, withdrawn, bulk.now + timedelta(seconds=1 if claiming else 0))
            turn = Turn()
            if claiming:
                turn.expanding = self._expand(bulk)
                self._claim(bulk, worker_id, room + len(withdrawn), turn)
            if not settled:
                reports.update(queue.finish(bulk))
            for post_id in reports:
                notices.touch_last(bulk, NoticeKind.REPORT, post_id)
            return turn

        try:
            turn = await self._database.bulk(transaction)  # what is not written stays owed
        except Fenced:
            await self._live_again()
            return Turn()
        self._owed, self._withdrawn, self._given_up = Verdicts(), [], []
        self._unsettled += len(turn.claims) - settled - len(withdrawn)
        await self._make(turn)
        self._hand_out(turn)
        return turn

    async def _make(self, turn: Turn) -> None:
        """Make what was drafted. Where that fails, all that this turn claimed is given back with the next one."""
        try:
            for draft in dict.fromkeys(draft for _, _, draft in turn.claims):
                if draft.octets > LARGE_OCTETS:
                    await asyncio.to_thread(draft.publication)
                else:
                    draft.publication()
        except Exception:
            self._withdrawn += [claim for _, claim, _ in turn.claims]
            raise

    def _withdraw(self, verdicts: Verdicts) -> list[Claim]:
        claims: list[Claim] = []
        for lane_id, post_id in verdicts.stalled:
            if lane_id in self._lanes:
                claims += self._lanes[lane_id].feed.withdraw(post_id)
        for lane_id in verdicts.waiting:
            if lane_id in self._lanes:
                claims += self._lanes[lane_id].feed.withdraw()
        return claims

    def _put_away(self) -> None:
        """Forget idle lanes now and then: straight to MX hosts there is one for every domain ever mailed."""
        now = asyncio.get_running_loop().time()
        if now - self._put_away_at < workers.HEARTBEAT_SECONDS:
            return
        self._put_away_at = now
        for lane_id in [lane_id for lane_id, work in self._lanes.items() if work.idle]:
            del self._lanes[lane_id]
            self._given_up.append(lane_id)
            streaks = self._streaks.get(lane_id)
            if streaks is not None and not (streaks.counts or streaks.refused):
                del self._streaks[lane_id]  # else it goes on: the tries of one recipient are minutes apart

    def _reports_due(self, results: list[Result], *, force: bool) -> set[int]:
        now = asyncio.get_running_loop().time()
        for result in results:
            if result.claim.post_id is not None:
                self._stale_reports.setdefault(result.claim.post_id, now)
        due = {
            post_id
            for post_id in self._stale_reports
            if force or now - self._touched.get(post_id, 0.0) >= REPORT_SECONDS
        }
        for post_id in due:
            del self._stale_reports[post_id]
            self._touched[post_id] = now
        if len(self._touched) > 1000:
            self._touched = {post_id: at for post_id, at in self._touched.items() if now - at < REPORT_SECONDS}
        return due

    def _expand(self, bulk: Bulk) -> bool:
        pending = expansion.pending(bulk)
        for post_id in pending:
            expansion.expand(bulk, post_id, by_domain=self._by_domain)
            break  # one chunk a transaction; the loop comes round at once
        return bool(pending)

    def _claim(self, bulk: Bulk, worker_id: int, room: int, turn: Turn) -> None:
        ready = queue.lanes_due(bulk, LANES_AT_ONCE)
        turn.next_at = ready.again_at
        due = ready.lanes
        for index, (lane_id, key) in enumerate(due):
            work = self._lanes.get(lane_id) or self._open(bulk, lane_id, key)
            if not work.pool.allowed and not self._share(bulk, worker_id, lane_id, work, turn):
                continue  # the other workers hold all the connections there may be
            fair = -(-room // (len(due) - index))
            claimed = queue.claim(bulk, worker_id, lane_id, fair)
            room -= len(claimed.claims)
            turn.claims += [(work, claim, self._draft(bulk, claim)) for claim in claimed.claims]
            if claimed.next_at is not None:
                turn.next_at = min(filter(None, (turn.next_at, claimed.next_at)))
        soonest = queue.next_due(bulk)
        if soonest is not None:
            turn.next_at = min(filter(None, (turn.next_at, soonest)))

    def _share(self, bulk: Bulk, worker_id: int, lane_id: int, work: LaneWork, turn: Turn) -> int:
        granted = lanes.share(bulk, lane_id, worker_id, work.pool.wanted, work.pool.held)
        turn.shares.append((work, granted))
        return granted

    def _draft(self, bulk: Bulk, claim: Claim) -> Draft:
        if claim.post_id is None:
            assert claim.letter_id is not None
            return self._editions.of_letter(bulk, claim.letter_id)
        return self._editions.of_post(bulk, claim.post_id)

    def _open(self, bulk: Bulk, lane_id: int, key: str) -> LaneWork:
        lanes.limit(bulk, lane_id, self._limits)
        feed = LaneFeed(self._publisher, self._settled)
        pool = self._pool_for(key, feed, lambda outcome: self._lane_failed(feed, outcome))
        pool.allow(0)  # until the lane's other workers are known
        self._lanes[lane_id] = work = LaneWork(key, feed, pool)
        return work

    def _hand_out(self, turn: Turn) -> None:
        for work, connections in turn.shares:
            work.pool.allow(connections)
            if len(work.feed):
                work.pool.nudge()
        fed: dict[str, LaneWork] = {}
        unsigned: dict[Parcel, LaneWork] = {}
        for work, claim, draft in turn.claims:
            unsigned.update(dict.fromkeys(work.feed.put([(claim, draft.publication())]), work))
            fed[work.key] = work
        for work in fed.values():
            work.pool.nudge()
        if unsigned:
            assert self._signers is not None  # whoever gives the publisher identities gives their signers too
            sign(
                self._signers, list(unsigned), lambda parcels: self._signed({each: unsigned[each] for each in parcels})
            )

    def _signed(self, parcels: dict[Parcel, LaneWork]) -> None:
        for parcel, work in parcels.items():
            work.feed.signed(parcel)
        for work in {work.key: work for work in parcels.values()}.values():
            work.pool.nudge()

    # ------------------------------------------------------------ what comes back

    def _settled(self, claim: Claim, outcome: Outcome) -> None:
        self._done.append((claim, outcome))
        self._nudge()

    def _lane_failed(self, feed: LaneFeed, outcome: Outcome) -> None:
        """No connection could be had: what waits for one is not tried, and not counted against anybody."""
        for claim in feed.withdraw():
            self._done.append((claim, outcome))
        self._nudge()

    # ------------------------------------------------------------ rhythm

    async def _pause(self, turn: Turn) -> None:
        assert self._ear is not None
        if self._done:
            await asyncio.sleep(SETTLE_SECONDS)
            return
        if turn.expanding:
            return
        seconds = 1.0
        if turn.next_at is not None:
            seconds = max(0.0, (turn.next_at - self._database.clock()).total_seconds())
        if self._stale_reports:
            seconds = min(seconds, REPORT_SECONDS)
        await self._ear.wait(seconds)

    async def _drain(self) -> None:
        """Give back what no connection took, wait for what one did, settle, and say good-bye."""
        for work in self._lanes.values():
            self._withdrawn += work.feed.withdraw()
        await self._turn(claiming=False)
        await asyncio.gather(*(work.pool.drain(DRAIN_SECONDS) for work in self._lanes.values()))
        while self._done or self._owed.results or self._withdrawn or self._stale_reports:
            await self._turn(claiming=False)
        await self._database.bulk(lambda bulk: workers.end(bulk, self._worker_id))

    async def _heart(self) -> None:
        while True:
            await asyncio.sleep(workers.HEARTBEAT_SECONDS)
            try:
                alive, shared = await self._database.bulk(self._beat)
            except Exception:  # a heart that stopped would have this worker declared dead again and again
                log.exception("heartbeat.failed")
                continue
            if not alive:
                self._nudge()  # the next turn finds itself fenced
            self._hand_out(shared)
            self.heartbeat_at = asyncio.get_running_loop().time()

    def _beat(self, bulk: Bulk) -> tuple[bool, Turn]:
        alive, shared = workers.beat(bulk, self._worker_id), Turn()
        for lane_id, work in sorted(self._lanes.items(), key=itemgetter(0)):  # in one order: each locks its row
            self._share(bulk, self._worker_id, lane_id, work, shared)
        return alive, shared

    async def _live_again(self) -> None:
        """Declared dead (the machine slept, the database was out of reach): begin a new life with nothing claimed."""
        log.error("worker.fenced", worker=self._worker_id)
        for work in self._lanes.values():
            work.feed.withdraw()
            await work.pool.drain(0)
        self._lanes.clear()
        self._done.clear()
        self._owed, self._withdrawn, self._given_up = Verdicts(), [], []
        self._unsettled = 0
        self._end_life()
        self._life = await workers.begin(self._database, "mailbridge")

    @property
    def _worker_id(self) -> int:
        assert self._life is not None
        return self._life.id
