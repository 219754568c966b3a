"""HTTP mode: Slack's signed requests at /slack/events, and /healthz."""

from __future__ import annotations

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp

LARGEST = 2 * 2**20  # a view of 250 kB comes back with its state, form-encoded
PATH = "/slack/events"


class Endpoint:
    """A small web server; `start` raises OSError where the port is taken."""

    def __init__(self, app: AsyncApp, host: str, port: int) -> None:
        self._app = app
        self._host, self._port = host, port
        server = web.Application(client_max_size=LARGEST)
        server.router.add_post(PATH, self._serve)
        server.router.add_get("/healthz", self._healthy)
        self._runner = web.AppRunner(server, access_log=None)

    async def start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def close(self) -> None:
        """Take nothing more; requests being answered are finished."""
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        # The verifier takes the timestamp for a number, and fails on one that is none.
        if not request.headers.get("X-Slack-Request-Timestamp", "").isdecimal():
            return web.json_response({"error": "invalid request"}, status=401)
        try:
            bolt_request = await to_bolt_request(request)
        except (UnicodeDecodeError, ValueError, LookupError):
            return web.json_response({"error": "invalid request"}, status=400)
        return await to_aiohttp_response(await self._app.async_dispatch(bolt_request))

    async def _healthy(self, request: web.Request) -> web.Response:
        return web.json_response({"ok": True})
