"""Socket Mode's far end: tickets, open connections, and envelopes that go to exactly one of them."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from bot.sandbox.people import APP

Json = dict[str, Any]
MOST_CONNECTIONS = 10
CLOSE_TIMEOUT = 2.0


class UnansweredError(Exception):
    """The app did not take a payload: `dispatch_failed` (nobody there) or `operation_timeout` (no ack in time)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(eq=False, slots=True)
class Connection:
    """One open WebSocket; `waiting` are the envelopes it was given and has not acknowledged."""

    number: int
    stream: web.WebSocketResponse
    waiting: dict[str, asyncio.Future[Json | None]] = field(default_factory=dict)


class SocketHub:
    """All connections of the app. Envelopes go round them, one envelope to one connection."""

    def __init__(self, *, ping_interval: float) -> None:
        self._ping_interval = ping_interval
        self._tickets: set[str] = set()
        self._connections: list[Connection] = []
        self._turn = 0
        self._opened = 0

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    def new_ticket(self) -> str:
        """A secret that lets one connection in, once."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return ticket

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The WebSocket endpoint: ticket, hello, pings, and acks until the connection closes."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=404, text="invalid ticket")
        self._tickets.discard(ticket)
        stream = web.WebSocketResponse(timeout=CLOSE_TIMEOUT, autoping=True, heartbeat=self._ping_interval or None)
        await stream.prepare(request)
        if len(self._connections) >= MOST_CONNECTIONS:
            await stream.send_json(_disconnect("too_many_websockets"))
            await stream.close()
            return stream
        self._opened += 1
        connection = Connection(self._opened, stream)
        self._connections.append(connection)
        try:
            await stream.send_json(
                {
                    "type": "hello",
                    "num_connections": len(self._connections),
                    "connection_info": {"app_id": APP},
                    "debug_info": {
                        "host": "pocket",
                        "build_number": 1,
                        "approximate_connection_time": 18_060,
                        "started": "pocket",
                    },
                }
            )
            async for frame in stream:
                if frame.type is WSMsgType.TEXT:
                    self._acknowledge(connection, frame.data)
        finally:
            if connection in self._connections:
                self._connections.remove(connection)
            for future in connection.waiting.values():
                if not future.done():
                    future.set_exception(UnansweredError("operation_timeout"))
                    future.exception()
        return stream

    @staticmethod
    def _acknowledge(connection: Connection, text: str) -> None:
        try:
            ack = json.loads(text)
        except ValueError:
            return
        future = connection.waiting.pop(str(ack.get("envelope_id")), None) if isinstance(ack, dict) else None
        if future is not None and not future.done():
            payload = ack.get("payload")
            future.set_result(payload if isinstance(payload, dict) else None)

    async def give(self, envelope: Json, deadline: float) -> tuple[int, Json | None]:
        """Hand an envelope to one connection and wait for its ack; the connection's number and the ack's payload.

        UnansweredError dispatch_failed when no connection is open, operation_timeout after `deadline` seconds.
        """
        if not self._connections:
            raise UnansweredError("dispatch_failed")
        self._turn += 1
        connection = self._connections[self._turn % len(self._connections)]
        future: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        connection.waiting[envelope["envelope_id"]] = future
        try:
            async with asyncio.timeout(deadline):
                await connection.stream.send_json(envelope)
                return connection.number, await future
        except (TimeoutError, ConnectionError) as error:
            raise UnansweredError("operation_timeout") from error
        finally:
            connection.waiting.pop(envelope["envelope_id"], None)

    async def warn(self, reason: str = "warning") -> None:
        """Tell every connection that it will be closed soon; Slack does about ten seconds ahead."""
        for connection in list(self._connections):
            await connection.stream.send_json(_disconnect(reason))

    async def close(self, reason: str | None = "refresh_requested") -> None:
        """Close every connection, with a disconnect frame first, or with none (reason None) as a crash would."""
        for connection in list(self._connections):
            if reason is not None:
                await connection.stream.send_json(_disconnect(reason))
            self._connections.remove(connection)
            await connection.stream.close()


def _disconnect(reason: str) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "pocket"}}
