"""The Web API's door: decoding, faults on order, tokens, scopes, rate tiers, then the method."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from bot.sandbox.call import Call, SlackError
from bot.sandbox.faults import Faults
from bot.sandbox.methods.table import METHODS, Method
from bot.sandbox.ratelimit import Limiter
from bot.sandbox.socket import SocketHub
from bot.sandbox.workspace import Workspace

Json = dict[str, Any]
HANG = 600.0


class WebApi:
    """`/api/<method>`: form or JSON in, JSON out, `ok: false` and an error code when refused."""

    def __init__(self, workspace: Workspace, hub: SocketHub, limiter: Limiter, faults: Faults) -> None:
        self._workspace = workspace
        self._hub = hub
        self._limiter = limiter
        self._faults = faults
        self._recovered = asyncio.Event()
        self.revoked = False

    def recover(self) -> None:
        """End every fault, and let go of the calls that hang."""
        self._faults.clear()
        self._recovered.set()
        self._recovered = asyncio.Event()

    def may_read_files(self, token: str) -> bool:
        """Whether a file's private URL opens to this token."""
        return (
            token == self._workspace.settings.bot_token and not self.revoked and "files:read" in self._workspace.scopes
        )

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One call."""
        name = request.match_info["method"]
        fault = self._faults.match([name], "api")
        if fault is not None:
            if fault.what == "hang":
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._recovered.wait(), HANG)
                return drop(request)
            if fault.what == "refused":
                return drop(request)
            if fault.what == "429":
                return _ratelimited(fault.retry_after)
            if fault.what == "503":
                return web.Response(status=503, content_type="text/html", text="<html><body>Unavailable</body></html>")
        answer = await self._answer(name, request)
        if fault is not None:  # "lost": done, but the answer never arrives
            return drop(request)
        return answer

    async def _answer(self, name: str, request: web.Request) -> web.StreamResponse:
        method = METHODS.get(name)
        try:
            params = await _parameters(request)
            if method is None:
                raise SlackError("unknown_method", req_method=name)
            self._authorise(method, request, params)
        except SlackError as error:
            return self._refusal(error)
        key = f"post:{params.get('channel')}" if method.tier == "post" else name
        wait = self._limiter.wait(method.tier, key)
        if wait:
            return _ratelimited(wait)
        base = f"{request.scheme}://{request.host}"
        try:
            body = await method.run(Call(self._workspace, self._hub, name, params, base))
        except SlackError as error:
            return self._refusal(error)
        return web.json_response({"ok": True, **body}, headers=self._headers())

    def _authorise(self, method: Method, request: web.Request, params: Json) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip() or str(params.get("token", ""))
        params.pop("token", None)
        if method.token == "none":  # noqa: S105 - the kind of a token, not one
            return
        if not token:
            raise SlackError("not_authed")
        settings = self._workspace.settings
        kinds = {settings.bot_token: "bot", settings.app_token: "app"}
        if token not in kinds or self.revoked:
            raise SlackError("invalid_auth")
        if kinds[token] != method.token:
            raise SlackError("not_allowed_token_type")
        granted = self._workspace.scopes
        missing = [scope for scope in method.scopes if scope not in granted]
        if missing:
            raise SlackError("missing_scope", needed=",".join(missing), provided=",".join(sorted(granted)))

    def _headers(self) -> dict[str, str]:
        return {"X-OAuth-Scopes": ",".join(sorted(self._workspace.scopes))}

    def _refusal(self, error: SlackError) -> web.Response:
        return web.json_response({"ok": False, "error": error.code, **error.extra}, headers=self._headers())


def _ratelimited(seconds: int) -> web.Response:
    return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(seconds)})


def drop(request: web.Request) -> web.Response:
    """Close the connection without a word of answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _parameters(request: web.Request) -> Json:
    """Query, form or JSON, as one mapping. SlackError invalid_json, json_not_object, invalid_form_data."""
    params: Json = dict(request.query)
    body = await request.text()
    if not body:
        return params
    if request.content_type == "application/json":
        try:
            data = await request.json()
        except ValueError as error:
            raise SlackError("invalid_json") from error
        if not isinstance(data, dict):
            raise SlackError("json_not_object")
        return params | data
    if request.content_type == "application/x-www-form-urlencoded":
        return params | dict(parse_qsl(body, keep_blank_values=True))
    raise SlackError("invalid_form_data")
