"""A next hop that keeps every octet of every connection, and believes nothing of them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_STRAY = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")


@dataclass
class RawSink:
    """`heard` has what each connection sent, `mails` the contents as a strict reader cuts them out of it: between the
    354 and the one true end. `port` is where it listens."""

    port: int = 0
    heard: list[bytearray] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    transactions: int = 0

    @property
    def stray(self) -> list[bytes]:
        """What stands around each octet that no session of ours may hold, commands included."""
        return [
            bytes(heard[max(found.start() - 20, 0) : found.end() + 20])
            for heard in self.heard
            for found in _STRAY.finditer(heard)
        ]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection. Its lines end with CRLF and with nothing else."""
        heard = bytearray()
        self.heard.append(heard)

        async def until(end: bytes) -> bytes:
            octets = await reader.readuntil(end)
            heard.extend(octets)
            return octets

        async def say(*lines: str) -> None:
            writer.write("".join(f"{line}\r\n" for line in lines).encode())
            await writer.drain()

        try:
            await say("220 sink.test ESMTP")
            while True:
                verb = (await until(b"\r\n"))[:4].upper()
                match verb:
                    case b"EHLO":
                        await say("250-sink.test", "250-8BITMIME", "250-SMTPUTF8", "250 PIPELINING")
                    case b"MAIL":
                        self.transactions += 1
                        await say("250 ok")
                    case b"DATA":
                        await say("354 go ahead")
                        first = await until(b"\r\n")
                        rest = b"" if first == b".\r\n" else await until(b"\r\n.\r\n")
                        self.mails.append((first + rest).removesuffix(b".\r\n"))
                        await say("250 ok")
                    case b"RCPT" | b"RSET" | b"NOOP":
                        await say("250 ok")
                    case b"QUIT":
                        await say("221 bye")
                        return
                    case _:
                        # What a body would say if it were read as commands.
                        await say("500 what?")
        except (asyncio.IncompleteReadError, ConnectionError):
            heard.extend(await reader.read())
        finally:
            writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[RawSink]:
    """A sink for as long as the block."""
    sink = RawSink()
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0, limit=2**26)
    sink.port = server.sockets[0].getsockname()[1]
    yield sink
    server.close()
