"""The checklist of the tour: which of its steps the workspace and the mailboxes show as done since a moment.

Nothing is ticked by saying so: a step is done when its traces are there, whoever left them and in whatever language.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

from aiohttp import web

from bot.sandbox.mailroom import Mailboxes
from bot.sandbox.messages import Message
from bot.sandbox.workspace import Workspace

STEPS = ("create", "ask", "approve", "mail", "report", "arrive", "discard", "leave")
ADDRESS = re.compile(r"[a-z0-9][a-z0-9._-]*@[a-z0-9.-]+[a-z0-9]")
ALL_OF_ALL = re.compile(r"\b([1-9]\d*) (?:of|sur) \1\b")


class Checklist:
    """What is done of the tour."""

    def __init__(self, workspace: Workspace, boxes: Mailboxes, clock: Callable[[], float]) -> None:
        self._workspace = workspace
        self._boxes = boxes
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        """What to put in the application's table."""
        return [web.get("/pocket/checklist", self._show)]

    async def _show(self, request: web.Request) -> web.Response:
        now = self._clock()
        try:
            since = float(request.query.get("since") or now)
        except ValueError:
            return web.json_response({"error": "since is seconds since the epoch"}, status=400)
        return web.json_response({"now": now, "done": self.done(since)})

    def done(self, since: float) -> list[str]:
        """The steps that are done, in their order; of what was there before `since` nothing counts."""
        said = [message for message in self._said() if float(message.ts) >= since]
        mails = [mail for mail in self._boxes if mail.at >= since and mail.of_group]
        copies = Counter(mail.message_id for mail in mails)
        reported = {int(found[1]) for message in said if (found := ALL_OF_ALL.search(message.text))}
        known = {address for m in self._said() if float(m.ts) < since for address in ADDRESS.findall(m.text)}
        shown = {
            "create": any(set(ADDRESS.findall(m.text)) - known for m in said if m.channel.startswith("C")),
            "ask": any("request.approve" in message.offered for message in said),
            "approve": any(_pressed(message, "request.approve") for message in said),
            "mail": bool(mails),
            "report": bool(reported),
            "arrive": any(count in reported for count in copies.values()),
            "discard": any(_pressed(message, "post.discard") for message in said),
            "leave": self._boxes.anybody_left(since),
        }
        return [step for step in STEPS if shown[step]]

    def _said(self) -> Iterator[Message]:
        for channel in self._workspace.channels:
            yield from (message for message in self._workspace.messages.lasting(channel.id) if message.by_bot)


def _pressed(message: Message, action_id: str) -> bool:
    """Whether a button was pressed and what it is for has come: the button is gone."""
    return action_id in message.pressed and action_id not in message.buttons()
