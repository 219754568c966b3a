"""A next hop that counts: who got which mail how often; it refuses by script, and can take its time."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable

LARGEST = 1 << 20
_PATH = re.compile(rb"<([^>]*)>")
_MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
OFFERS = b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n"

# Given the stage ("mail", "rcpt", "dot") and the envelope's recipients so far: a whole reply, or None to take it.
Script = Callable[[str, list[str]], str | None]


class CountingSink:
    """An SMTP server on a free loopback port. `seconds` is how long it thinks about each mail; while `answering` is not
    set it answers none, and `asked` counts those that wait for an answer; with `keep` it keeps what it took."""

    def __init__(self, script: Script | None = None, *, seconds: float = 0.0, keep: bool = False) -> None:
        self.script = script
        self.keep = keep
        self.kept: list[tuple[str, bytes]] = []  # the first recipient, and the octets without dots and their end
        self.seconds = seconds
        self.taken: Counter[tuple[str, str]] = Counter()  # (recipient, Message-ID) of what a 250 was written for
        self.total = 0
        self.answering = asyncio.Event()
        self.answering.set()
        self.asked = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    async def start(self, port: int = 0) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port, limit=LARGEST)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    @property
    def recipients(self) -> set[str]:
        """Everybody who got something."""
        return {recipient for recipient, _ in self.taken}

    @property
    def extra(self) -> int:
        """How many copies came that their recipient had already."""
        return sum(n - 1 for n in self.taken.values())

    async def reaches(self, total: int, seconds: float) -> None:
        """Return once so many copies were taken. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while self.total < total:
                self._changed.clear()
                await self._changed.wait()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        try:
            await self._session(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the other side was killed: that is what it is for
        finally:
            self._sessions.discard(task)
            writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipients: list[str] = []
        writer.write(b"220 sink.test ESMTP\r\n")
        while line := await reader.readline():
            verb = line[:4].upper().strip()
            if verb == b"EHLO":
                writer.write(OFFERS)
            elif verb == b"MAIL":
                recipients = []
                writer.write(self._reply("mail", recipients))
            elif verb == b"RCPT":
                found = _PATH.search(line)
                assert found is not None
                address = found[1].decode()
                reply = self._reply("rcpt", [*recipients, address])
                if reply.startswith(b"2"):
                    recipients.append(address)
                writer.write(reply)
            elif verb == b"DATA":
                await self._data(reader, writer, recipients)
            elif verb == b"QUIT":
                writer.write(b"221 2.0.0 Bye\r\n")
                return
            else:
                writer.write(b"250 2.0.0 OK\r\n")

    async def _data(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, recipients: list[str]) -> None:
        if not recipients:
            writer.write(b"503 5.5.1 No recipients\r\n")
            return
        writer.write(b"354 Go on\r\n")
        raw = await reader.readuntil(b"\r\n.\r\n")
        self.asked += 1
        if self.seconds:
            await asyncio.sleep(self.seconds)
        await self.answering.wait()
        self.asked -= 1
        reply = self._reply("dot", recipients)
        if reply.startswith(b"2"):
            named = _MESSAGE_ID.search(raw)
            for recipient in recipients:
                self.taken[recipient, named[1].decode() if named else ""] += 1
            self.total += len(recipients)
            if self.keep:
                self.kept.append((recipients[0], re.sub(rb"(?m)^\.", b"", raw.removesuffix(b".\r\n"))))
            self._changed.set()
        writer.write(reply)

    def _reply(self, stage: str, recipients: list[str]) -> bytes:
        said = self.script(stage, recipients) if self.script is not None else None
        return f"{said or '250 2.0.0 OK'}\r\n".encode()
