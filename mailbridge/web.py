"""The bridge's web listener: one-click unsubscribe (RFC 8058), confirmations, health and metrics."""

from __future__ import annotations

import asyncio
import socket
import tomllib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from mailbridge import pages, webserver
from mailbridge.doors import Door
from mailbridge.tokens import Tokens
from store import joining, languages, memberships, vitals
from store.engine import Database
from store.joining import Confirmed
from store.locks import DatabaseBusy
from store.terms import Actor, Refused
from store.texts import FALLBACK

log = structlog.get_logger(__name__)

VERSION: Final[str] = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"][
    "version"
]
_BODY_OCTETS: Final = 8_192
_BODY_SECONDS: Final = 10.0
_CONNECTION_SECONDS: Final = 20.0
_DATABASE_SECONDS: Final = 2.0
_GRACE_SECONDS: Final = 5
_CONCURRENT: Final = 200
_ONE_CLICK = Actor("mail")


class WebRefused(Exception):  # noqa: N818 - said to the person who starts the program
    """The web listener cannot be opened. The text is one line that says which door and why."""


class Web:
    """The web listener of one process; `start` opens its doors in the running loop, `stop` closes them."""

    def __init__(
        self,
        database: Database,
        tokens: Tokens,
        doors: Sequence[Door],
        *,
        by_domain: bool = False,
        connection_seconds: float = _CONNECTION_SECONDS,
    ) -> None:
        """`by_domain`: the letters this causes go straight to MX hosts."""
        self._by_domain = by_domain
        self._connection_seconds = connection_seconds
        self._database = database
        self._tokens = tokens
        self._doors = doors
        self._server: webserver.Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self.ports: tuple[int, ...] = ()  # the TCP ports taken, for doors that leave the choice to the system
        self.app = Starlette(
            routes=[
                Route("/leave/{token}", self._ask, methods=["GET"]),
                Route("/leave/{token}", self._leave, methods=["POST"]),
                Route("/confirm/{token}", self._ask_confirmation, methods=["GET"]),
                Route("/confirm/{token}", self._confirm, methods=["POST"]),
                Route("/health", self._health, methods=["GET"]),
                Route("/metrics", self._metrics, methods=["GET"]),
            ],
            exception_handlers={HTTPException: _missing, Exception: _trouble},
        )
        self.app.router.redirect_slashes = False  # a one-click POST must not be redirected (RFC 8058 3.1)

    async def start(self) -> None:
        """Listen on every door. Raises WebRefused if one cannot be opened; then none is."""
        sockets: list[socket.socket] = []
        try:
            for door in self._doors:
                sockets.append(webserver.opened(door))
        except OSError as error:
            for opened in sockets:
                opened.close()
            raise WebRefused(f"POSTROOM_WEB_LISTEN: {door} cannot be listened on: {error.strerror or error}") from None
        self.ports = tuple(s.getsockname()[1] for s in sockets if s.family != socket.AF_UNIX)
        # No access log: its lines would hold the tokens.
        config = uvicorn.Config(
            self.app,
            http=webserver.connection(self._connection_seconds),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            limit_concurrency=_CONCURRENT,
        )
        self._server = webserver.Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets), name="web")
        await asyncio.wait(
            {self._serving, ready := asyncio.ensure_future(self._server.ready.wait())}, return_when="FIRST_COMPLETED"
        )
        ready.cancel()
        if self._serving.done():
            await self._serving

    async def stop(self) -> None:
        """Let running answers end, for some seconds, and close every door."""
        if self._server is None or self._serving is None:
            return
        self._server.should_exit = True
        await self._serving
        self._server = self._serving = None
        for path in (door.path for door in self._doors if door.path):
            webserver.gone(path)

    async def _ask(self, request: Request) -> Response:
        """GET changes nothing: link scanners and mail programs' previews follow every link."""
        return _page(request, "leave", await self._other(request), form="leave", other="web.leave.other")

    async def _leave(self, request: Request) -> Response:
        refused = await _unsaid(request, "leave", "again")
        if refused is not None:
            return refused
        membership_id = self._tokens.read_leave(request.path_params["token"])
        if membership_id is not None:
            try:
                await self._stop(membership_id)
            except DatabaseBusy:
                return _page(request, "trouble", code=503)
        # The same for a forged token, for whoever left before, and for a second click.
        return _page(request, "left", await self._other(request), other="web.left.other")

    async def _stop(self, membership_id: int) -> None:
        try:
            async with self._database.writing() as tx:
                await memberships.stop(tx, membership_id, _ONE_CLICK)
        except Refused as refusal:
            log.info("one_click.refused", membership=membership_id, reason=refusal.name)
            return
        log.info("one_click.taken", membership=membership_id)

    async def _ask_confirmation(self, request: Request) -> Response:
        """As `_ask`: who only looks has not confirmed, and a scanner must not join for anybody."""
        return _page(request, "confirm", await self._other(request), form="confirm", other="web.confirm.other")

    async def _confirm(self, request: Request) -> Response:
        refused = await _unsaid(request, "confirm", "unsaid")
        if refused is not None:
            return refused
        # A forged token costs the same look as one that was used.
        request_id = self._tokens.read_confirm(request.path_params["token"]) or 0
        try:
            async with self._database.writing() as tx:
                outcome, _ = await joining.confirm(tx, request_id, by_domain=self._by_domain)
        except DatabaseBusy:
            return _page(request, "trouble", code=503)
        log.info("join.confirmed", request=request_id, outcome=outcome)
        code = 404 if outcome is Confirmed.GONE else 200
        return _page(request, f"confirmed_{outcome}", await self._other(request), code=code)

    async def _other(self, request: Request) -> str:
        """The group's language, for whoever does not say one of ours: only who has a true token learns as much."""
        if pages.language(request.headers.get("accept-language", "")):
            return FALLBACK
        token = request.path_params["token"]
        try:
            async with asyncio.timeout(_DATABASE_SECONDS), self._database.reading() as tx:
                if request.url.path.startswith("/leave/"):
                    row = self._tokens.read_leave(token)
                    found = None if row is None else await languages.of_membership(tx, row)
                else:
                    row = self._tokens.read_confirm(token)
                    found = None if row is None else await languages.of_request(tx, row)
        except Exception as error:  # noqa: BLE001 - a page in English is better than none
            log.warning("database.unreachable", error=type(error).__name__)
            return FALLBACK
        return str(found or FALLBACK)

    async def _health(self, _request: Request) -> Response:
        """200 if the database answers, else 503. Counts only, no names: a proxy may show this to anybody."""
        found = await self._vitals()
        if found is None:
            return JSONResponse({"database": "unreachable", "version": VERSION}, 503, _BARE)
        return JSONResponse({"database": "reachable", "version": VERSION, **asdict(found)}, headers=_BARE)

    async def _metrics(self, _request: Request) -> Response:
        """What Prometheus scrapes: our vitals, then the process's own."""
        registry = CollectorRegistry()
        found = await self._vitals()
        Gauge("postroom_up", "1 if the database answers", registry=registry).set(found is not None)
        for name, value in asdict(found).items() if found else ():
            Gauge(f"postroom_{name}", f"see Vitals.{name}", registry=registry).set(value)
        return Response(generate_latest(registry) + generate_latest(), media_type=CONTENT_TYPE_LATEST, headers=_BARE)

    async def _vitals(self) -> vitals.Vitals | None:
        try:
            async with asyncio.timeout(_DATABASE_SECONDS), self._database.reading() as tx:
                return await vitals.read(tx)
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is that the database does not answer
            log.warning("database.unreachable", error=type(error).__name__)
            return None


