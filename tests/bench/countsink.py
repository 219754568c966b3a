"""A next hop that takes everything and counts: stands in where the C sink cannot be compiled.

`python -m tests.bench.countsink PORT N` prints one line of JSON with what it saw after N recipients.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

END_OF_DATA = b"\r\n.\r\n"
GREETING = b"220 sink.example.test ESMTP\r\n"
EHLO = b"250-sink.example.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 0\r\n"


class Count:
    """What all sessions together have seen; moments are of the monotonic clock, which processes share."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.recipients = 0
        self.distinct: set[bytes] = set()
        self.first = 0.0
        self.last = 0.0
        self.full = asyncio.Event()

    def add(self, recipients: list[bytes]) -> None:
        """Count a message that was accepted for these."""
        self.last = time.monotonic()
        self.first = self.first or self.last
        self.recipients += len(recipients)
        self.distinct.update(recipients)
        if self.recipients >= self.wanted:
            self.full.set()


class Session(asyncio.Protocol):
    """One SMTP session: every command is taken, every message thrown away."""

    def __init__(self, count: Count) -> None:
        self.count = count
        self.rest = b""
        self.in_data = False
        self.recipients: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        self.rest += data
        answers: list[bytes] = []
        while (part := self._part()) is not None:
            answers.append(self._answer(part))
        self.transport.write(b"".join(answers))

    def _part(self) -> bytes | None:
        ending = END_OF_DATA if self.in_data else b"\r\n"
        part, found, rest = self.rest.partition(ending)
        if not found:
            return None
        self.rest = rest
        return part

    def _answer(self, part: bytes) -> bytes:
        if self.in_data:
            self.in_data = False
            self.count.add(self.recipients)
            self.recipients = []
            return b"250 2.0.0 taken\r\n"
        match part[:4].upper():
            case b"EHLO":
                return EHLO
            case b"RCPT":
                self.recipients.append(part[part.find(b"<") :].partition(b">")[0])
            case b"DATA":
                self.in_data = True
                return b"354 go on\r\n"
            case b"QUIT":
                return b"221 2.0.0 bye\r\n"
            case b"RSET":
                self.recipients = []
        return b"250 2.0.0 ok\r\n"


async def main(port: int, wanted: int) -> None:
    """Count on a port of the loopback until `wanted` recipients have been taken."""
    count = Count(wanted)
    await asyncio.get_running_loop().create_server(lambda: Session(count), "127.0.0.1", port)
    print("ready", file=sys.stderr, flush=True)
    await count.full.wait()
    seen = {"rcpts": count.recipients, "distinct": len(count.distinct)}
    print(json.dumps(seen | {"t_first_rcpt": count.first, "t_last": count.last}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
