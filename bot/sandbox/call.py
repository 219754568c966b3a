"""One call of the Web API: its arguments, read in either encoding, and the errors it may end with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.sandbox.channels import Channel
from bot.sandbox.people import BOT_USER

if TYPE_CHECKING:
    from bot.sandbox.socket import SocketHub
    from bot.sandbox.workspace import Workspace

Json = dict[str, Any]


class SlackError(Exception):
    """`ok: false` with this error code, and whatever else the answer carries."""

    def __init__(self, code: str, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra

    @classmethod
    def findings(cls, code: str, messages: list[str]) -> SlackError:
        """With reasons, as Slack gives them in `response_metadata.messages`."""
        return cls(
            code, response_metadata={"messages": [f"[ERROR] {message}" for message in messages]}, errors=messages
        )


@dataclass(frozen=True, slots=True)
class Call:
    """A method's arguments and the workspace it acts on. `base` is the URL the sandbox is reached at."""

    workspace: Workspace
    hub: SocketHub
    method: str
    params: Json
    base: str

    def text(self, name: str, default: str = "") -> str:
        """A string argument."""
        value = self.params.get(name, default)
        return default if value is None else str(value)

    def needed(self, name: str) -> str:
        """A string argument that must be there; else invalid_arguments."""
        value = self.text(name)
        if not value:
            raise SlackError.findings("invalid_arguments", [f"missing required field: {name}"])
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean argument: JSON's, or "1"/"true" of a form."""
        value = self.params.get(name)
        if value is None:
            return default
        return value is True or str(value).lower() in {"1", "true"}

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number in 1..most; else invalid_limit."""
        text = self.text(name, str(default)) or str(default)
        if not text.isdecimal() or not 0 <= int(text) <= most:
            raise SlackError("invalid_limit")
        return int(text) or default

    def structure(self, name: str) -> Any:
        """An object or array: as it is in JSON, or a JSON string in a form; None when absent or not JSON."""
        value = self.params.get(name)
        if isinstance(value, str):
            try:
                return json.loads(value)
            except ValueError:
                return value or None
        return value

    def require(self, scope: str) -> None:
        """missing_scope unless the app was granted it."""
        if scope not in self.workspace.scopes:
            raise SlackError("missing_scope", needed=scope, provided=",".join(sorted(self.workspace.scopes)))

    def page(self, items: list[Any], default: int, most: int = 1000) -> tuple[list[Any], Json]:
        """One page of a collection and its `response_metadata`; the cursor is opaque to the caller."""
        limit = self.number("limit", default, most)
        cursor = self.text("cursor")
        if cursor and not (cursor.startswith("pocket") and cursor[6:].rstrip("=").isdecimal()):
            raise SlackError("invalid_cursor")
        start = int(cursor[6:].rstrip("=")) if cursor else 0
        more = start + limit < len(items)
        return items[start : start + limit], {"next_cursor": f"pocket{start + limit}=" if more else ""}

    def channel(self, name: str = "channel") -> Channel:
        """The channel an argument names, if the bot may know of it; else channel_not_found."""
        channel = self.workspace.channels.visible_to_bot(self.text(name))
        if channel is None:
            raise SlackError("channel_not_found")
        return channel

    def joined(self, channel: Channel) -> Channel:
        """The same channel, if the bot may write in it: not_in_channel, is_archived."""
        if channel.archived:
            raise SlackError("is_archived")
        if not channel.has(BOT_USER):
            raise SlackError("not_in_channel")
        return channel
