"""A next hop that says what a test tells it to, over real sockets, and notes all that it heard."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mailbridge.deliver.envelope import Envelope
from store.terms import DeliveryState, Fault, Outcome, Stage

CERTIFICATE = Path(__file__).with_name("localhost.pem")  # self-signed for localhost and 127.0.0.1, for tests only

DROP = "drop"  # close without a word
HANG = "hang"  # say nothing

Saying = str | bytes | float | tuple["Saying", ...]  # a reply (CRLF is added to str), seconds to wait, or a sequence

DEFAULTS: dict[str, Saying] = {
    "GREETING": "220 hop.test ESMTP",
    "EHLO": "250-hop.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 50000000",
    "HELO": "250 hop.test",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 Go ahead",
    "DOT": "250 2.0.0 Ok: queued",
    "RSET": "250 2.0.0 Ok",
    "STARTTLS": "220 2.0.0 Ready",
    "QUIT": "221 2.0.0 Bye",
}
PLAIN_EHLO = "250-hop.test\r\n250 8BITMIME"


def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def trusting() -> ssl.SSLContext:
    """A client context that trusts the hop's certificate."""
    return ssl.create_default_context(cafile=str(CERTIFICATE))


@dataclass
class Mail:
    """One content that was accepted."""

    mail_from: str
    recipients: list[str]
    content: bytes


@dataclass
class Session:
    """What one connection said."""

    commands: list[str] = field(default_factory=list)
    early: bool = False  # something came before the reply to what was before it
    quit: bool = False
    secure: bool = False


class ScriptedHop:
    """`says` maps a command (or GREETING, DOT, AUTH+ for what follows AUTH) to what is said: one thing for always, or a
    list of things, one each time, the last for ever. A RCPT may be keyed by its address."""

    def __init__(self, says: dict[str, Saying | list[Saying]] | None = None, *, pieces: int = 0) -> None:
        self._says: dict[str, Saying | list[Saying]] = {**DEFAULTS, **(says or {})}
        self._times: dict[str, int] = {}
        self._pieces = pieces
        self.sessions: list[Session] = []
        self.mails: list[Mail] = []
        self.tls: ssl.SSLContext | None = None
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, *, implicit: bool = False, port: int = 0) -> ScriptedHop:
        context = server_context() if implicit else None
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port, ssl=context, limit=2**20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def recipients(self) -> list[str]:
        return [address for mail in self.mails for address in mail.recipients]

    def _next(self, key: str) -> Saying:
        saying = self._says[key]
        if not isinstance(saying, list):
            return saying
        time = self._times.get(key, 0)
        self._times[key] = time + 1
        return saying[min(time, len(saying) - 1)]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._converse(reader, writer, Session())
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _say(self, writer: asyncio.StreamWriter, saying: Saying) -> bytes:
        """The octets said. A dropped connection is a ConnectionError."""
        if isinstance(saying, tuple):
            return b"".join([await self._say(writer, part) for part in saying])
        if isinstance(saying, float):
            await asyncio.sleep(saying)
            return b""
        if saying == DROP:
            raise ConnectionAbortedError
        if saying == HANG:
            await asyncio.Event().wait()
        octets = saying if isinstance(saying, bytes) else saying.encode() + b"\r\n"
        step = self._pieces or len(octets)
        for at in range(0, len(octets), step or 1):
            writer.write(octets[at : at + step])
            await writer.drain()
            if self._pieces:
                await asyncio.sleep(0)
        return octets

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: Session) -> None:
        self.sessions.append(session)
        session.secure = writer.get_extra_info("ssl_object") is not None
        mail_from, recipients = "", list[str]()
        await self._say(writer, self._next("GREETING"))
        while line := await reader.readline():
            command = line.decode("utf-8").rstrip("\r\n")
            session.commands.append(command)
            verb, _, rest = command.partition(" ")
            session.early = session.early or bool(reader._buffer)  # type: ignore[attr-defined]  # no public way to look
            address = rest.partition("<")[2].partition(">")[0]
            key = verb.upper()
            if f"RCPT {address}" in self._says and key == "RCPT":
                key = f"RCPT {address}"
            if key not in self._says:
                await self._say(writer, "500 5.5.2 what?")
                continue
            said = await self._say(writer, self._next(key))
            if verb == "MAIL" and said.startswith(b"2"):
                mail_from, recipients = address, []
            elif verb == "RCPT" and said.startswith(b"2"):
                recipients.append(address)
            elif verb == "DATA" and said.startswith(b"354"):
                content = await self._content(reader, writer)
                if content is None:
                    return
                said = await self._say(writer, self._next("DOT"))
                if said.startswith(b"2") and recipients:
                    self.mails.append(Mail(mail_from, recipients, content))
                mail_from, recipients = "", []
            elif verb == "AUTH":
                while said.startswith(b"334"):
                    session.commands.append((await reader.readline()).decode().strip())
                    said = await self._say(writer, self._next("AUTH+"))
            elif verb == "STARTTLS" and said.startswith(b"220") and self.tls is not None:
                await writer.start_tls(self.tls)
                session.secure = True
            elif verb == "QUIT":
                session.quit = True
                return
            if said.startswith(b"421"):
                return

    async def _content(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
        if "CONTENT" in self._says:  # said in the middle of the content
            await reader.read(65536)
            await self._say(writer, self._next("CONTENT"))
            return None
        lines = []
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                raise ConnectionResetError
            lines.append(line)
        return b"".join(lines)


class Tray:
    """A feed over a list, which keeps what came back. `finished` is set when all that was put in has come back."""

    def __init__(self, envelopes: Sequence[Envelope] = ()) -> None:
        self.waiting = list(envelopes)
        self.outcomes: dict[str, Outcome] = {}
        self.returned: list[Envelope] = []
        self._put = len(self.waiting)
        self.finished = asyncio.Event()

    def __len__(self) -> int:
        return len(self.waiting)

    def put(self, *envelopes: Envelope) -> None:
        self.waiting += envelopes
        self._put += len(envelopes)
        self.finished.clear()

    def take(self) -> Envelope | None:
        return self.waiting.pop(0) if self.waiting else None

    def done(self, envelope: Envelope, outcomes: Sequence[Outcome], /) -> None:
        assert envelope not in self.returned, "given back twice"
        assert len(outcomes) == len(envelope.recipients)
        self.returned.append(envelope)
        self.outcomes.update(zip(envelope.recipients, outcomes, strict=True))
        if len(self.returned) == self._put:
            self.finished.set()

    async def wait(self, seconds: float = 10) -> None:
        await asyncio.wait_for(self.finished.wait(), seconds)

    def brief(self) -> dict[str, tuple[DeliveryState, Stage, Fault, bool]]:
        return {address: (o.state, o.stage, o.fault, o.uncertain) for address, o in self.outcomes.items()}


BODY = b"Subject: hello\r\n\r\n..dotted\r\nend\r\n"


def envelope(
    *recipients: str,
    body: bytes = BODY,
    mail_from: str = "bounces+x@lists.test",
    prefix: bytes = b"X-Copy: 1\r\n",
    size: int | None = None,
    utf8: bool = False,
    eight_bit: bool = False,
) -> Envelope:
    return Envelope(
        mail_from, list(recipients), prefix, body, size or len(prefix) + len(body), eight_bit=eight_bit, utf8=utf8
    )


def personal(count: int, body: bytes = BODY) -> list[Envelope]:
    return [envelope(f"c{n}@example.org", prefix=b"X-Copy: %d\r\n" % n, body=body) for n in range(count)]
