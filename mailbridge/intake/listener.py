"""The doors: where SMTP, LMTP and submission are listened for, and how they are closed without cutting anybody off."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import ssl
from collections.abc import Sequence

import structlog

from mailbridge.doors import Door
from mailbridge.intake.commands import Service
from mailbridge.intake.limits import Budget, Gate
from mailbridge.intake.protocol import Protocol
from mailbridge.intake.session import House

_log = structlog.get_logger(__name__)
_BACKLOG = 512
_UNIX_MODE = 0o660
# A few seconds are every client's due to read its 421; what is being committed ends in that time or is repeated.
GRACE_SECONDS = 20.0


class ListenRefused(Exception):  # noqa: N818 - said to the person who starts the program
    """A door cannot be opened. The text is one line that says which and why."""


class Listener:
    """All doors of one process; they share one gate and one budget."""

    def __init__(
        self,
        house: House,
        smtp: Sequence[Door],
        lmtp: Sequence[Door] = (),
        submission: Sequence[Door] = (),
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._house = house
        services = ((Service.SMTP, smtp), (Service.LMTP, lmtp), (Service.SUBMISSION, submission))
        self._doors = [(door, service) for service, doors in services for door in doors]
        self._tls = tls
        self._gate = Gate(house.limits)
        self._budget = Budget(house.limits.in_flight_octets)
        self._sessions: set[Protocol] = set()
        self._servers: list[asyncio.Server] = []
        self._paths: dict[str, int] = {}  # of our Unix sockets, with the inode each has

    @property
    def ports(self) -> list[int]:
        """The TCP ports listened on, in the order of the doors."""
        return [
            sock.getsockname()[1]
            for server in self._servers
            for sock in server.sockets[:1]
            if isinstance(sock.getsockname(), tuple)
        ]

    async def start(self) -> None:
        """Open every door. Raises ListenRefused, with none left open."""
        # It would log every command, and at DEBUG every line of every mail.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        for door, service in self._doors:
            try:
                self._servers.append(await self._open(door, service))
            except OSError as fault:
                await self.stop(0)
                variable = f"POSTROOM_{service.upper()}_LISTEN"
                raise ListenRefused(f"{variable}: {door} cannot be listened on: {_why(fault)}") from fault
            _log.info("listener.opened", at=str(door), service=str(service))

    async def stop(self, grace: float = GRACE_SECONDS) -> None:
        """Take no more connections, send 421 to who waits, and let messages under way finish for `grace` seconds."""
        for server in self._servers:
            server.close()
        self._unlink()
        for session in list(self._sessions):
            session.drain()
        ends = [asyncio.ensure_future(session.ended()) for session in self._sessions]
        if ends:
            _, late = await asyncio.wait(ends, timeout=grace)
            for session in list(self._sessions):
                session.abort()
            if late:
                # Their sockets are gone; what remains is a commit that is bounded by the database's own deadline.
                await asyncio.wait(late)
        self._servers.clear()
        self._house.examiner.close()
        if self._house.credentials is not None:
            self._house.credentials.close()

    def _unlink(self) -> None:
        """Take our Unix sockets away, but not what another process has put there since: it may have taken over."""
        for path, inode in self._paths.items():
            with contextlib.suppress(FileNotFoundError):
                if os.stat(path).st_ino == inode:
                    os.unlink(path)
        self._paths.clear()

    async def _open(self, door: Door, service: Service) -> asyncio.Server:
        loop = asyncio.get_running_loop()

        def protocol() -> Protocol:
            return Protocol(self._house, self._gate, self._budget, self._sessions, service=service, tls=self._tls)

        if door.path:
            server = await loop.create_unix_server(protocol, door.path, backlog=_BACKLOG)
            os.chmod(door.path, _UNIX_MODE)
            self._paths[door.path] = os.stat(door.path).st_ino
            return server
        return await loop.create_server(protocol, door.host or None, door.port, backlog=_BACKLOG)


def certificate(cert: str, key: str) -> ssl.SSLContext:
    """The context STARTTLS is offered with, from PEM files. Raises ListenRefused."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, key or None)
    except (OSError, ssl.SSLError) as fault:
        raise ListenRefused(f"POSTROOM_TLS_CERT or POSTROOM_TLS_KEY cannot be used: {_why(fault)}") from fault
    return context


def _why(fault: OSError) -> str:
    return (os.strerror(fault.errno) if fault.errno and fault.errno > 0 else str(fault)).lower()
