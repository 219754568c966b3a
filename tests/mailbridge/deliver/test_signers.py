"""Real signer processes: they sign what is asked, outlive their own deaths, and keep the keys to themselves."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import structlog

from mailbridge.deliver.signers import BATCH, Job, Signers
from mailbridge.rewrite.keys import Algorithm
from tests.mailbridge.rewrite.oracle import key

PEMS = [key(algorithm).pem() for algorithm in Algorithm]
PATIENCE = 60.0


def jobs(count: int, *, since: int = 0) -> list[Job]:
    """Digests for both keys in turn."""
    numbers = range(since, since + count)
    return [(number % 2, hashlib.sha256(str(number).encode()).digest()) for number in numbers]


def wanted(batch: Sequence[Job]) -> list[bytes]:
    """Both algorithms are deterministic."""
    return [key(list(Algorithm)[number]).sign(digest) for number, digest in batch]


class Desk:
    """Signers, and what they gave back."""

    def __init__(self, processes: int) -> None:
        self.signers = Signers(PEMS, processes)
        self.events: list[dict[str, object]] = []

    def sign(self, batch: list[Job]) -> asyncio.Future[Sequence[bytes]]:
        future: asyncio.Future[Sequence[bytes]] = asyncio.get_running_loop().create_future()
        self.signers.sign(batch, future.set_result)
        return future

    def pids(self) -> list[int]:
        return [int(str(event["pid"])) for event in self.events if event["event"] == "signer.started"]

    async def started(self, count: int) -> list[int]:
        """The processes, once so many have been started."""
        async with asyncio.timeout(PATIENCE):
            while len(self.pids()) < count:
                await asyncio.sleep(0.01)
        return self.pids()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """Two processes."""
    made = Desk(2)
    with structlog.testing.capture_logs() as made.events:  # type: ignore[assignment]  # its dictionaries can change
        made.signers.start()
        yield made
        await made.signers.stop()


async def test_every_batch_comes_back_in_its_order(desk: Desk) -> None:
    batches = [jobs(count, since=100 * count) for count in (1, 2, BATCH, 7, 150)]
    async with asyncio.timeout(PATIENCE):
        signed = await asyncio.gather(*(desk.sign(batch) for batch in batches))
    assert signed == [wanted(batch) for batch in batches]


async def test_what_a_killed_process_had_is_signed_by_another(desk: Desk) -> None:
    first = await desk.started(2)
    batches = [jobs(BATCH, since=1_000 * number) for number in range(20)]
    futures = [desk.sign(batch) for batch in batches]
    async with asyncio.timeout(PATIENCE):
        await futures[0]
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        signed = await asyncio.gather(*futures)
    assert signed == [wanted(batch) for batch in batches]
    assert len([event for event in desk.events if event["event"] == "signer.ended"]) == 2
    assert set(await desk.started(4)) > set(first)


async def test_a_stop_signal_to_the_group_leaves_the_last_copies_their_signatures(desk: Desk) -> None:
    pids = await desk.started(2)
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(desk.sign(jobs(1)) for _ in pids))  # so that both are past their start
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
            os.kill(pid, signal.SIGINT)
        assert await desk.sign(jobs(5)) == wanted(jobs(5))
    assert desk.pids() == pids


async def test_none_is_left_behind(desk: Desk) -> None:
    pids = await desk.started(2)
    await desk.sign(jobs(1))
    await desk.signers.stop()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert [event["event"] for event in desk.events].count("signer.ended") == 0


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="this system shows no process's environment")
async def test_keys_and_our_secrets_are_in_no_argument_environment_or_log(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTROOM_SECRET", "correct-horse-battery-staple")
    (pid, *_) = await desk.started(2)
    os.kill(pid, signal.SIGKILL)
    pid = (await desk.started(3))[-1]
    await asyncio.gather(*(desk.sign(jobs(BATCH)) for _ in range(4)))
    shown = b"".join(Path(f"/proc/{pid}/{name}").read_bytes() for name in ("environ", "cmdline"))
    assert b"mailbridge.deliver.signer" in shown
    for secret in (b"PRIVATE", PEMS[0].splitlines()[1], b"battery"):
        assert secret not in shown
        assert secret.decode() not in str(desk.events)


def test_a_few_jobs_are_shared_and_many_are_cut() -> None:
    signers = Signers(PEMS, 2)
    assert [signers.share(count) for count in (0, 1, 2, 3, 40, 1_000)] == [1, 1, 1, 2, 20, BATCH]
