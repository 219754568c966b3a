"""The fixture of whole stories: a town, once on each engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.app.endpoint import PATH
from bot.sandbox.app import Sandbox
from bot.sandbox.driver import Pocket
from bot.sandbox.settings import DEFAULT_SCOPES, Listen, Settings
from store.engine import Database
from tests.flows.sink import CountingSink
from tests.flows.town import FRONT, SIGNING, Town

HISTORY = {"channels:history", "groups:history", "im:history"}


@asynccontextmanager
async def opened(url: str, free_port: Callable[[], int], folder: Path, *, http: bool = False) -> AsyncIterator[Town]:
    """A place with everything but our programs, which the story starts. Slack's rate limits are off.

    With `http` Slack posts what people do to the bot, instead of saying it over a socket.
    """
    folder.mkdir()
    port = free_port() if http else None
    smtp = free_port()
    sandbox = Sandbox(
        Settings(
            listen=Listen("127.0.0.1", free_port()),
            sink=Listen("127.0.0.1", free_port()),
            submit=Listen("127.0.0.1", smtp),
            authserv_id=FRONT,
            request_url=f"http://127.0.0.1:{port}{PATH}" if port else None,
            signing_secret=SIGNING,
            names=Listen("127.0.0.1", 0),
            scopes=DEFAULT_SCOPES | HISTORY,
            tiers=False,
        )
    )
    await sandbox.start()
    sink = CountingSink()
    await sink.start()
    database = await Database.open(url)
    async with Pocket(sandbox.base) as pocket:
        town = Town(folder, url, database, sandbox, pocket, sink, smtp, free_port(), str(sandbox.names_at), http=port)
        try:
            yield town
        finally:
            await town.close()
            await database.close()
            await sink.stop()
            await sandbox.stop()


@pytest.fixture
async def town(database_url: str, free_port: Callable[[], int], tmp_path: Path) -> AsyncIterator[Town]:
    """The place of a story, on each engine, in Socket Mode."""
    async with opened(database_url, free_port, tmp_path / "run") as town:
        yield town


@pytest.fixture(params=["socket", "http"])
async def either_town(
    request: pytest.FixtureRequest, database_url: str, free_port: Callable[[], int], tmp_path: Path
) -> AsyncIterator[Town]:
    """The place of a story, on each engine, in either mode of hearing Slack."""
    async with opened(database_url, free_port, tmp_path / "run", http=request.param == "http") as town:
        yield town
