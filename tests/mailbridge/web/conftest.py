"""A web listener over each engine, and a client that keeps no cookies."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from mailbridge.doors import Door
from mailbridge.tokens import Tokens
from mailbridge.web import Web
from store.engine import Database

TOKENS = Tokens([b"a secret of the web's tests"])
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
async def web(database: Database) -> AsyncIterator[Web]:
    listener = Web(database, TOKENS, [Door("127.0.0.1", 0)])
    await listener.start()
    yield listener
    await listener.stop()


@pytest.fixture
async def browser(web: Web) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(
        f"http://127.0.0.1:{web.ports[0]}", cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        yield session
