"""A connection to a next hop: the dialogue put on a socket, with its waits and its end."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

from mailbridge.deliver import commands, hop
from mailbridge.deliver.dialogue import Dialogue, HungUp
from mailbridge.deliver.envelope import Envelope, Feed
from mailbridge.deliver.hop import Hop
from mailbridge.deliver.opening import Unopened, introduce
from mailbridge.deliver.outcome import lost
from mailbridge.deliver.timeouts import Timeouts
from mailbridge.deliver.wire import Garbage, Heard, Replies
from store.terms import Reply, Stage

__all__ = ["Connection", "Ending", "Envelope", "Feed", "Hop", "Unopened"]

TIMEOUTS = Timeouts()
HIGH_WATER = 128 * 1024


@dataclass(frozen=True, slots=True)
class Ending:
    """How a connection ended: `reply` is None where we said good-bye; `idle` if nothing was under way; `answered`
    counts the mails it took or refused."""

    reply: Reply | None
    idle: bool
    answered: int


class Connection(asyncio.Protocol):
    """Takes envelopes from its feed as fast as the hop's replies allow, until it is drained, idle too long, or broken.

    Every envelope taken is given back to the feed with its outcomes before `closed` is done.
    """

    def __init__(self, to: Hop, waits: Timeouts) -> None:
        self.hop = to
        self._waits = waits
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[Ending] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._replies = Replies()
        self._inbox: deque[Heard] = deque()  # replies to the opening
        self._broken: Exception | None = None  # why the opening cannot go on
        self._waiter: asyncio.Future[None] | None = None
        self._dialogue: Dialogue | None = None
        self._ticker: asyncio.TimerHandle | None = None
        self._since = 0.0  # when a reply was last heard, or something written
        self._paused = False
        self._advancing = False
        self._quitting = False
        self._reason: Reply | None = None

    # ------------------------------------------------------------ opening

    @classmethod
    async def open(
        cls,
        to: Hop,
        feed: Feed,
        *,
        waits: Timeouts = TIMEOUTS,
        context: ssl.SSLContext | None = None,
        ours: Collection[str] = (),
    ) -> Connection:
        """Connect, greet, secure, authenticate, and begin to take envelopes. Raises Unopened.

        `context` replaces the TLS context that the hop's security asks for; `ours` are names by which a hop may speak
        of us (see `outcome.blame`).
        """
        connection = cls(to, waits)
        try:
            await connection._connect(context)
            offers = await introduce(connection, to, waits, context)
            connection._begin(Dialogue(feed, offers, ours))
        except BaseException:
            connection._abort(None)
            raise
        return connection

    async def _connect(self, context: ssl.SSLContext | None) -> None:
        to = self.hop
        secure = (context or hop.verified()) if to.security == "implicit" else None
        try:
            async with asyncio.timeout(self._waits.connect):
                await self._loop.create_connection(
                    lambda: self, to.host, to.port, ssl=secure, server_hostname=to.server_name if secure else None
                )
        except TimeoutError as error:
            text = f"{to} did not answer within {self._waits.connect:g} s"
            raise Unopened(Stage.CONNECT, Reply(421, "4.4.1", text)) from error
        except ssl.SSLCertVerificationError as error:
            text = f"The certificate of {to} is not trusted: {error.verify_message}"
            raise Unopened(Stage.STARTTLS, Reply(554, "5.7.0", text)) from error
        except OSError as error:
            raise Unopened(Stage.CONNECT, Reply(421, "4.4.1", f"{to} cannot be reached: {error}")) from error

    async def ask(self, command: bytes, seconds: float) -> Heard:
        """Write a command (none: the greeting is due) and wait for its reply. For the opening only."""
        if command:
            if self._broken is not None:
                raise self._broken
            if self._inbox or self._replies.pending:
                raise Garbage("a reply to nothing that was asked")
            self._write([command])
        async with asyncio.timeout(seconds):
            while not self._inbox:
                if self._broken is not None:
                    raise self._broken
                self._waiter = self._loop.create_future()
                await self._waiter
        return self._inbox.popleft()

    async def encrypt(self, context: ssl.SSLContext, name: str, seconds: float) -> None:
        """Go on under TLS. What a hop, or somebody between, said in clear after its 220 must not count as said
        under TLS (CVE-2021-38371 and kin): it ends the connection."""
        assert self._transport is not None
        self._transport.pause_reading()
        if self._inbox or self._replies.pending:
            raise Garbage("something was said in clear behind the reply to STARTTLS")
        if self._broken is not None:
            raise self._broken
        async with asyncio.timeout(seconds):
            transport = await self._loop.start_tls(
                self._transport, self, context, server_hostname=name, ssl_handshake_timeout=seconds
            )
        if transport is None:
            raise OSError("the connection was closed")
        self._transport = transport
        self._replies = Replies()

    def _begin(self, dialogue: Dialogue) -> None:
        if self._broken is not None or self._inbox or self._replies.pending:
            reply = Reply(421, "4.5.0", "The connection broke, or a reply came that nothing asked for")
            raise Unopened(Stage.EHLO, reply)
        assert self._transport is not None
        # The buffer empties wholly before more is written: whether the dot of a long content left us stays known.
        self._transport.set_write_buffer_limits(high=HIGH_WATER, low=0)
        self._dialogue = dialogue
        self._since = self._loop.time()
        self._ticker = self._loop.call_later(self._waits.tick, self._tick)
        self._advance()

    # ------------------------------------------------------------ the caller's side

    @property
    def idle(self) -> bool:
        """True when it is open and has nothing to do."""
        return self._dialogue is not None and self._dialogue.idle and not self._quitting

    @property
    def secured(self) -> bool:
        """True when what is said goes under TLS."""
        return self._transport is not None and self._transport.get_extra_info("ssl_object") is not None

    @property
    def answered(self) -> int:
        """How many mails the hop took or refused."""
        return self._dialogue.answered if self._dialogue is not None else 0

    def nudge(self) -> None:
        """The feed has more."""
        self._advance()

    def retire(self) -> None:
        """Take nothing more; say good-bye when what was taken has its outcomes."""
        if self._dialogue is not None:
            self._dialogue.ending = True
            self._advance()

    async def drain(self) -> None:
        """Retire, and wait for the end."""
        self.retire()
        await asyncio.shield(self.closed)

    def abort(self) -> None:
        """End at once; what was taken is deferred, uncertain where its dot was out."""
        self._abort(lost("The delivery was interrupted"))

    # ------------------------------------------------------------ the socket's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """See asyncio. All replies are paired before anything new is written: a reply too many in the same segment
        must find nothing to be paired with."""
        dialogue = self._dialogue
        try:
            replies = self._replies.feed(data)
            if dialogue is None:
                self._inbox.extend(replies)
                self._wake()
                return
            if self._quitting or self.closed.done():
                return
            for code, lines in replies:
                dialogue.heard(code, lines)
            if self._replies.pending and dialogue.stage is None and not dialogue.streaming:
                raise Garbage("the beginning of a reply to nothing that was asked")
        except HungUp as end:
            self._abort(end.reply)
        except Garbage as error:
            if dialogue is None:
                self._broken = error
                self._wake()
            else:
                self._abort(Reply(421, "4.5.0", f"The next hop was not understood: {error}"))
        else:
            if replies:
                self._since = self._loop.time()
            self._advance()

    def pause_writing(self) -> None:
        """See asyncio."""
        self._paused = True

    def resume_writing(self) -> None:
        """See asyncio."""
        self._paused = False
        self._since = self._loop.time()
        self._advance()

    def connection_lost(self, error: Exception | None) -> None:
        """See asyncio."""
        self._broken = self._broken or ConnectionResetError(str(error) if error else "closed by the next hop")
        self._wake()
        why = self._reason
        if why is None and not self._quitting:
            why = lost(f"The connection was lost: {error}" if error else "The next hop closed the connection")
        self._finish(why)

    # ------------------------------------------------------------ the works

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _write(self, parts: list[bytes | memoryview]) -> None:
        assert self._transport is not None
        if len(parts) == 1:
            self._transport.write(parts[0])
        else:
            self._transport.writelines(parts)

    def _advance(self) -> None:
        """Write what is due. Called again from within (a feed that nudges), it leaves the work to the first call."""
        dialogue = self._dialogue
        if self._advancing or self._quitting or dialogue is None or self.closed.done():
            return
        self._advancing = True
        try:
            while not self._paused and (parts := dialogue.due()):
                self._write(parts)
                self._since = self._loop.time()
                if not dialogue.streaming:
                    break  # it is the hop's turn
        finally:
            self._advancing = False
        if dialogue.ending and dialogue.idle:
            self._quit()

    def _quit(self) -> None:
        self._quitting = True
        self._since = self._loop.time()
        self._write([commands.QUIT])

    def _tick(self) -> None:
        dialogue = self._dialogue
        if dialogue is None or self.closed.done():
            return
        self._ticker = self._loop.call_later(self._waits.tick, self._tick)
        waited = self._loop.time() - self._since
        if self._quitting:
            if waited > self._waits.quit:
                self._abort(None)
        elif dialogue.idle:
            if waited > self._waits.idle:
                dialogue.ending = True
                self._advance()
        elif waited > (wait := self._waits.of(dialogue.stage)):
            what = f"reply to {dialogue.stage.upper()}" if dialogue.stage else "room for more content"
            self._abort(lost(f"No {what} within {wait:g} s"))

    def _abort(self, why: Reply | None) -> None:
        self._reason = why
        if self._transport is not None:
            self._transport.abort()
        self._finish(why)

    def _finish(self, why: Reply | None) -> None:
        if self._ticker is not None:
            self._ticker.cancel()
        if self.closed.done():
            return
        idle = self._dialogue is None or self._dialogue.idle
        if self._dialogue is not None:
            self._dialogue.lost(why or lost("The connection was closed"))
        self.closed.set_result(Ending(why, idle, self.answered))
