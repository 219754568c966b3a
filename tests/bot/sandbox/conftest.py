"""A sandbox on free loopback ports, a driver for it, and real Bolt apps that talk to it."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.app import Sandbox
from bot.sandbox.driver import Pocket
from bot.sandbox.people import BOT, BOT_USER, TEAM, Person
from bot.sandbox.settings import Listen, Settings

FREE = Listen("127.0.0.1", 0)
FAST = Settings(listen=FREE, sink=FREE, ack_deadline=0.5, event_retries=(0.0, 0.05, 0.05), tiers=False)


class Rig:
    """A running sandbox with its driver; `bolt` connects a real Bolt app to it."""

    def __init__(self, sandbox: Sandbox, pocket: Pocket, stack: AsyncExitStack) -> None:
        self.sandbox = sandbox
        self.pocket = pocket
        self._stack = stack
        self.session: aiohttp.ClientSession
        self.client: AsyncWebClient

    async def open(self) -> None:
        self.session = await self._stack.enter_async_context(aiohttp.ClientSession())
        self.client = self.web_client()

    def web_client(self, token: str | None = None) -> AsyncWebClient:
        return AsyncWebClient(
            token=token or self.sandbox.settings.bot_token,
            base_url=f"{self.sandbox.base}/api/",
            session=self.session,
            retry_handlers=[],
        )

    def app(self) -> AsyncApp:
        async def authorize(**_: Any) -> AuthorizeResult:
            token = self.sandbox.settings.bot_token
            return AuthorizeResult(enterprise_id=None, team_id=TEAM, bot_token=token, bot_id=BOT, bot_user_id=BOT_USER)

        return AsyncApp(client=self.client, authorize=authorize, signing_secret=self.sandbox.settings.signing_secret)

    async def bolt(self, app: AsyncApp) -> AsyncSocketModeHandler:
        """Connect an app by Socket Mode; it is closed with the rig."""
        handler = AsyncSocketModeHandler(
            app,
            self.sandbox.settings.app_token,
            web_client=self.web_client(self.sandbox.settings.app_token),
        )
        await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
        self._stack.push_async_callback(handler.close_async)
        return handler

    async def acknowledged(self) -> None:
        """Wait until the app acknowledged something."""

        async def look() -> bool:
            return any(d["outcome"] == "acknowledged" for d in (await self.pocket.get("deliveries"))["deliveries"])

        await self.pocket.wait_for(look, what="an acknowledgement")


Start = Callable[..., Awaitable[Rig]]


@asynccontextmanager
async def running(settings: Settings, people: list[Person] | None = None) -> AsyncIterator[Rig]:
    async with AsyncExitStack() as stack:
        sandbox = Sandbox(settings, people=people)
        await sandbox.start()
        stack.push_async_callback(sandbox.stop)
        pocket = await stack.enter_async_context(Pocket(sandbox.base))
        rig = Rig(sandbox, pocket, stack)
        await rig.open()
        yield rig


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start a sandbox with other settings or people than usual."""
    async with AsyncExitStack() as stack:

        async def go(people: list[Person] | None = None, **changes: Any) -> Rig:
            return await stack.enter_async_context(running(dataclasses.replace(FAST, **changes), people))

        yield go


@pytest.fixture
async def rig(start: Start) -> Rig:
    """The usual sandbox: short deadlines, no rate tiers."""
    return await start()
