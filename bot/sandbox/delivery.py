"""Getting payloads to the app: over a socket or by signed HTTP, within the ack deadline, events again and again."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import uuid
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

import aiohttp

from bot.sandbox.events import event_callback, respoken, spoken
from bot.sandbox.people import BOT_USER
from bot.sandbox.socket import SocketHub, UnansweredError
from bot.sandbox.workspace import Heard, Workspace

Json = dict[str, Any]
KEPT_RECORDS = 1_000
# By the first word of an event's type: the scope without which Slack sends none of its kind.
SCOPES = {"subteam": "usergroups:read", "group": "groups:read", "channel": "channels:read"}
# What is said is subscribed to by the kind of conversation, and comes only with the scope of that kind's history.
SPOKEN = {"channel": "channels", "group": "groups", "im": "im"}


@dataclass(frozen=True, slots=True)
class Parcel:
    """One payload on its way. `kind` is slash_commands, interactive or events_api."""

    kind: str
    payload: Json
    answers: bool = False
    attempt: int = 0
    reason: str = ""


class Carrier(Protocol):
    """How a parcel reaches the app. Raises UnansweredError; gives the connection's number and the ack's body."""

    async def carry(self, parcel: Parcel, deadline: float) -> tuple[int, Json | None]: ...


class SocketCarrier:
    """Socket Mode."""

    def __init__(self, hub: SocketHub) -> None:
        self._hub = hub

    async def carry(self, parcel: Parcel, deadline: float) -> tuple[int, Json | None]:
        """As an envelope to one connection. An ack's payload counts only where the envelope said it may have one."""
        envelope: Json = {
            "envelope_id": str(uuid.uuid4()),
            "type": parcel.kind,
            "payload": parcel.payload,
            "accepts_response_payload": parcel.answers,
        }
        if parcel.kind == "events_api":
            envelope |= {"retry_attempt": parcel.attempt, "retry_reason": parcel.reason}
        number, body = await self._hub.give(envelope, deadline)
        return number, body if parcel.answers else None


def sign(secret: str, timestamp: str, body: str) -> str:
    """X-Slack-Signature, version v0: HMAC-SHA256 over `v0:timestamp:body`."""
    return "v0=" + hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()


class HttpCarrier:
    """HTTP mode: signed POSTs to the app's request URL, form-encoded but for events."""

    def __init__(self, session: aiohttp.ClientSession, url: str, secret: str, workspace: Workspace) -> None:
        self._session = session
        self._url = url
        self._secret = secret
        self._workspace = workspace

    async def carry(self, parcel: Parcel, deadline: float) -> tuple[int, Json | None]:
        """POST it; any 2xx acknowledges, and a JSON body is the answer."""
        if parcel.kind == "events_api":
            body, content_type = json.dumps(parcel.payload), "application/json"
        else:
            fields = parcel.payload if parcel.kind == "slash_commands" else {"payload": json.dumps(parcel.payload)}
            body, content_type = urlencode(fields), "application/x-www-form-urlencoded"
        timestamp = str(int(self._workspace.clock()))
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": sign(self._secret, timestamp, body),
        }
        if parcel.attempt:
            headers |= {"X-Slack-Retry-Num": str(parcel.attempt), "X-Slack-Retry-Reason": parcel.reason}
        try:
            async with asyncio.timeout(deadline), self._session.post(self._url, data=body, headers=headers) as answer:
                text = await answer.text()
                status = answer.status
                is_json = answer.content_type == "application/json"
        except TimeoutError as error:
            raise UnansweredError("operation_timeout") from error
        except aiohttp.ClientError as error:
            raise UnansweredError("dispatch_failed") from error
        if not 200 <= status < 300:
            raise UnansweredError("http_error" if parcel.kind == "events_api" else "dispatch_failed")
        if not parcel.answers or not text:
            return 0, None
        return 0, json.loads(text) if is_json else {"text": text}


class Delivery:
    """What Slack does with a payload after it made it. `records` keeps the last thousand attempts for who looks."""

    def __init__(self, workspace: Workspace, carrier: Carrier) -> None:
        self._workspace = workspace
        self._carrier = carrier
        self._tasks: set[asyncio.Task[None]] = set()
        self.records: deque[Json] = deque(maxlen=KEPT_RECORDS)
        workspace.heard.append(self._spoken)

    def _spoken(self, heard: Heard) -> None:
        channel = self._workspace.channels.get(heard.message.channel)
        assert channel is not None
        event = spoken(heard.message, channel)
        if heard.subtype:
            event = respoken(heard.subtype, heard.before, heard.message, channel, self._workspace.new_ts())
        self.publish(event)

    async def _attempt(self, parcel: Parcel) -> Json | None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        record: Json = {
            "kind": parcel.kind,
            "name": parcel.payload.get("event", {}).get("type") or parcel.payload.get("type", parcel.kind),
            "event_id": parcel.payload.get("event_id"),
            "attempt": parcel.attempt,
        }
        try:
            connection, body = await self._carrier.carry(parcel, self._workspace.settings.ack_deadline)
            record |= {"connection": connection, "outcome": "acknowledged"}
        except UnansweredError as error:
            record["outcome"] = error.code
            raise
        else:
            return body
        finally:
            record["seconds"] = round(loop.time() - began, 4)
            self.records.append(record)
            self._workspace.changes.note("deliveries")

    async def ask(self, kind: str, payload: Json, *, answers: bool) -> Json | None:
        """Deliver a command or interaction once, and give the ack's body. UnansweredError; it is never repeated."""
        return await self._attempt(Parcel(kind, payload, answers))

    def publish(self, event: Json) -> None:
        """Deliver an event in the background, until acknowledged, if the app subscribes to it and may see it."""
        kind, scope = str(event["type"]), SCOPES.get(str(event["type"]).partition("_")[0])
        if kind == "message":
            where = SPOKEN[event["channel_type"]]
            kind, scope = f"message.{where}", f"{where}:history"
        told = event.get("channel", "")
        channel = self._workspace.channels.get(str(told["id"] if isinstance(told, dict) else told))
        if kind not in self._workspace.events or (scope is not None and scope not in self._workspace.scopes):
            return
        if channel is not None and channel.direct is None and not channel.has(BOT_USER):
            return
        payload = event_callback(event, self._workspace.new_id("Ev"), self._workspace.clock())
        task = asyncio.create_task(self._persist(payload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _persist(self, payload: Json) -> None:
        reason = ""
        for attempt, delay in enumerate((0.0, *self._workspace.settings.event_retries)):
            if delay:
                await asyncio.sleep(delay)
            try:
                await self._attempt(Parcel("events_api", payload, attempt=attempt, reason=reason))
            except UnansweredError as error:
                reason = "timeout" if error.code == "operation_timeout" else error.code
            else:
                return

    async def close(self) -> None:
        """Drop the events still to be repeated."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
