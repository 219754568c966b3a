"""The live change stream: server-sent events that say what changed, never what it is now."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from bot.sandbox.changes import Changes

KEEPALIVE = 15.0


class ChangeStream:
    """`GET /pocket/changes?since=N`. Slow readers get fewer, newer events, never a backlog."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._closing = asyncio.Event()

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closing.set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One stream, until its reader goes or the sandbox stops."""
        since = request.query.get("since", "0")
        version = int(since) if since.isdecimal() else 0
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await stream.prepare(request)
        closing = asyncio.create_task(self._closing.wait())
        try:
            # The first event comes at once, so that a reader knows that nothing after it is missed.
            now = self._changes.version
            await self._say(stream, now, [])
            version = version or now
            while not closing.done():
                news = asyncio.create_task(self._changes.after(version))
                await asyncio.wait({news, closing}, timeout=KEEPALIVE, return_when=asyncio.FIRST_COMPLETED)
                if news.done():
                    version, topics = news.result()
                    await self._say(stream, version, topics)
                else:
                    news.cancel()
                    await stream.write(b": still here\n\n")
        except ConnectionError:
            return stream
        finally:
            closing.cancel()
        return stream

    @staticmethod
    async def _say(stream: web.StreamResponse, version: int, topics: list[str]) -> None:
        await stream.write(f"data: {json.dumps({'version': version, 'topics': topics})}\n\n".encode())
