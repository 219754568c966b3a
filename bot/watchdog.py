"""The watch over Socket Mode: its client can die in silence, connected as it says and hearing nothing, for days.

Every 15 s it is asked whether it is connected and when it last heard a pong. Slack itself renews connections, so a
short gap is normal; after 45 s the whole connection is built anew. Where that fails twice while Slack's Web API does
answer, the fault is in this process, and it ends so that its supervisor starts a fresh one. While Slack does not
answer at all, nothing is gained by ending: it is tried for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

log = structlog.get_logger()
CHECK_SECONDS = 15.0
GRACE_SECONDS = 45.0
CONNECT_SECONDS = 30.0
FAILURES = 2


class Line(Protocol):
    """A connection on which Slack's payloads come."""

    async def connect(self) -> None: ...

    async def close(self) -> None: ...

    async def healthy(self) -> bool:
        """Connected, and heard from not long ago."""


class LineLost(Exception):  # noqa: N818 - says what happened
    """The connection could not be rebuilt although Slack answers: this process is broken."""


class Watchdog:
    """Keeps one line up. `build` makes a fresh one; `reachable` says whether Slack answers at all."""

    def __init__(
        self,
        build: Callable[[], Line],
        reachable: Callable[[], Awaitable[bool]],
        *,
        check: float = CHECK_SECONDS,
        grace: float = GRACE_SECONDS,
        connect: float = CONNECT_SECONDS,
    ) -> None:
        self._build = build
        self._reachable = reachable
        self._check, self._grace, self._connect = check, grace, connect
        self._line: Line | None = None
        self.connected = asyncio.Event()

    async def run(self) -> None:
        """Connect and stay so until cancelled. Raises LineLost."""
        try:
            await self._rebuild()
            while True:
                await self._watch()
                self.connected.clear()
                log.warning("line.lost", grace=self._grace)
                await self._rebuild()
        finally:
            await self.close()

    async def close(self) -> None:
        """Hear nothing more; handlers that run are not touched."""
        self.connected.clear()
        line, self._line = self._line, None
        if line is not None:
            await line.close()

    async def _watch(self) -> None:
        """Until the line has been unhealthy for the grace time."""
        loop = asyncio.get_running_loop()
        since: float | None = None
        while True:
            await asyncio.sleep(self._check)
            if self._line is not None and await self._line.healthy():
                since = None
                continue
            since = since if since is not None else loop.time()
            if loop.time() - since >= self._grace:
                return

    async def _rebuild(self) -> None:
        failures = 0
        wait = 1.0
        while True:
            await self.close()
            if await self._reachable():
                self._line = self._build()
                try:
                    async with asyncio.timeout(self._connect):
                        await self._line.connect()
                except Exception as error:
                    failures += 1
                    log.warning("line.failed", times=failures, cause=f"{type(error).__name__}: {error}")
                    if failures >= FAILURES:
                        raise LineLost("Socket Mode does not connect although Slack answers") from error
                else:
                    log.info("line.connected")
                    self.connected.set()
                    return
            else:
                log.warning("slack.unreachable", retry_in=wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 30.0)