_BARE: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


async def _body(request: Request) -> bytes | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_OCTETS:
            return None
    return body


async def _unsaid(request: Request, form: str, again: str) -> Response | None:
    """The page for a POST that does not say what the form does; None where it does."""
    try:
        body = await asyncio.wait_for(_body(request), _BODY_SECONDS)
    except TimeoutError:
        return _page(request, "trouble", code=408)
    if body is None:
        return _page(request, "too_large", code=413)
    if not pages.says(form, request.headers.get("content-type", ""), body):
        return _page(request, again, code=400, form=form, other=f"web.{form}.other")
    return None


def _page(
    request: Request, name: str, unasked: str = FALLBACK, *, code: int = 200, form: str = "", other: str = ""
) -> HTMLResponse:
    """`unasked` is the language for whoever asks for none of ours."""
    language = pages.language(request.headers.get("accept-language", "")) or unasked
    html = pages.page(language, name, form=form, other=other)
    return HTMLResponse(html, code, {**pages.HEADERS, "Content-Language": language, "Vary": "Accept-Language"})


async def _missing(request: Request, error: Exception) -> Response:
    code = error.status_code if isinstance(error, HTTPException) else 404
    response = _page(request, "missing", code=code)
    response.headers.update((error.headers or {}) if isinstance(error, HTTPException) else {})
    return response


async def _trouble(request: Request, error: Exception) -> Response:
    log.error("web.failed", error=type(error).__name__)
    return _page(request, "trouble", code=500)
