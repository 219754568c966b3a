"""The fixture of whole stories: a town, once on each engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.sandbox.app import Sandbox
from bot.sandbox.driver import Pocket
from bot.sandbox.settings import DEFAULT_SCOPES, Listen, Settings
from store.engine import Database
from tests.flows.sink import CountingSink
from tests.flows.town import Town

HISTORY = {"channels:history", "groups:history", "im:history"}


@pytest.fixture
async def town(database_url: str, free_port: Callable[[], int], tmp_path: Path) -> AsyncIterator[Town]:
    """A place with everything but our programs, which the story starts. Slack's rate limits are off."""
    folder = tmp_path / "run"
    folder.mkdir()
    listen, room = Listen("127.0.0.1", free_port()), Listen("127.0.0.1", free_port())
    smtp = free_port()
    sandbox = Sandbox(
        Settings(
            listen=listen, sink=room, submit=Listen("127.0.0.1", smtp), scopes=DEFAULT_SCOPES | HISTORY, tiers=False
        )
    )
    await sandbox.start()
    sink = CountingSink()
    await sink.start()
    database = await Database.open(database_url)
    async with Pocket(sandbox.base) as pocket:
        opened = Town(folder, database_url, database, sandbox, pocket, sink, smtp, free_port())
        try:
            yield opened
        finally:
            await opened.close()
            await database.close()
            await sink.stop()
            await sandbox.stop()
