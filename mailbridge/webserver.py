"""A web server inside our loop: sockets of our doors, connections that end, signals left to the program."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from mailbridge.doors import Door


def connection(seconds: float) -> type[H11Protocol]:
    """Connections that end after `seconds`, whatever is under way: the server itself waits for ever for the rest of a
    request that does not come, and a few hundred of those would keep everybody else out."""

    class Connection(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the base has it
            super().connection_made(transport)
            self._end = self.loop.call_later(seconds, transport.abort)

        def connection_lost(self, exc: Exception | None) -> None:
            self._end.cancel()
            super().connection_lost(exc)

    return Connection


class Server(uvicorn.Server):
    """Uvicorn inside a loop that is not its own: it leaves signals to the program and says when it is ready."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def opened(door: Door) -> socket.socket:
    """A listening socket. Raises OSError."""
    if door.path:
        gone(door.path)  # left by a process that was killed
        return socket.create_server(door.path, family=socket.AF_UNIX)
    if not door.host and socket.has_dualstack_ipv6():
        return socket.create_server(("", door.port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server((door.host, door.port), family=socket.AF_INET6 if ":" in door.host else socket.AF_INET)


def gone(path: str) -> None:
    """Take a local socket's file away."""
    Path(path).unlink(missing_ok=True)
