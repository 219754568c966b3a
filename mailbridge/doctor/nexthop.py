"""The next hop, asked with the client that carries our mail: whether it opens to us, and whether it takes a probe."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mailbridge.deliver.client import Connection, Envelope, Hop, Unopened
from mailbridge.deliver.outcome import broken
from mailbridge.deliver.route import Route, Unroutable
from mailbridge.deliver.timeouts import Timeouts
from mailbridge.doctor.rendering import Rendered
from mailbridge.resolver import Resolver
from store.terms import DeliveryState, Outcome, Reply, Stage

# A person waits for the answer: shorter than what mail is given (RFC 5321 4.5.3.2), and still minutes in all.
WAITS = Timeouts(connect=10, greeting=15, hello=15, handshake=10, auth=15, mail=15, rcpt=15, data=15, dot=30, quit=5)
OUTSIDE_SECONDS = 10.0


class _Nothing:
    """A feed without mail: the connection is opened for its own sake."""

    def take(self) -> Envelope | None:
        return None

    def done(self, envelope: Envelope, outcomes: Sequence[Outcome], /) -> None:
        """Never called: nothing was given."""


class _One:
    """A feed of one envelope to one recipient."""

    def __init__(self, envelope: Envelope) -> None:
        self._envelope: Envelope | None = envelope
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def take(self) -> Envelope | None:
        envelope, self._envelope = self._envelope, None
        return envelope

    def done(self, envelope: Envelope, outcomes: Sequence[Outcome], /) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcomes[0])


async def opens(hop: Hop) -> bool:
    """Whether what was said went under TLS. Raises Unopened."""
    connection = await Connection.open(hop, _Nothing(), waits=WAITS)
    secured = connection.secured
    await connection.drain()
    return secured


async def probe(route: Route, mail: Rendered, recipient: str, helo: str, resolver: Resolver) -> Outcome:
    """Send a rendered mail to one address over the route, and say what became of it."""
    lane = route.lane(recipient.rpartition("@")[2])
    try:
        hops = await route.hops(lane, helo, resolver)
    except Unroutable as error:
        state = DeliveryState.FAILED if error.reply.permanent else DeliveryState.DEFERRED
        return Outcome(state, error.reply, Stage.CONNECT, error.fault)
    last = broken(Stage.CONNECT, Reply(421, "4.4.1", "There is nobody to connect to"), uncertain=False)
    for hop in hops:
        feed = _One(mail.envelope(recipient))
        try:
            connection = await Connection.open(hop, feed, waits=WAITS)
        except Unopened as error:
            last = Outcome(DeliveryState.DEFERRED, error.reply, error.stage, error.fault)
            continue
        outcome = await feed.outcome
        await connection.drain()
        return outcome
    return last


async def outside(hops: Sequence[Hop]) -> tuple[str, str]:
    """Connect to one of the hosts: our address on the way there and "", or "" and the last problem.

    There is one host at least.
    """
    problem = ""
    for hop in hops:
        try:
            async with asyncio.timeout(OUTSIDE_SECONDS):
                _, writer = await asyncio.open_connection(hop.host, hop.port)
        except TimeoutError:
            problem = f"{hop} did not answer within {OUTSIDE_SECONDS:g} s"
        except OSError as error:
            problem = f"{hop}: {error.strerror or error}"
        else:
            address = str(writer.get_extra_info("sockname")[0])
            writer.close()
            return address, ""
    return "", problem
