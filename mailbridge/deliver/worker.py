"""Worker: claim, deliver, settle, until told to stop. One loop for all lanes of this process."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from mailbridge.deliver import settlement
from mailbridge.deliver.desk import Desk, LaneWork, PoolFor, Share
from mailbridge.deliver.editions import Draft, Editions, Publication, Publisher
from mailbridge.deliver.parcel import Parcel, sign
from mailbridge.deliver.settlement import Fenced, Verdicts, judge, settle
from mailbridge.deliver.signers import Signers
from mailbridge.deliver.stale import TOUCH_SECONDS, StaleReports
from store import expansion, lanes, notices, queue, reports, strays, workers
from store.alteration import Alteration
from store.engine import DATABASE_FAULTS, Bulk, Database
from store.queue import Claim
from store.signal import Ear, Topic
from store.terms import NoticeKind, Outcome

log = structlog.get_logger()

SETTLE_SECONDS = 0.005  # at most one settling transaction in this time
LANES_AT_ONCE = 50
DRAIN_SECONDS = 25.0
TRIES = 3  # to make an edition, a second apart: memory may be short for a moment
LARGE_OCTETS = 256 * 1024  # of a mail: making its edition takes milliseconds, which are not the event loop's


@dataclass(slots=True)
class Turn:
    """What one transaction gave: new claims with the drafts of their copies, connections that may be held, and when to
    look again."""

    claims: list[tuple[LaneWork, Claim, Draft]] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)
    next_at: datetime | None = None
    expanding: bool = False


def _unreadable(fault: Exception) -> Publication:
    raise fault


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
        self._max_unsettled = max_unsettled
        self._by_domain = by_domain
        self._signers = signers
        self._editions = Editions(publisher)
        self._desk = Desk(publisher, pool_for, limits, self._settled)
        self._done: list[tuple[Claim, Outcome]] = []
        self._owed = Verdicts()  # judged, and not written yet
        self._altered: dict[int, Alteration] = {}  # what reports are to say by the time their first copy is settled
        self._withdrawn: list[Claim] = []  # taken back from the connections, and not given back yet
        self._unsettled = 0
        self._reports = StaleReports()
        self._stopping = False
        self._life: workers.Life | None = None
        self._ear: Ear | None = None

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
        owed.add(judge(done, self._desk.streaks, self._database.clock(), random.random))  # noqa: TID251 - the shell's jitter
        settled = len(owed.results)
        room = self._max_unsettled - (self._unsettled - settled) if claiming else 0
        self._withdrawn += self._desk.withdraw(owed)
        withdrawn, altered = self._withdrawn, self._altered
        stale = self._reports.due(
            {result.claim.post_id for result in owed.results if result.claim.post_id is not None},
            asyncio.get_running_loop().time(),
            force=not claiming,
        )
        self._desk.put_away()

        def transaction(bulk: Bulk) -> Turn:
            for post_id in sorted(altered):
                reports.altered(bulk, post_id, altered[post_id])
            settle(bulk, worker_id, owed)
            if self._desk.given_up:
                lanes.release(bulk, worker_id, self._desk.given_up)
            queue.unclaim(bulk, worker_id, withdrawn, bulk.now + timedelta(seconds=1 if claiming else 0))
            turn = Turn()
            if claiming:
                turn.expanding = self._expand(bulk)
                self._claim(bulk, worker_id, room + len(withdrawn), turn)
            if not settled:
                stale.update(queue.finish(bulk))
            for post_id in stale:
                notices.touch_last(bulk, NoticeKind.REPORT, post_id)
            return turn

        try:
            turn = await self._database.bulk(transaction)  # what is not written stays owed
        except Fenced:
            await self._live_again()
            return Turn()
        self._owed, self._withdrawn, self._desk.given_up, self._altered = Verdicts(), [], [], {}
        self._unsettled += len(turn.claims) - settled - len(withdrawn)
        await self._make(turn)
        self._hand_out(turn)
        return turn

    async def _make(self, turn: Turn) -> None:
        """Make what was drafted. What cannot be made leaves the turn, and holds up nothing else of it."""
        unmade: dict[Draft, Outcome] = {}
        for draft in dict.fromkeys(draft for _, _, draft in turn.claims):
            try:
                if draft.octets > LARGE_OCTETS:
                    await asyncio.to_thread(draft.publication)
                else:
                    draft.publication()
                self._altered |= draft.untold()
            except Exception as fault:
                log.exception("edition.failed", posts=sorted({c.post_id or 0 for _, c, d in turn.claims if d is draft}))
                unmade[draft] = settlement.unmade(fault)
        claims, turn.claims = turn.claims, [each for each in turn.claims if each[2] not in unmade]
        for work, claim, draft in claims:
            if draft in unmade:
                self._put_aside(work, claim, draft, unmade[draft])

    def _put_aside(self, work: LaneWork, claim: Claim, draft: Draft, outcome: Outcome) -> None:
        """A letter is tried again as if a hop had deferred it. A post is given back untried, and asks after some tries
        for a decision, as one does that a hop refuses."""
        if claim.post_id is None:
            self._settled(claim, outcome)
            return
        self._withdrawn.append(claim)
        if draft.failures >= TRIES:
            self._owed.stalled[work.id, claim.post_id] = outcome

    def _expand(self, bulk: Bulk) -> bool:
        pending = expansion.pending(bulk)
        for post_id in pending:
            expansion.expand(bulk, post_id, by_domain=self._by_domain)
            break  # one chunk a transaction; the loop comes round at once
        return bool(pending)

    def _claim(self, bulk: Bulk, worker_id: int, room: int, turn: Turn) -> None:
        ready = queue.lanes_due(bulk, LANES_AT_ONCE)
        if self._by_domain:
            for lane_id in [lane_id for lane_id, key in ready.lanes if key == lanes.RELAY]:
                strays.send_on(bulk, lane_id)
                ready = queue.lanes_due(bulk, LANES_AT_ONCE)
        turn.next_at = ready.again_at
        due = ready.lanes
        for index, (lane_id, key) in enumerate(due):
            work = self._desk.open(bulk, lane_id, key)
            if not work.pool.allowed:
                turn.shares.append(self._desk.share(bulk, worker_id, work))
                if not turn.shares[-1][1]:
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

    def _draft(self, bulk: Bulk, claim: Claim) -> Draft:
        """The draft of a copy. One that cannot be read is one that cannot be made: it holds up nothing but itself."""
        try:
            return self._read(bulk, claim)
        except DATABASE_FAULTS:
            raise  # the database's fault: the turn begins anew
        except Exception as fault:  # noqa: BLE001 - told where it is made
            return Draft(0, partial(_unreadable, fault))

    def _read(self, bulk: Bulk, claim: Claim) -> Draft:
        if claim.post_id is None:
            assert claim.letter_id is not None
            return self._editions.of_letter(bulk, claim.letter_id)
        return self._editions.of_post(bulk, claim.post_id)

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
        if self._reports:
            seconds = min(seconds, TOUCH_SECONDS)
        await self._ear.wait(seconds)

    async def _drain(self) -> None:
        """Give back what no connection took, wait for what one did, settle, and say good-bye."""
        self._withdrawn += self._desk.withdraw_all()
        await self._turn(claiming=False)
        await self._desk.drain(DRAIN_SECONDS)
        while self._done or self._owed.results or self._withdrawn or self._reports:
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

    def _beat(self, bulk: Bulk) -> tuple[bool, Turn]:
        alive = workers.beat(bulk, self._worker_id)
        return alive, Turn(shares=[self._desk.share(bulk, self._worker_id, work) for work in self._desk])

    async def _live_again(self) -> None:
        """Declared dead (the machine slept, the database was out of reach): begin a new life with nothing claimed."""
        log.error("worker.fenced", worker=self._worker_id)
        self._desk.withdraw_all()
        await self._desk.drain(0)
        self._desk.clear()
        self._done.clear()
        self._owed, self._withdrawn = Verdicts(), []
        self._unsettled = 0
        self._end_life()
        self._life = await workers.begin(self._database, "mailbridge")

    @property
    def _worker_id(self) -> int:
        assert self._life is not None
        return self._life.id
