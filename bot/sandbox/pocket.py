"""The JSON API of the page, the driver and the tour. Everything under `/pocket/` is loopback only (see `guard`).

GET answers are JSON. POST takes a JSON object (`Content-Type: application/json`) and answers one. `ok: false` with
`error` (Slack's word) or `errors` (by block id) is what the person would see; HTTP 400 `{"error": "…"}` means that
the person could not have done this at all. `person` is an id, handle or address; `channel` an id, `#name` or "dm".

Where a person acts is either `channel` + `ts` (a message), `view: ID` or `view: true` (the top modal), or
`home: true`.

| request | fields | answer |
|---|---|---|
| GET info | | `{workspace, mailroom, team, bot, commands, command, shortcuts, domain}` |
| GET people | | `{people: [{id, name, real_name, email, owner, admin, guest, deactivated, bot, locale}]}` |
| GET state | `person` | `{version, me, channels, messages, modal, home, failures}`, below |
| GET changes | `since` (version, default 0) | server-sent events `data: {"version": 7, "topics": […]}` |
| POST command | `person, channel, text` ("/group help") | `{ok}` or `{ok: false, error}` |
| POST say | `person, channel, text, thread_ts?` | `{ok, ts}` |
| POST act | `person`, where, `action_id, block_id?, value?` | `{ok, dispatched}`: click, choose or type |
| POST fill | `person`, where, `values: {action_id: value}` | `{ok, dispatched}`: `act` for each, in order |
| POST options | `person`, where, `action_id, query` | `{ok, options, option_groups}` of an external select |
| POST attach | `person, name, content` (base64) | `{ok, file}`: chosen for a file input, whose value is then `[id]` |
| GET file/ID | | the octets of a file |
| POST shortcut | `person, callback_id`, where? | `{ok}`: at the message of where, or the workspace's |
| POST submit | `person` | `{ok}`, or `{ok: false, errors}` shown in the modal, or `{ok: false, error, detail}` |
| POST close | `person, all?` | `{ok}`: Cancel or Back closes the top modal, `all: true` is the cross |
| POST home | `person, tab?` ("home", "messages") | `{ok}`: the app hears app_home_opened |
| POST reload | `person` | `{ok}`: their ephemerals and shown failures are gone |
| POST join, leave | `person, channel` | `{ok}`; the person may be the bot |
| POST channel | `name, members, private?` | `{ok, channel}` |
| POST archive | `channel, archived?` | `{ok}` |
| POST rename | `channel, name` | `{ok}` |
| POST delete | `channel` | `{ok}` |
| POST crowd | `count, name` | `{ok, channel}`: so many people who were always there, in a new channel with the bot |
| POST usergroup | `handle, fields: {name?, members?, deactivated?}` | `{ok, usergroup}`: an unknown handle is made |
| POST person | `person, fields` | `{ok, person}`: an unknown id arrives, a known one changes |
| GET mailboxes | | `{mailboxes: [{address, count, person}]}`, every person's and whoever else got mail |
| GET mailbox | `address` | `{address, mails: [mail]}` oldest first |
| GET mail/ID | | one mail with `headers: [[name, value]]`, `text`, `attachments: [{name, type, size}]` |
| GET mail/ID/raw | | the bytes as received, as text/plain |
| POST compose | `author, to: [address], subject?, body?, verdict?, attachment?, headers?, mail_from?` | SMTP answer |
| POST submit-raw | `mail_from, to, raw` (base64) | SMTP answer |
| POST bounce | `mail` (id), `enhanced?, text?` | SMTP answer to a failure report |
| POST one-click | `mail` (id) | `{ok, code, text}` of the RFC 8058 POST |
| GET control | | `{scopes, events, tiers, per_minute, faults, mail_faults, connections, revoked, offset}` |
| POST control | see `control` | `{ok}` |
| GET deliveries | | `{deliveries: [{kind, name, event_id, attempt, connection, outcome, seconds}]}` |

`state`: `channels: [{id, name, kind, member, archived, bot_in}]` (kind public_channel, private_channel, im; only what
the person may see), `messages: {channel id: [{ts, channel, author, by_bot, text, blocks, attachments, files, ephemeral,
thread_ts, edited, values}]}` (the newest 500), `modal: null | {stack: n, view}` and `home: null | view` with `view:
{id, type, title, submit, close, callback_id, blocks, values, errors: {block_id: text}, trouble}`; `values` is Slack's
`state.values` (block_id -> action_id -> `{type, value | selected_option | selected_users | …}`). `failures: [{at,
text, code, detail}]`, newest last. Messages carry `author` ids: names are in `people`, and "USLACKBOT" is Slack
itself.

Where several buttons share an action id, `value` (or `block_id`) says which.

Values for `act` and `fill`: text, number, date (YYYY-MM-DD), time (HH:MM), person or channel id as a string; an
option by its `value`; lists of these for multi selects and checkboxes; null or [] empties.

`verdict` of compose: "member" (dmarc=pass), "pretend" (dmarc=fail), "stranger" (no verdict; the default unless the
author's address is a person's). A `mail` is `{id, recipient, mail_from, at, size, subject, from, to, message_id,
can_leave}`. An SMTP answer is `{ok, stage, code, text, recipients: {address: reply}, message_id}`, stage one of
connect, ehlo, mail, rcpt, dot.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.sandbox.channels import Channel
from bot.sandbox.client import Client
from bot.sandbox.delivery import Delivery
from bot.sandbox.forms import ImpossibleError
from bot.sandbox.life import Life
from bot.sandbox.people import Person
from bot.sandbox.workspace import Workspace

Json = dict[str, Any]
Action = Callable[[Json], Awaitable[Json]]
WHERE = ("channel", "ts", "view", "home")


def post(action: Action) -> Callable[[web.Request], Awaitable[web.Response]]:
    """An HTTP handler of an action that takes and gives JSON objects; ImpossibleError becomes 400."""

    async def serve(request: web.Request) -> web.Response:
        try:
            body = json.loads(await request.text() or "{}")
            if not isinstance(body, dict):
                raise ImpossibleError("the body is not a JSON object")
            return web.json_response(await action(body))
        except KeyError as error:
            return web.json_response({"error": f"missing field {error}"}, status=400)
        except (ImpossibleError, TypeError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)

    return serve


class Pocket:
    """The workspace's half of the API."""

    def __init__(self, workspace: Workspace, client: Client, life: Life, delivery: Delivery) -> None:
        self._workspace = workspace
        self._client = client
        self._life = life
        self._delivery = delivery

    def routes(self) -> list[web.RouteDef]:
        """What to put in the application's table."""
        actions: dict[str, Action] = {
            "command": self._command,
            "say": self._say,
            "act": self._act,
            "fill": self._fill,
            "options": self._options,
            "attach": self._attach,
            "shortcut": self._shortcut,
            "submit": self._submit,
            "close": self._close,
            "home": self._home,
            "reload": self._reload,
            "join": self._join,
            "leave": self._leave,
            "channel": self._create,
            "archive": self._archive,
            "rename": self._rename,
            "delete": self._delete,
            "crowd": self._crowd,
            "usergroup": self._user_group,
            "person": self._edit,
        }
        return [
            web.get("/pocket/state", self._state),
            web.get("/pocket/deliveries", self._deliveries),
            *(web.post(f"/pocket/{name}", post(action)) for name, action in actions.items()),
        ]

    # ------------------------------------------------------------ who and where

    def _person(self, text: object) -> Person:
        person = self._workspace.people.find(str(text))
        if person is None:
            raise ImpossibleError(f"nobody here is {text!r}")
        return person

    def _actor(self, text: object) -> Person:
        person = self._person(text)
        if person.deactivated or person.bot:
            raise ImpossibleError(f"{person.name} cannot act: deactivated, or a bot")
        return person

    def _channel(self, text: object, person: Person) -> Channel:
        channel = self._workspace.channels.find(str(text), person.id)
        if channel is None or (channel.kind != "public_channel" and not channel.has(person.id)):
            raise ImpossibleError(f"{person.name} sees no channel {text!r}")
        return channel

    # ------------------------------------------------------------ looking

    async def _state(self, request: web.Request) -> web.Response:
        try:
            person = self._person(request.query.get("person", ""))
        except ImpossibleError as error:
            return web.json_response({"error": str(error)}, status=400)
        screen = self._workspace.screen(person.id)
        self._workspace.channels.direct_with(person.id)
        shown = [c for c in self._workspace.channels if c.has(person.id) or c.kind == "public_channel"]
        bot_id = self._workspace.bot_user
        return web.json_response(
            {
                "version": self._workspace.changes.version,
                "me": person.as_page(),
                "channels": [
                    {
                        "id": channel.id,
                        "name": channel.name or "postroom",
                        "kind": channel.kind,
                        "member": channel.has(person.id),
                        "archived": channel.archived,
                        "bot_in": channel.has(bot_id),
                    }
                    for channel in shown
                ],
                "messages": {
                    channel.id: [m.as_page(person.id) for m in self._workspace.messages.visible(channel.id, person.id)]
                    for channel in shown
                },
                "modal": {"stack": len(screen.modals), "view": screen.top.as_page()} if screen.top else None,
                "home": screen.home.as_page() if screen.home else None,
                "failures": screen.failures,
            }
        )

    async def _deliveries(self, request: web.Request) -> web.Response:
        return web.json_response({"deliveries": list(self._delivery.records)})

    # ------------------------------------------------------------ acting

    async def _command(self, body: Json) -> Json:
        person = self._actor(body["person"])
        return await self._client.command(person, self._channel(body["channel"], person), str(body["text"]))

    async def _say(self, body: Json) -> Json:
        person = self._actor(body["person"])
        channel, thread = self._channel(body["channel"], person), str(body.get("thread_ts") or "") or None
        return {"ok": True, "ts": self._life.say(person, channel, str(body["text"]), thread)}

    async def _act(self, body: Json) -> Json:
        where = {name: body[name] for name in WHERE if name in body}
        return await self._client.act(
            self._actor(body["person"]), where, str(body["action_id"]), body.get("block_id"), body.get("value")
        )

    async def _fill(self, body: Json) -> Json:
        person = self._actor(body["person"])
        where = {name: body[name] for name in WHERE if name in body}
        dispatched = False
        for action_id, value in dict(body["values"]).items():
            done = await self._client.act(person, where, action_id, None, value)
            if not done["ok"]:
                return done
            dispatched = dispatched or done["dispatched"]
        return {"ok": True, "dispatched": dispatched}

    async def _options(self, body: Json) -> Json:
        where = {name: body[name] for name in WHERE if name in body}
        person = self._actor(body["person"])
        return await self._client.options(person, where, str(body["action_id"]), str(body.get("query", "")))

    async def _attach(self, body: Json) -> Json:
        content = base64.b64decode(str(body["content"]), validate=True)
        return {"ok": True, "file": self._client.attach(self._actor(body["person"]), str(body["name"]), content)}

    async def _shortcut(self, body: Json) -> Json:
        where = {name: body[name] for name in WHERE if name in body}
        return await self._client.shortcut(self._actor(body["person"]), str(body["callback_id"]), where)

    async def _submit(self, body: Json) -> Json:
        return await self._client.submit(self._actor(body["person"]))

    async def _close(self, body: Json) -> Json:
        return await self._client.close(self._actor(body["person"]), everything=bool(body.get("all")))

    async def _home(self, body: Json) -> Json:
        self._life.open_home(self._actor(body["person"]), str(body.get("tab", "home")))
        return {"ok": True}

    async def _reload(self, body: Json) -> Json:
        self._workspace.reload(self._person(body["person"]).id)
        return {"ok": True}

    # ------------------------------------------------------------ the workspace's life

    async def _join(self, body: Json) -> Json:
        person = self._person(body["person"])
        channel = self._workspace.channels.find(str(body["channel"]), person.id)
        if channel is None or channel.archived:
            raise ImpossibleError(f"there is no channel {body['channel']!r} to join")
        self._life.join(person, channel)
        return {"ok": True}

    async def _leave(self, body: Json) -> Json:
        person = self._person(body["person"])
        self._life.leave(person, self._channel(body["channel"], person))
        return {"ok": True}

    async def _create(self, body: Json) -> Json:
        members = [self._person(member).id for member in body["members"]]
        return {
            "ok": True,
            "channel": self._life.create(str(body["name"]), members, private=bool(body.get("private"))).id,
        }

    def _existing(self, text: object) -> Channel:
        channel = self._workspace.channels.find(str(text), "")
        if channel is None:
            raise ImpossibleError(f"there is no channel {text!r}")
        return channel

    async def _archive(self, body: Json) -> Json:
        self._life.archive(self._existing(body["channel"]), archived=bool(body.get("archived", True)))
        return {"ok": True}

    async def _rename(self, body: Json) -> Json:
        self._life.rename(self._existing(body["channel"]), str(body["name"]))
        return {"ok": True}

    async def _delete(self, body: Json) -> Json:
        self._life.remove(self._existing(body["channel"]))
        return {"ok": True}

    async def _crowd(self, body: Json) -> Json:
        return {"ok": True, "channel": self._life.crowd(int(body["count"]), str(body["name"])).id}

    async def _user_group(self, body: Json) -> Json:
        fields = dict(body["fields"])
        if "members" in fields:
            fields["members"] = [self._person(member).id for member in fields["members"]]
        return {"ok": True, "usergroup": self._life.user_group(str(body["handle"]), fields).id}

    async def _edit(self, body: Json) -> Json:
        known = self._workspace.people.find(str(body["person"]))
        person = self._life.edit(known.id if known else str(body["person"]), dict(body["fields"]))
        return {"ok": True, "person": person.as_page()}
