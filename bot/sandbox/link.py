"""The driver's line to a sandbox: requests of its JSON API, its change stream, and waiting on that."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Self

import aiohttp

Json = dict[str, Any]
NO_TIMEOUT = aiohttp.ClientTimeout(total=None)


class PocketError(Exception):
    """The sandbox would not do it: the person could not have done this in Slack, or there is no such thing."""


class Link:
    """One sandbox over HTTP. Use it as an async context manager."""

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120))
        return self

    async def __aexit__(self, *details: object) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """The HTTP session, while open."""
        if self._session is None:
            raise PocketError("this driver is not open")
        return self._session

    async def get(self, path: str, **query: str) -> Json:
        """GET /pocket/`path`; PocketError on refusal."""
        async with self.session.get(f"{self.base}/pocket/{path}", params=query) as answer:
            return await body_of(answer)

    async def post(self, path: str, **fields: Any) -> Json:
        """POST /pocket/`path` with the fields that are not None; PocketError on refusal."""
        body = {name: value for name, value in fields.items() if value is not None}
        async with self.session.post(f"{self.base}/pocket/{path}", json=body) as answer:
            return await body_of(answer)

    async def changes(self) -> AsyncGenerator[tuple[int, list[str]]]:
        """The live stream: (version, topics). The first comes at once."""
        async with self.session.get(f"{self.base}/pocket/changes", timeout=NO_TIMEOUT) as answer:
            async for line in answer.content:
                if line.startswith(b"data: "):
                    change = json.loads(line[6:])
                    yield change["version"], change["topics"]

    async def wait_for(
        self,
        predicate: Callable[[], Awaitable[Any] | Any],
        timeout: float = 10.0,  # noqa: ASYNC109 - a deadline is its purpose
        what: str = "",
    ) -> Any:
        """Ask `predicate` (plain or async) now and after each change, until it gives something true; that thing.

        PocketError naming `what` after `timeout` seconds.
        """
        try:
            async with asyncio.timeout(timeout), aclosing(self.changes()) as changes:
                async for _ in changes:
                    found = predicate()
                    if inspect.isawaitable(found):
                        found = await found
                    if found:
                        return found
        except TimeoutError as error:
            raise PocketError(f"not within {timeout} s: {what or 'what was waited for'}") from error
        raise PocketError(f"the sandbox went away while waiting for {what or 'a change'}")


async def body_of(answer: aiohttp.ClientResponse) -> Json:
    body: Json = await answer.json(content_type=None) if answer.content_type == "application/json" else {}
    if answer.status != 200:
        raise PocketError(str(body.get("error") or f"HTTP {answer.status}"))
    return body
