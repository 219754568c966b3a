"""Scripted next hops that end with the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import uvloop

from tests.mailbridge.deliver.scripted import Saying, ScriptedHop

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
ON_BOTH_LOOPS = {"test_client", "test_tls", "test_pool"}
HopMaker = Callable[..., Awaitable[ScriptedHop]]


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Transports differ between the two event loops in when they write, pause and say that they are closed."""
    return LOOPS if item.path.stem in ON_BOTH_LOOPS else {"asyncio": LOOPS["asyncio"]}


@pytest.fixture
async def hop() -> AsyncIterator[HopMaker]:
    """`await hop({...})`: a started ScriptedHop."""
    started: list[ScriptedHop] = []

    async def make(
        says: dict[str, Saying | list[Saying]] | None = None, *, pieces: int = 0, implicit: bool = False
    ) -> ScriptedHop:
        server = ScriptedHop(says, pieces=pieces)
        started.append(server)
        return await server.start(implicit=implicit)

    yield make
    for server in started:
        await server.stop()
