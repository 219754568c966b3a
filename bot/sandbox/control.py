"""The control API: what the workspace and the mail room are told to do wrong, or otherwise than they would.

`POST /pocket/control` takes any of these fields, in this order:

| field | meaning |
|---|---|
| `recover: true` | all API and mail faults end, calls that hang are dropped, the tokens are good again |
| `outage` | one of 503, 429, hang, lost (done, but the answer never arrives), refused: what the Web API does |
| `methods`, `times`, `retry_after` | with outage: shell pattern of methods, how often (for ever), seconds |
| `spared` | with outage: how many calls go well first |
| `tiers` | true or false: rate tiers on or off; or `{"t2": 5, …}` calls a minute; `post_burst` a number |
| `scopes` | the granted scopes, all of them |
| `grant`, `revoke` | scopes to add or take away |
| `events` | the subscribed event types, all of them |
| `free_plan` | true or false: without a paid plan there are no user groups |
| `revoked` | true: every token is invalid_auth |
| `close_sockets` | a disconnect reason ("refresh_requested", "link_disabled"), or "" to cut without a word |
| `warn_sockets` | true: a disconnect frame with reason "warning", connections stay open |
| `advance` | seconds by which the workspace's clock jumps ahead (trigger ids, response URLs, tiers) |
| `mail` | `{stage, reply, pattern?, times?}`: the sink's reply at stage ehlo, mail, rcpt, data, dot |
| `empty_mailboxes` | true |

`methods` is "*" unless given; "response" among them stands for response URLs.
`reply` is a whole SMTP reply ("450 4.2.0 Try later"), or "drop" to cut the connection, or "hang" to say nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.sandbox.clock import Clock
from bot.sandbox.faults import API_FAULTS, STAGES, Fault, Faults
from bot.sandbox.forms import ImpossibleError
from bot.sandbox.mailroom import DROP, HANG, Mailboxes
from bot.sandbox.pocket import post
from bot.sandbox.ratelimit import Limiter
from bot.sandbox.socket import SocketHub
from bot.sandbox.webapi import WebApi
from bot.sandbox.workspace import Workspace

Json = dict[str, Any]
REPLY = re.compile(r"[2345]\d\d [\x20-\x7e]{1,480}")


class MailControl:
    """The fields that concern the mail room."""

    def __init__(self, faults: Faults, boxes: Mailboxes) -> None:
        self._faults = faults
        self._boxes = boxes
        self.fields: dict[str, Callable[[Any, Json], Awaitable[None]]] = {
            "recover": self._recover,
            "mail": self._mail,
            "empty_mailboxes": self._empty,
        }

    async def _recover(self, value: Any, body: Json) -> None:
        self._faults.clear()

    async def _empty(self, value: Any, body: Json) -> None:
        self._boxes.empty()

    async def _mail(self, value: Any, body: Json) -> None:
        stage, reply = str(value["stage"]).lower(), str(value["reply"])
        if stage not in STAGES:
            raise ImpossibleError(f"stage {stage!r} is not one of {', '.join(STAGES)}")
        if reply not in (DROP, HANG) and not REPLY.fullmatch(reply):
            raise ImpossibleError(f"{reply!r} is neither an SMTP reply nor {DROP!r} nor {HANG!r}")
        self._faults.order(Fault(reply, str(value.get("pattern", "*")), stage, value.get("times")))

    def as_page(self) -> Json:
        """What is in force."""
        return {"mail_faults": self._faults.as_page()}


class WorkspaceControl:
    """The fields that concern Slack."""

    def __init__(
        self, workspace: Workspace, api: WebApi, hub: SocketHub, limiter: Limiter, faults: Faults, clock: Clock
    ) -> None:
        self._workspace = workspace
        self._api = api
        self._hub = hub
        self._limiter = limiter
        self._faults = faults
        self._clock = clock
        self.fields: dict[str, Callable[[Any, Json], Awaitable[None]]] = {
            "recover": self._recover,
            "outage": self._outage,
            "tiers": self._tiers,
            "scopes": self._scopes,
            "grant": self._grant,
            "revoke": self._revoke,
            "events": self._events,
            "free_plan": self._free_plan,
            "revoked": self._revoked,
            "close_sockets": self._close_sockets,
            "warn_sockets": self._warn_sockets,
            "advance": self._advance,
        }

    async def _recover(self, value: Any, body: Json) -> None:
        self._api.recover()
        self._api.revoked = False

    async def _outage(self, value: Any, body: Json) -> None:
        what = str(value)
        if what not in API_FAULTS:
            raise ImpossibleError(f"outage {what!r} is not one of {', '.join(API_FAULTS)}")
        pattern, wait = str(body.get("methods", "*")), int(body.get("retry_after", 1))
        spared = int(body.get("spared", 0))
        self._faults.order(Fault(what, pattern, "api", body.get("times"), wait, spared))

    async def _tiers(self, value: Any, body: Json) -> None:
        per_minute = {str(k): float(v) for k, v in value.items()} if isinstance(value, dict) else None
        self._limiter.reset(enabled=bool(value), per_minute=per_minute, post_burst=body.get("post_burst"))

    async def _scopes(self, value: Any, body: Json) -> None:
        self._workspace.scopes = {str(scope) for scope in value}

    async def _grant(self, value: Any, body: Json) -> None:
        self._workspace.scopes |= {str(scope) for scope in value}

    async def _revoke(self, value: Any, body: Json) -> None:
        self._workspace.scopes -= {str(scope) for scope in value}

    async def _events(self, value: Any, body: Json) -> None:
        self._workspace.events = {str(event) for event in value}

    async def _revoked(self, value: Any, body: Json) -> None:
        self._api.revoked = bool(value)

    async def _free_plan(self, value: Any, body: Json) -> None:
        self._workspace.free_plan = bool(value)

    async def _close_sockets(self, value: Any, body: Json) -> None:
        await self._hub.close(str(value) or None)

    async def _warn_sockets(self, value: Any, body: Json) -> None:
        await self._hub.warn()

    async def _advance(self, value: Any, body: Json) -> None:
        self._clock.advance(float(value))

    def as_page(self) -> Json:
        """What is in force."""
        return {
            "scopes": sorted(self._workspace.scopes),
            "events": sorted(self._workspace.events),
            "tiers": self._limiter.enabled,
            "per_minute": self._limiter.per_minute,
            "faults": self._faults.as_page(),
            "connections": self._hub.open,
            "revoked": self._api.revoked,
            "offset": self._clock.offset,
        }


ACCOMPANY = frozenset({"methods", "times", "retry_after", "spared", "post_burst"})


class Control:
    """GET and POST of `/pocket/control`, over what there is to control."""

    def __init__(self, parts: list[MailControl | WorkspaceControl]) -> None:
        self._parts = parts

    def routes(self) -> list[web.RouteDef]:
        """What to put in the application's table."""
        return [web.get("/pocket/control", self._show), web.post("/pocket/control", post(self._obey))]

    async def _show(self, request: web.Request) -> web.Response:
        shown: Json = {}
        for part in self._parts:
            shown |= part.as_page()
        return web.json_response(shown)

    async def _obey(self, body: Json) -> Json:
        known = ACCOMPANY.union(*(part.fields for part in self._parts))
        unknown = sorted(set(body) - known)
        if unknown:
            raise ImpossibleError(f"control knows no {', '.join(unknown)}")
        for part in self._parts:
            for name, obey in part.fields.items():
                if name in body:
                    await obey(body[name], body)
        return {"ok": True}
