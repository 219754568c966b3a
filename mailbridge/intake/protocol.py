"""The shell of a session on aiosmtpd: sockets, time-outs, limits, TLS and the reading of data.

Of aiosmtpd 1.4.6 the connection's plumbing remains. Its command loop answers faults with 500 and their text, cancels a
commit when the client hangs up, counts nothing, reads data without bound and shares a table between sessions; all
that is ours here.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Sequence

import structlog
from aiosmtpd.smtp import SMTP

from mailbridge.intake import arrival, proxy, trace, trouble
from mailbridge.intake.commands import BAD_SYNTAX, IDLE, Answer, Dialogue, Service, Then
from mailbridge.intake.data import Content
from mailbridge.intake.envelope import Envelope
from mailbridge.intake.limits import Budget, Gate
from mailbridge.intake.session import House
from mailbridge.intake.wire import Gone, LineTooLong, Wire
from mailbridge.policy import replies
from store.terms import Reply

_log = structlog.get_logger(__name__)
_TLS_SECONDS = 60.0
RESPONSE_OCTETS = 12_288  # RFC 4954 4


class Ended(Exception):  # noqa: N818 - the session's end, not an error
    """The session is over; `reply` is the last thing said, or None if there is nobody to hear it."""

    def __init__(self, reply: Reply | None = None) -> None:
        super().__init__(str(reply))
        self.reply = reply


class Protocol(SMTP):
    """One connection. `service` is what it speaks; `sessions` is where it is found while it lasts."""

    # What asyncio holds of an unread client: it stops reading the socket at twice this.
    line_length_limit = 32_768

    def __init__(
        self,
        house: House,
        gate: Gate,
        budget: Budget,
        sessions: set[Protocol],
        *,
        service: Service,
        tls: ssl.SSLContext | None,
    ) -> None:
        # Else all sessions share one, and each new one clears it.
        self.command_size_limits = defaultdict(lambda: house.limits.command_octets)
        super().__init__(object(), hostname=house.hostname, loop=asyncio.get_running_loop())
        self._house = house
        self._gate = gate
        self._budget = budget
        self._sessions = sessions
        self._lmtp = service is Service.LMTP
        self._tls = tls
        self._dialogue = Dialogue(house, service, tls_offered=tls is not None)
        self._client = ""
        self._counted: str | None = None  # the name it passed the gate under
        self._spoken = False
        self._errors = 0
        self._idle = 0
        self._closing = False
        self._patience: asyncio.Timeout | None = None
        self._ends_at = self.loop.time() + house.limits.session_seconds

    # ------------------------------------------------------------ what the event loop calls

    def _reset_timeout(self, duration: float | None = None) -> None:
        """No timer of aiosmtpd's: it cuts a steady sender by the whole of DATA, and never ends an idle one."""

    def eof_received(self) -> bool:
        # A client may close its side behind the final dot and still wait for our reply (RFC 5321 4.1.1.10 allows
        # neither, and people do both): the reader sees the end, the commit goes on.
        return bool(asyncio.StreamReaderProtocol.eof_received(self))

    def connection_lost(self, error: Exception | None) -> None:
        # Nothing is cancelled: a commit under way ends by itself, and whoever reads is told.
        asyncio.StreamReaderProtocol.connection_lost(self, error)

    async def _handle_client(self) -> None:
        self._wire = Wire(self._reader)
        self._client = trace.client(self._writer.get_extra_info("peername"))
        self._sessions.add(self)
        try:
            self._enter()
            if self._house.proxied(self._client):
                await self._introduced()
            await self._converse()
        except Ended as end:
            if end.reply is not None:
                await self._last_words(end.reply)
        except (OSError, TimeoutError):
            _log.debug("session.lost", client=self._client)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the client is told to try again
            _log.error("session.failed", client=self._client, **trouble.told(fault))
            await self._last_words(replies.CLOSING)
        finally:
            self._writer.close()
            self._sessions.discard(self)
            self._leave()

    def _enter(self) -> None:
        """Pass the gate under the client's address, or end. A relay and a proxy carry everybody's connections."""
        house = self._house
        if not self._gate.enter(self._client, trusted=house.relays.trust(self._client) or house.proxied(self._client)):
            raise Ended(replies.BUSY)
        self._counted = self._client

    async def _introduced(self) -> None:
        """Let a proxy of ours say who the client is; it is counted at the gate instead of the proxy."""
        try:
            behind = await proxy.client(self._reader, self._client)
        except proxy.NoHeader as fault:
            _log.warning("proxy.unheard", client=self._client, why=str(fault))
            raise
        if behind != self._client:
            self._leave()
            self._client = behind
            self._enter()

    def _leave(self) -> None:
        if self._counted is not None:
            self._gate.leave(self._counted)
            self._counted = None

    # ------------------------------------------------------------ ending from outside

    def drain(self) -> None:
        """End the session where it waits for a command, with 421; a message under way is finished first."""
        self._closing = True
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(self.loop.time())

    def abort(self) -> None:
        """Cut the connection. A commit under way still ends by itself."""
        self._writer.transport.abort()

    async def ended(self) -> None:
        """Wait until the session is over."""
        task = self._handler_coroutine
        if task is not None:
            await asyncio.wait({task})

    # ------------------------------------------------------------ the conversation

    async def _converse(self) -> None:
        self._dialogue.client = self._client
        kind = "LMTP" if self._lmtp else "ESMTP"
        await self._say([f"220 {self._house.hostname} {kind} Postroom"])
        while True:
            line = await self._command()
            verb, _, argument = line.partition(" ")
            heard = await self._hear(verb.upper(), argument.strip())
            while heard.then is Then.CHALLENGE:
                await self._say(heard.lines)
                heard = await self._dialogue.respond(await self._response())
            self._count(verb.upper(), heard)
            if heard.then is Then.READ_DATA:
                await self._data(heard)
                continue
            await self._say(heard.lines)
            match heard.then:
                case Then.START_TLS:
                    await self._secure()
                case Then.END:
                    raise Ended

    async def _command(self) -> str:
        """The next command line, or Ended. Control characters end up in Received fields, so none is taken."""
        while True:
            try:
                line = await self._line(self._house.limits.command_octets)
            except LineTooLong:
                raise Ended(BAD_SYNTAX) from None
            text = _printable(line)
            if text[:1].isalpha():
                self._spoken = True
                return text
            bad = Answer((BAD_SYNTAX.line(),))
            # What no client says first: a proxy's binary header, from a proxy that is none of ours.
            if not self._spoken and line == b"\r\n":
                raise Ended(BAD_SYNTAX)
            self._spoken = True
            self._count("", bad)
            await self._say(bad.lines)

    async def _response(self) -> str:
        """What the client answers to a 334; nothing readable is no base64 either. Or Ended."""
        try:
            return _printable(await self._line(RESPONSE_OCTETS)) or "\0"
        except LineTooLong:
            raise Ended(replies.SIGN_IN_TOO_LONG) from None

    async def _line(self, most: int) -> bytes:
        """The next line, with its end, while there is time for it; else Ended. Raises LineTooLong."""
        if self._closing:
            raise Ended(replies.CLOSING)
        deadline = self.loop.time() + self._house.limits.command_seconds
        last = deadline >= self._ends_at
        try:
            async with asyncio.timeout_at(self._ends_at if last else deadline) as self._patience:
                line = await self._wire.line(most)
        except TimeoutError:
            late = replies.ENOUGH if last else replies.LATE
            raise Ended(replies.CLOSING if self._closing else late) from None
        finally:
            self._patience = None
        if self.loop.time() >= self._ends_at:
            raise Ended(replies.ENOUGH)
        return line

    async def _hear(self, verb: str, argument: str) -> Answer:
        try:
            return await self._dialogue.hear(verb, argument)
        except Exception as fault:  # noqa: BLE001 - a fault of ours is a 4xx, whatever it is
            _log.error("command.failed", verb=verb, client=self._client, **trouble.told(fault))
            return Answer((trouble.reply(fault).line(),))

    def _count(self, verb: str, heard: Answer) -> None:
        limits = self._house.limits
        self._errors += heard.error
        self._idle += verb in IDLE
        if self._errors > limits.errors or self._idle > limits.idle_commands:
            raise Ended(replies.WEARY)

    async def _say(self, lines: Sequence[str]) -> None:
        """Write whole lines; a client that does not read its replies is given up like one that does not speak."""
        if self._writer.is_closing():
            raise Gone
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode("ascii", "replace"))
        async with asyncio.timeout(self._house.limits.command_seconds):
            await self._writer.drain()

    async def _last_words(self, reply: Reply) -> None:
        try:
            await self._say([reply.line()])
        except (OSError, TimeoutError):
            _log.debug("session.lost", client=self._client)

    async def _secure(self) -> None:
        assert self._tls is not None
        # What came in the clear behind STARTTLS must not act within TLS (CVE-2024-34083). Nothing more is read before
        # the handshake, so what comes from here on is its own; afterwards the buffer may hold the first secure command.
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]  # sockets can; the base class cannot
        self._reader._buffer.clear()  # type: ignore[attr-defined]  # noqa: SLF001 - no public way to forget
        self._wire.discard()
        await self._writer.start_tls(self._tls, ssl_handshake_timeout=_TLS_SECONDS)
        # Else the reader would pause the transport below TLS.
        self._reader._transport = self._writer.transport  # type: ignore[attr-defined]  # noqa: SLF001 - no setter
        self._dialogue.secured()

    # ------------------------------------------------------------ a message

    async def _data(self, go_ahead: Answer) -> None:
        transaction = self._dialogue.transaction
        assert transaction.sender is not None
        declared = transaction.declared_size or 0
        content = Content(self._house.limits, self._budget, self._house.most_octets, declared)
        if content.refusal is not None:
            self._dialogue.done()
            await self._say([content.refusal.line()])
            return
        try:
            await self._say(go_ahead.lines)
            await self._read(content)
            if content.refusal is not None:
                said = [content.refusal] * len(transaction.recipients)
            else:
                envelope = Envelope(
                    public_id=trace.public_id(),
                    return_path=str(transaction.sender),
                    recipients=tuple(transaction.recipients),
                    helo=self._dialogue.helo,
                    client=self._client,
                    lmtp=self._lmtp,
                    protocol=self._dialogue.protocol,
                    login=self._dialogue.login,
                )
                said = await self._deliver(envelope, content.message())
        finally:
            content.release()
            self._dialogue.done()
        if any(reply.positive for reply in said):
            self._errors = self._idle = 0
        else:
            self._errors += said[0].permanent
        # RFC 2033 4.2: LMTP answers once for each recipient, faults included.
        await self._say([reply.line() for reply in (said if self._lmtp else said[:1])])

    async def _deliver(self, envelope: Envelope, raw: bytes) -> list[Reply]:
        try:
            return await arrival.deliver(self._house, envelope, raw)
        except Exception as fault:  # noqa: BLE001 - a fault of ours is a 4xx, whatever it is
            _log.error("message.failed", id=envelope.public_id, client=self._client, **trouble.told(fault))
            return [trouble.reply(fault)] * len(envelope.recipients)

    async def _read(self, content: Content) -> None:
        """Read to the true end of data. What is refused is drained, but not for ever."""
        limits = self._house.limits
        began = self.loop.time()
        most = 4 * self._house.most_octets
        while True:
            earned = began + limits.grace_seconds + content.octets / limits.octets_per_second
            try:
                async with asyncio.timeout_at(min(self.loop.time() + limits.stall_seconds, earned)):
                    piece = await self._wire.some()
            except TimeoutError:
                raise Ended(replies.LATE) from None
            rest = content.feed(piece)
            if rest is not None:
                self._wire.unread(rest)
                return
            if content.octets > most:
                raise Ended(content.refusal or replies.TOO_BIG)


def _printable(line: bytes) -> str:
    """A line without its CRLF; "" for one that has none, or holds what no line of SMTP does."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text[:-2] if text.endswith("\r\n") and text[:-2].isprintable() else ""
