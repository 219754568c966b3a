"""response_url: where an app answers an interaction for half an hour, at most five times."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.sandbox.blockkit import check_blocks
from bot.sandbox.faults import Faults
from bot.sandbox.people import BOT_USER
from bot.sandbox.tickets import ResponseUrl, TicketError
from bot.sandbox.workspace import Workspace

Json = dict[str, Any]


class ResponseUrls:
    """`/response/<secret>`: one answer per POST."""

    def __init__(self, workspace: Workspace, faults: Faults) -> None:
        self._workspace = workspace
        self._faults = faults

    async def serve(self, request: web.Request) -> web.Response:
        """Take one answer: "ok", or 404 with used_url or expired_url, or 400/500 with what is wrong."""
        fault = self._faults.match(["response"], "api")
        if fault is not None:
            return web.Response(status=503 if fault.what != "429" else 429, text="unavailable")
        try:
            ticket = self._workspace.tickets.use_response(request.match_info["secret"])
        except TicketError as error:
            return web.Response(status=404, text=error.code)
        try:
            body = await request.json()
        except ValueError:
            return web.Response(status=500, text="invalid_payload")
        problem = answer(self._workspace, ticket, body) if isinstance(body, dict) else "invalid_payload"
        return web.Response(text="ok") if problem is None else web.Response(status=400, text=problem)


def answer(workspace: Workspace, ticket: ResponseUrl, body: Json) -> str | None:
    """Carry out an answer: a new message (ephemeral unless in_channel), or the original replaced or deleted.

    Gives Slack's word for what is wrong, or None.
    """
    blocks = body.get("blocks")
    if blocks is not None and check_blocks("message", blocks):
        return "invalid_blocks"
    original = workspace.messages.get(ticket.channel, ticket.ts) if ticket.ts else None
    if body.get("delete_original") and original is not None:
        workspace.delete(original)
        return None
    if not body.get("text") and not blocks and not body.get("attachments"):
        return "no_text"
    if body.get("replace_original") and original is not None:
        workspace.change(original, {"text": str(body.get("text") or ""), "blocks": blocks or []})
        return None
    workspace.post(
        ticket.channel,
        BOT_USER,
        str(body.get("text") or ""),
        blocks=blocks,
        attachments=body.get("attachments"),
        ephemeral_to=None if body.get("response_type") == "in_channel" else ticket.person,
    )
    return None
