"""The real workspace as the acceptance sees it: the product's own way to Slack, and three calls only a check makes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError

from bot import refusals
from bot.faults import SlackFault
from bot.slack import Slack

HELLO_SECONDS = 10.0


class Workspace(Slack):
    """Slack, with the means to take back what a check left there. Every method raises a SlackFault and nothing else."""

    async def valid(self, **what: Mapping[str, Any] | list[dict[str, Any]]) -> None:
        """blocks.validate of `blocks` or `view`. Raises Denied with what is wrong, and where."""
        await self._write("blocks.validate", **what)

    async def forget(self, channel_id: str, ts: str) -> None:
        """Delete a message of ours."""
        await self._write("chat.delete", channel=channel_id, ts=ts)

    async def forget_file(self, file_id: str) -> None:
        """Delete a file of ours, and with it the message that is nothing else."""
        await self._write("files.delete", file=file_id)

    async def _write(self, method: str, **arguments: Any) -> None:
        try:
            await self.client.api_call(method, json=arguments)
        except SlackApiError as error:
            raise refusals.refused(error.response, method) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise refusals.silent(error, method) from error

    @asynccontextmanager
    async def line(self, app_token: str) -> AsyncIterator[int]:
        """A socket of the app for a moment: how many are open, this one included, as Slack's hello says."""
        address = await self.socket_address(app_token)
        try:
            async with self._session.ws_connect(address) as socket:
                said = await socket.receive_json(timeout=HELLO_SECONDS)
                yield int(said.get("num_connections") or 1)
        except (aiohttp.ClientError, TimeoutError, TypeError, ValueError) as error:
            raise SlackFault(f"Slack's socket did not open: {type(error).__name__}") from error
