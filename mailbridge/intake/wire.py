"""What a client has said and we have not yet read, line by line or as it comes."""

from __future__ import annotations

import asyncio

_PIECE = 65_536


class LineTooLong(ValueError):  # noqa: N818 - an answer for the client
    """A command line exceeds the limit; what was read of it is gone."""


class Gone(ConnectionError):  # noqa: N818 - a state of the peer
    """The client has closed its side, or the connection is lost."""


class Wire:
    """A StreamReader with an unread buffer, since commands may follow the end of data in one segment."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._held = b""

    async def line(self, most: int) -> bytes:
        """The next line with its end. Raises LineTooLong above `most` octets, Gone at the end of the stream."""
        while (end := self._held.find(b"\n")) < 0:
            if len(self._held) > most:
                raise LineTooLong
            self._held += await self._more()
        line, self._held = self._held[: end + 1], self._held[end + 1 :]
        if len(line) > most:
            raise LineTooLong
        return line

    async def some(self) -> bytes:
        """Whatever is there, at least one octet. Raises Gone."""
        if self._held:
            held, self._held = self._held, b""
            return held
        return await self._more()

    def unread(self, octets: bytes) -> None:
        """Put octets back in front: they belong to the next reader."""
        self._held = octets + self._held

    def discard(self) -> None:
        """Forget what has arrived: what was said before TLS must not act within it (CVE-2011-0411)."""
        self._held = b""

    async def _more(self) -> bytes:
        piece = await self._reader.read(_PIECE)
        if not piece:
            raise Gone
        return piece
