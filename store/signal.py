"""Wake the other process in milliseconds, without a queue between them.

On PostgreSQL a wake is a NOTIFY inside the writing transaction, so it leaves with the commit. On SQLite each process
binds a Unix datagram socket `<db>.wake/<pid>-<n>`, and a wake after the commit carries its topics to all of them;
sockets of dead processes are unlinked on the way. Nothing rests on a wake arriving: every waiter looks once a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
import structlog

CHANNEL = "postroom"
POLL_SECONDS = 1.0
RECONNECT_SECONDS = 1.0

log = structlog.get_logger()
_sequence = itertools.count()


class Topic(StrEnum):
    """What changed: posts to expand, deliveries to claim, notices to say, checkups to run, mail written in Slack,
    rosters to keep."""

    EXPAND = "expand"
    DELIVER = "deliver"
    NOTICE = "notice"
    CHECKUP = "checkup"
    COMPOSE = "compose"
    ROSTER = "roster"


class Ear:
    """One loop's way to wait. It hears from the moment it is made, so a wake between two waits is not lost."""

    def __init__(self, ears: set[Ear], topics: frozenset[Topic]) -> None:
        self._ears = ears
        self.topics = topics
        self.event = asyncio.Event()
        ears.add(self)

    async def wait(self, timeout: float = POLL_SECONDS) -> bool:  # noqa: ASYNC109 - the poll is part of the contract
        """True if woken; False after `timeout` seconds, of which no more than one poll is ever waited."""
        if not self.event.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.event.wait(), max(0.0, min(timeout, POLL_SECONDS)))
        woken = self.event.is_set()
        self.event.clear()
        return woken

    def close(self) -> None:
        self._ears.discard(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Signal:
    """This process alone: the base of both kinds, which only add how a wake leaves and enters the process."""

    def __init__(self) -> None:
        self._ears: set[Ear] = set()

    def ear(self, *topics: Topic) -> Ear:
        """A new ear for these topics; close it (it is a context manager) when its loop ends."""
        return Ear(self._ears, frozenset(topics))

    def hear(self, topics: Iterable[str]) -> None:
        """Wake this process's ears; topics nobody knows (of a newer version) are passed over."""
        told = set(topics)
        for ear in self._ears:
            if not told.isdisjoint(ear.topics):
                ear.event.set()

    async def start(self) -> None:
        """Begin to hear the other processes."""

    def wake(self, topics: Iterable[Topic]) -> None:
        """After a commit: tell this process and, where the database does not do it, the others."""
        self.hear(topics)

    async def close(self) -> None:
        """Hear nothing any more."""


class DatagramSignal(Signal):
    """Datagram sockets in a folder beside the SQLite file."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.name = f"{os.getpid()}-{next(_sequence)}"
        self._receiver: socket.socket | None = None
        self._sender: socket.socket | None = None
        self._folder_fd = -1

    def _address(self, name: str) -> str:
        """A Unix socket's path may have 107 octets and a database's folder more, so name it through its descriptor."""
        return f"/proc/self/fd/{self._folder_fd}/{name}" if sys.platform == "linux" else str(self.folder / name)

    async def start(self) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._folder_fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        (self.folder / self.name).unlink(missing_ok=True)
        self._receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._receiver.setblocking(False)
        self._receiver.bind(self._address(self.name))
        self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sender.setblocking(False)
        asyncio.get_running_loop().add_reader(self._receiver.fileno(), self._readable)

    def _readable(self) -> None:
        assert self._receiver is not None
        with contextlib.suppress(BlockingIOError):
            while True:
                self.hear(self._receiver.recv(256).decode("ascii", "replace").split())

    def wake(self, topics: Iterable[Topic]) -> None:
        topics = list(topics)
        super().wake(topics)
        if self._sender is None:
            return
        word = " ".join(topics).encode("ascii")
        for other in os.listdir(self._folder_fd):
            if other == self.name:
                continue
            try:
                self._sender.sendto(word, self._address(other))
            except ConnectionRefusedError:
                (self.folder / other).unlink(missing_ok=True)  # its process is gone
            except OSError:
                continue  # full (it has wakes enough already) or unlinked this moment

    async def close(self) -> None:
        if self._receiver is not None:
            asyncio.get_running_loop().remove_reader(self._receiver.fileno())
            self._receiver.close()
            (self.folder / self.name).unlink(missing_ok=True)
        if self._sender is not None:
            self._sender.close()
        if self._folder_fd >= 0:
            os.close(self._folder_fd)
        self._receiver, self._sender, self._folder_fd = None, None, -1


class NotifySignal(Signal):
    """LISTEN on a connection of its own; the NOTIFY is the writer's, in its transaction."""

    def __init__(self, conninfo: str) -> None:
        super().__init__()
        self._conninfo = conninfo
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        listening = asyncio.Event()
        self._task = asyncio.create_task(self._listen(listening))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(listening.wait(), POLL_SECONDS)

    async def _listen(self, listening: asyncio.Event) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    listening.set()
                    self.hear(list(Topic))  # whatever was missed while there was no connection
                    async for notification in connection.notifies():
                        self.hear(notification.payload.split())
            except psycopg.Error as error:
                log.warning("signal.lost", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
