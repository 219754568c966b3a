"""A lane's connections: opened as there is work, kept while there is, called again with patience when a hop is away."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace

import structlog

from mailbridge.deliver import schedule
from mailbridge.deliver.client import TIMEOUTS, Connection, Feed, Hop, Unopened
from mailbridge.deliver.outcome import broken, lost
from mailbridge.deliver.returns import Returns
from mailbridge.deliver.route import Mx, Relay, Unroutable
from mailbridge.deliver.timeouts import Timeouts
from mailbridge.resolver import Resolver
from store.terms import DeliveryState, Fault, Outcome, Reply, Stage

log = structlog.get_logger()

PATIENCE = 3  # failures in a row before they are told: a relay that restarts is back within seconds

Hops = Callable[[], Awaitable[Sequence[Hop]]]
Failed = Callable[[Outcome], None]
Random = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Terms:
    """How a pool behaves. `away` is whose fault an unreachable hop is: of a relay ours (the lane waits, nobody fails),
    of a domain's own servers nobody's (its mail is tried for five days)."""

    connections: int
    away: Fault = Fault.US
    waits: Timeouts = TIMEOUTS
    context: ssl.SSLContext | None = None
    ours: Collection[str] = ()


class Pool:
    """Up to `terms.connections` connections to one lane's hops.

    `failed` is called when none can be had, with an outcome for what waits in the feed; `random` is in [0, 1).
    `wanted` is how many it holds at most, `allowed` how many just now.
    """

    def __init__(self, lane: str, hops: Hops, feed: Feed, failed: Failed, terms: Terms, random: Random) -> None:
        self.lane = lane
        self._hops = hops
        self._feed = Returns(feed)
        self._failed = failed
        self._terms = terms
        self._random = random
        self._opening: set[asyncio.Task[None]] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._open: set[Connection] = set()
        self._failures = 0  # in a row, without a mail answered between
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = False
        self.wanted = self.allowed = terms.connections

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._open)

    @property
    def held(self) -> int:
        """How many connections are open or being opened."""
        return len(self._opening) + len(self._serving)

    def allow(self, connections: int) -> None:
        """Hold so many connections at most from now on; what is open beyond that ends after what it carries."""
        self.allowed = connections
        staying = sorted(self._open, key=lambda connection: connection.idle)[: self.allowed]
        for connection in self._open - set(staying):
            connection.retire()

    def nudge(self) -> None:
        """The feed has more: idle connections take first; new ones are opened for what is left."""
        if self._stopping:
            return
        for connection in [connection for connection in self._open if connection.idle]:
            connection.nudge()
        if self._timer is not None or any(connection.idle for connection in self._open):
            return  # the hops are away and the timer will try; or an idle one found nothing left
        if any(connection.answered for connection in self._open):
            self._failures = 0
        room = self.allowed - self.held
        waiting = self._feed.waiting
        wanted = room if waiting is None else min(room, waiting - len(self._opening))
        if self._failures:
            wanted = min(wanted, 1 - len(self._opening))  # one goes ahead to see whether the hop is back
        for _ in range(wanted):
            task = asyncio.create_task(self._serve())
            self._opening.add(task)
            task.add_done_callback(self._ended)

    async def drain(self, grace: float) -> None:
        """Take nothing more; wait up to `grace` seconds for what is on its way, then end it. The pool is of no use
        afterwards, and every envelope is back at the feed."""
        self._stopping = self._feed.closing = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for task in self._opening:
            task.cancel()
        farewells = [asyncio.create_task(connection.drain()) for connection in self._open]
        if farewells:
            await asyncio.wait(farewells, timeout=grace)
            for connection in list(self._open):
                connection.abort()
        await asyncio.gather(*farewells, *self._opening, *self._serving, return_exceptions=True)
        self._feed.conclude(broken(Stage.MAIL, lost("The delivery was interrupted"), uncertain=False))

    # ------------------------------------------------------------ one connection's life

    async def _serve(self) -> None:
        connection = await self._connect()
        if connection is None:
            return
        task = asyncio.current_task()
        assert task is not None
        self._opening.discard(task)
        self._serving.add(task)
        self._open.add(connection)
        try:
            ending = await connection.closed
        finally:
            self._open.discard(connection)
            self._serving.discard(task)
        if ending.answered:
            self._failures = 0
        elif ending.reply is not None and not ending.idle:
            self._away(Stage.MAIL, ending.reply, Fault.NOBODY)  # a hop that opens, and ends what it is given
            return
        if ending.reply is not None and self._feed.waiting != 0:
            self.nudge()

    async def _connect(self) -> Connection | None:
        why: Unopened | None = None
        try:
            for hop in await self._hops():
                try:
                    return await self._reach(hop)
                except Unopened as error:
                    log.info("hop.failed", lane=self.lane, hop=str(hop), stage=error.stage, reply=str(error.reply))
                    why = error
        except Unroutable as error:
            if error.fault is Fault.RECIPIENT:
                self._feed.conclude_all(Outcome(DeliveryState.FAILED, error.reply, Stage.CONNECT, Fault.RECIPIENT))
            else:
                self._away(Stage.CONNECT, error.reply, error.fault)
            return None
        if why is not None:
            self._away(why.stage, why.reply, why.fault)
        return None

    async def _reach(self, hop: Hop) -> Connection:
        terms = self._terms
        try:
            return await Connection.open(hop, self._feed, waits=terms.waits, context=terms.context, ours=terms.ours)
        except Unopened as error:
            if hop.security != "opportunistic" or error.stage is not Stage.STARTTLS:
                raise
            # RFC 7435: opportunistic means mail goes even where TLS is broken.
            return await Connection.open(replace(hop, security="none"), self._feed, waits=terms.waits, ours=terms.ours)

    # ------------------------------------------------------------ when there is none

    def _away(self, stage: Stage, reply: Reply, fault: Fault) -> None:
        """Call again later. Told once it is certain: at once for a refusal of us, else after a few tries in a row."""
        if self._stopping or self._timer is not None:
            return  # one of several that failed together
        working = any(connection.answered for connection in self._open)
        delay = schedule.reconnect_after(0 if working else self._failures, self._random())
        self._timer = asyncio.get_running_loop().call_later(delay, self._call_again)
        if working:
            return  # the hop takes no more connections than these
        self._failures += 1
        if fault is Fault.NOBODY:
            if self._failures < PATIENCE:
                return
            fault = self._terms.away
        log.warning("lane.failed", lane=self.lane, stage=stage, reply=str(reply), failures=self._failures)
        outcome = Outcome(DeliveryState.DEFERRED, reply, stage, fault)
        self._feed.conclude(outcome)
        self._failed(outcome)

    def _call_again(self) -> None:
        self._timer = None
        if self._feed.waiting != 0:
            self.nudge()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._opening.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("pool.broken", lane=self.lane, exc_info=error)
            self._away(Stage.CONNECT, lost(f"Internal error: {type(error).__name__}"), Fault.NOBODY)


def pools(
    route: Relay | Mx,
    resolver: Resolver,
    *,
    helo: str,
    random: Random,
    ours: Collection[str] = (),
    waits: Timeouts = TIMEOUTS,
    context: ssl.SSLContext | None = None,
) -> Callable[[str, Feed, Failed], Pool]:
    """What makes the pool of a lane: (lane key, feed, failed) -> Pool. `helo` is our host name."""
    away = Fault.US if isinstance(route, Relay) else Fault.NOBODY
    terms = Terms(route.connections, away, waits, context, frozenset(name.lower() for name in ours))

    def pool(lane: str, feed: Feed, failed: Failed) -> Pool:
        return Pool(lane, lambda: route.hops(lane, helo, resolver), feed, failed, terms, random)

    return pool
