"""Signers: a few processes that sign, kept running, fed in batches.

Processes, because a thread that signs beside a busy event loop gets a twentieth of its turns (3,497 signatures a
second alone, 178 beside one). Programs of their own, not forks: this process has threads. The keys go in by a pipe, not
by arguments or environment, which other programs can read.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from mailbridge.deliver.signer import COUNT, JOB, LENGTH, SIGNATURE

log = structlog.get_logger()

BATCH = (
    25  # jobs: some 6 ms of RSA, against which the way there and back is little; and copies go while others are signed
)
MOST_PROCESSES = 4
RESTART_SECONDS = 0.5
FAREWELL_SECONDS = 5.0

Job = tuple[int, bytes]  # the number of a key, and a SHA-256 digest
Done = Callable[[Sequence[bytes]], None]


@dataclass(frozen=True, slots=True)
class Batch:
    """Jobs for one process, and who gets their signatures."""

    jobs: Sequence[Job]
    done: Done


class Signers:
    """Signs with `pems` (private keys in PEM, known to be good) in as many processes as there are processors.

    A batch is signed whatever happens to the process that had it: another gets it, and one that ended is started anew.
    """

    def __init__(self, pems: Sequence[bytes], processes: int | None = None) -> None:
        self._keys = json.dumps([pem.decode("ascii") for pem in pems]).encode("ascii") + b"\n"
        self._count = processes or min(_processors(), MOST_PROCESSES)
        self._batches: asyncio.Queue[Batch] = asyncio.Queue()
        self._keepers: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start the processes; what is signed before they are there waits."""
        self._keepers = [asyncio.create_task(self._kept()) for _ in range(self._count)]

    async def stop(self) -> None:
        """End the processes. What waits is never signed."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    def share(self, jobs: int) -> int:
        """How many of so many jobs a batch should have, for all processes to have work."""
        return max(1, min(BATCH, -(-jobs // self._count)))

    def sign(self, jobs: Sequence[Job], done: Done) -> None:
        """Sign one batch; `done` gets the signatures, in the order of `jobs`, from the event loop."""
        self._batches.put_nowait(Batch(jobs, done))

    async def _kept(self) -> None:
        while True:
            try:
                await self._one_life()
            except OSError as error:
                log.error("signer.failed", error=str(error))  # noqa: TRY400 - a traceback tells no more
            await asyncio.sleep(RESTART_SECONDS)

    async def _one_life(self) -> None:
        # Of our environment only what importing needs: our secrets are not its business.
        environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "mailbridge.deliver.signer", stdin=PIPE, stdout=PIPE, env=environment
        )
        log.info("signer.started", pid=process.pid)
        assert process.stdin is not None
        process.stdin.write(self._keys)
        serving = asyncio.create_task(self._serving(process))
        ending = asyncio.create_task(process.wait())  # it may die with nothing to do
        try:
            await asyncio.wait((serving, ending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            serving.cancel()
            (why,) = await asyncio.gather(serving, return_exceptions=True)
            await _ended(process)
            await ending
        if not isinstance(why, OSError | asyncio.IncompleteReadError | asyncio.CancelledError):
            log.error("signer.broken", exc_info=why)
        log.error("signer.ended", pid=process.pid, code=process.returncode)

    async def _serving(self, process: Process) -> None:
        while True:
            await self._serve(process, await self._batches.get())

    async def _serve(self, process: Process, batch: Batch) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(COUNT.pack(len(batch.jobs)) + b"".join(JOB.pack(*job) for job in batch.jobs))
            await process.stdin.drain()
            (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
            signatures = _signatures(await process.stdout.readexactly(length))
        except BaseException:
            self._batches.put_nowait(batch)
            raise
        batch.done(signatures)


def _signatures(octets: bytes) -> list[bytes]:
    found: list[bytes] = []
    at = 0
    while at < len(octets):
        (length,) = SIGNATURE.unpack_from(octets, at)
        at += SIGNATURE.size
        found.append(octets[at : at + length])
        at += length
    return found


async def _ended(process: Process) -> None:
    """The end of its input ends it; what hangs all the same is killed."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(FAREWELL_SECONDS):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _processors() -> int:
    """How many this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
