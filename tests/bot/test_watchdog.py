"""The watch over Socket Mode: silence is noticed, the line rebuilt, and a broken process ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.watchdog import LineLost, Watchdog
from tests.bot.conftest import Office


class Wire:
    """A line as a test wants it."""

    def __init__(self, *, connects: bool = True) -> None:
        self.connects = connects
        self.alive = False
        self.closed = False

    async def connect(self) -> None:
        if not self.connects:
            raise ConnectionError("no")
        self.alive = True

    async def close(self) -> None:
        self.closed = True

    async def healthy(self) -> bool:
        return self.alive


def answering(*answers: bool) -> Callable[[], Awaitable[bool]]:
    """Slack's being reachable: these answers, then the last one for ever."""
    left = list(answers)

    async def reachable() -> bool:
        return left.pop(0) if len(left) > 1 else left[0]

    return reachable


async def test_a_line_that_dies_in_silence_is_rebuilt_whole() -> None:
    wires = [Wire(), Wire()]
    made: list[Wire] = []

    def build() -> Wire:
        made.append(wires[len(made)])
        return made[-1]

    watchdog = Watchdog(build, answering(True), check=0.01, grace=0.03)
    task = asyncio.create_task(watchdog.run())
    await asyncio.wait_for(watchdog.connected.wait(), 5)
    wires[0].alive = False
    async with asyncio.timeout(5):
        while len(made) < 2 or not wires[1].alive:
            await asyncio.sleep(0.005)
    assert wires[0].closed
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert wires[1].closed


async def test_a_short_gap_is_not_the_end() -> None:
    wire = Wire()
    built = 0

    def build() -> Wire:
        nonlocal built
        built += 1
        return wire

    watchdog = Watchdog(build, answering(True), check=0.01, grace=0.2)
    task = asyncio.create_task(watchdog.run())
    await asyncio.wait_for(watchdog.connected.wait(), 5)
    wire.alive = False
    await asyncio.sleep(0.05)
    wire.alive = True
    await asyncio.sleep(0.3)
    task.cancel()
    assert built == 1


async def test_two_failures_while_slack_answers_end_the_process() -> None:
    watchdog = Watchdog(lambda: Wire(connects=False), answering(True))
    with pytest.raises(LineLost):
        await asyncio.wait_for(watchdog.run(), 10)


async def test_an_unreachable_slack_is_tried_for_ever() -> None:
    watchdog = Watchdog(Wire, answering(False, False, True))
    task = asyncio.create_task(watchdog.run())
    await asyncio.wait_for(watchdog.connected.wait(), 10)
    task.cancel()


async def test_a_cut_socket_comes_back(office: Office) -> None:
    await office.pocket.control(close_sockets="refresh_requested")
    async with asyncio.timeout(20):
        while True:
            answer = await office.pocket.command("ada", "#general", "/group help")
            if answer["ok"]:
                break
            await asyncio.sleep(0.1)
    await office.pocket.wait_message("ada", "#general", "/group create")
