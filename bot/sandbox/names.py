"""A nameserver for the pretend world: whatever is asked for, there is no such name.

Who posts there publishes no policy and no keys, so nothing of a demo hangs on the Internet, where the domain its people
live at asks that mail in its name be refused.
"""

from __future__ import annotations

import asyncio

from bot.sandbox.settings import Listen

_HEADER = 12  # octets, before the question (RFC 1035 4.1.1)
_KIND_AND_CLASS = 4
_NO_SUCH_NAME = b"\x81\x83"  # an answer, recursion asked for and done, NXDOMAIN
_COUNTS = b"\0\1\0\0\0\0\0\0"  # one question, no records


class Names(asyncio.DatagramProtocol):
    """Answers over UDP. `start()` it, `stop()` it."""

    def __init__(self) -> None:
        self._door: asyncio.DatagramTransport | None = None

    async def start(self, listen: Listen) -> Listen:
        """Listen; the address with the port really taken (0 asks for a free one). OSError when it is taken."""
        loop = asyncio.get_running_loop()
        self._door, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(listen.host, listen.port))
        return Listen(listen.host, self._door.get_extra_info("sockname")[1])

    def stop(self) -> None:
        """Stop listening."""
        if self._door is not None:
            self._door.close()
            self._door = None

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        """Say the question again, and that its name does not exist. What is no question gets no answer."""
        end = data.find(b"\0", _HEADER) + 1 + _KIND_AND_CLASS
        if self._door is None or end <= _HEADER + _KIND_AND_CLASS or len(data) < end:
            return
        self._door.sendto(data[:2] + _NO_SUCH_NAME + _COUNTS + data[_HEADER:end], addr)
