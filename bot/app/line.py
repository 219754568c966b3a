"""Socket Mode as the watchdog sees it: one handler with its own client session, thrown away whole."""

from __future__ import annotations

import logging
import time

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

PING_SECONDS = 10.0


class SocketLine:
    """Made inside the running loop; `connect` returns once Slack's socket is open."""

    def __init__(self, app: AsyncApp, app_token: str) -> None:
        # The client logs every failed attempt with its traceback; the watchdog says it in a line.
        quiet = logging.getLogger("bot.socket")
        quiet.setLevel(logging.CRITICAL)
        self._handler = AsyncSocketModeHandler(app, app_token, logger=quiet, ping_interval=PING_SECONDS)

    async def connect(self) -> None:
        await self._handler.client.connect()  # type: ignore[no-untyped-call]  # the SDK annotates no return

    async def close(self) -> None:
        await self._handler.client.close()  # type: ignore[no-untyped-call]  # the SDK annotates no return

    async def healthy(self) -> bool:
        client = self._handler.client
        # The client does not look at the session it reconnects with, and forgets its last pong when it reconnects.
        if client.aiohttp_client_session.closed or not await client.is_connected():
            return False
        heard = client.last_ping_pong_time
        return heard is None or time.time() - heard < 4 * PING_SECONDS  # noqa: TID251 - the client's own clock
