"""The composition: workspace, Web API, sockets, mail room and page in one server on loopback."""

from __future__ import annotations

import errno
from dataclasses import asdict
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bot.sandbox import strings
from bot.sandbox.changes import Changes
from bot.sandbox.changestream import ChangeStream
from bot.sandbox.channels import Channel
from bot.sandbox.checklist import Checklist
from bot.sandbox.client import Client
from bot.sandbox.clock import Clock
from bot.sandbox.control import Control, MailControl, WorkspaceControl
from bot.sandbox.delivery import Carrier, Delivery, HttpCarrier, SocketCarrier
from bot.sandbox.faults import Faults
from bot.sandbox.files import FileDoors
from bot.sandbox.guard import guard
from bot.sandbox.life import Life
from bot.sandbox.mailapi import MailApi
from bot.sandbox.mailroom import Mailboxes, Sink
from bot.sandbox.names import Names
from bot.sandbox.people import BOT_USER, MAIL_DOMAIN, TEAM_NAME, People, Person, built_in_people
from bot.sandbox.pocket import Pocket
from bot.sandbox.ratelimit import Limiter
from bot.sandbox.responses import ResponseUrls
from bot.sandbox.settings import Listen, Settings, StartRefusedError
from bot.sandbox.socket import SocketHub
from bot.sandbox.webapi import WebApi
from bot.sandbox.workspace import Workspace

Json = dict[str, Any]
PAGE = Path(__file__).parent / "page"
BODY_LIMIT = 300 * 1_048_576


class Sandbox:
    """A pocket Slack workspace and mail room. Build it, `start()` it, `stop()` it."""

    def __init__(
        self,
        settings: Settings,
        *,
        people: list[Person] | None = None,
        channels: list[Channel] | None = None,
        page: Path = PAGE,
    ) -> None:
        self.settings = settings
        self._page = page
        self.clock = Clock()
        self.changes = Changes()
        self.boxes = Mailboxes(self.changes, self.clock)
        self.workspace: Workspace | None = None
        self.base = f"http://{settings.listen}"
        self._staff = people if people is not None else built_in_people()
        self._channels = channels
        self._people = People(self._staff)
        self._mail_faults = Faults()
        self._sink = Sink(self.boxes, self._mail_faults)
        self._names = Names()
        self._stream = ChangeStream(self.changes)
        self._hub: SocketHub | None = None
        self._api: WebApi | None = None
        self._delivery: Delivery | None = None
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self.sink_at = settings.sink
        self.names_at = settings.names

    async def start(self) -> str:
        """Listen on every door; the page's URL. StartRefusedError when an address is taken."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        try:
            self.sink_at = await _listening(self.settings.sink, self._sink.start(self.settings.sink))
            if self.settings.names is not None:
                self.names_at = await _listening(self.settings.names, self._names.start(self.settings.names))
            self._runner = web.AppRunner(self._application(self._session), shutdown_timeout=1.0, access_log=None)
            await self._runner.setup()
            listen = self.settings.listen
            site = web.TCPSite(self._runner, listen.host, listen.port)
            await _listening(listen, site.start())
        except BaseException:
            await self.stop()
            raise
        port = self._runner.addresses[0][1]
        self.base = f"http://{Listen(listen.host, port)}"
        return self.base

    async def stop(self) -> None:
        """Close every door and everything open behind it."""
        self._stream.close()
        if self._api is not None:
            self._api.recover()
        if self._delivery is not None:
            await self._delivery.close()
        if self._hub is not None:
            await self._hub.close(None)
        if self._runner is not None:
            await self._runner.cleanup()
        await self._sink.stop()
        self._names.stop()
        if self._session is not None:
            await self._session.close()

    def _application(self, session: aiohttp.ClientSession) -> web.Application:
        app = web.Application(middlewares=[guard], client_max_size=BODY_LIMIT)
        parts: list[MailControl | WorkspaceControl] = [MailControl(self._mail_faults, self.boxes)]
        people = self._people
        if not self.settings.mailroom_only:
            self.workspace = Workspace(
                self.settings, self.clock, people=self._staff, channels=self._channels, changes=self.changes
            )
            people = self.workspace.people
            self._people = people
            parts.append(self._add_workspace(app, self.workspace, session))
        app.router.add_routes(Control(parts).routes())
        app.router.add_routes(MailApi(self.settings, people, self.boxes, self.clock, session).routes())
        app.router.add_get("/pocket/info", self._info)
        app.router.add_get("/pocket/words", self._words)
        app.router.add_get("/pocket/people", self._show_people)
        app.router.add_get("/pocket/changes", self._stream.serve)
        app.router.add_get("/", self._index)
        if self._page.is_dir():
            app.router.add_static("/", self._page)
        return app

    def _add_workspace(
        self, app: web.Application, workspace: Workspace, session: aiohttp.ClientSession
    ) -> WorkspaceControl:
        settings = self.settings
        faults = Faults()
        limiter = Limiter(self.clock, enabled=settings.tiers)
        hub = self._hub = SocketHub(ping_interval=settings.ping_interval)
        api = self._api = WebApi(workspace, hub, limiter, faults)
        carrier: Carrier = SocketCarrier(hub)
        if settings.request_url is not None:
            carrier = HttpCarrier(session, settings.request_url, settings.signing_secret, workspace)
        delivery = self._delivery = Delivery(workspace, carrier)
        client = Client(workspace, delivery, lambda: self.base)
        app.router.add_routes(Pocket(workspace, client, Life(workspace, delivery), delivery).routes())
        app.router.add_routes(Checklist(workspace, self.boxes, self.clock).routes())
        app.router.add_route("*", "/api/{method}", api.serve)
        app.router.add_get("/link", hub.serve)
        app.router.add_routes(FileDoors(workspace.files, faults, api.may_read_files).routes())
        app.router.add_post("/response/{secret}", ResponseUrls(workspace, faults).serve)
        return WorkspaceControl(workspace, api, hub, limiter, faults, self.clock)

    async def _info(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "workspace": self.workspace is not None,
                "mailroom": True,
                "team": TEAM_NAME,
                "bot": BOT_USER,
                "commands": list(self.settings.commands),
                "shortcuts": [asdict(shortcut) for shortcut in self.settings.shortcuts],
                "command": self.settings.commands[0],
                "domain": MAIL_DOMAIN,
            }
        )

    async def _words(self, request: web.Request) -> web.Response:
        words = dict(strings.LANGUAGES.get(request.query.get("language", ""), {}))
        return web.json_response({"words": words, "filled": list(strings.FILLED)})

    async def _show_people(self, request: web.Request) -> web.Response:
        teams = {group.id: group.handle for group in self._people.groups}
        return web.json_response({"people": [person.as_page() for person in self._people], "teams": teams})

    async def _index(self, request: web.Request) -> web.StreamResponse:
        index = self._page / "index.html"
        if not index.is_file():
            return web.Response(status=404, text="the page is not there")
        return web.FileResponse(index, headers={"Cache-Control": "no-cache"})


async def _listening(listen: Listen, start: Any) -> Any:
    try:
        return await start
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartRefusedError(f"{listen} is taken by another program") from error
        raise StartRefusedError(f"cannot listen on {listen}: {error.strerror or error}") from error
