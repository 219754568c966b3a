"""Views: a person's stack of modals and their App Home, with hashes and form state."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.forms import Values, initial_values
from bot.sandbox.messages import with_ids
from bot.sandbox.people import APP, BOT, TEAM

Json = dict[str, Any]
EMPTY_TEXT: Json = {"type": "plain_text", "text": "", "emoji": True}


@dataclass(slots=True)
class View:
    """One modal or Home as it is now; `given` is what the app handed over, `errors` what the person is told."""

    id: str
    person: str
    given: Json
    root_id: str
    previous_id: str | None = None
    hash: str = ""
    values: Values = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    trouble: str | None = None

    def __post_init__(self) -> None:
        self.put(self.given, keep=False)

    @property
    def blocks(self) -> list[Json]:
        return list(self.given["blocks"])

    @property
    def kind(self) -> str:
        return str(self.given["type"])

    def put(self, given: Json, *, keep: bool = True) -> None:
        """New contents: the hash changes; typed values stay where block id, action id and type are the same."""
        self.given = {**given, "blocks": with_ids(given["blocks"])}
        self.values = initial_values(self.given["blocks"], self.values if keep else None)
        self.hash = f"{secrets.randbelow(10**10)}.{secrets.token_hex(4)}"
        self.errors = {}
        self.trouble = None

    def as_slack(self) -> Json:
        """The `view` object of payloads and Web API answers."""
        return {
            "id": self.id,
            "team_id": TEAM,
            "type": self.kind,
            "blocks": self.given["blocks"],
            "private_metadata": self.given.get("private_metadata", ""),
            "callback_id": self.given.get("callback_id", ""),
            "state": {"values": self.values},
            "hash": self.hash,
            "title": self.given.get("title", EMPTY_TEXT),
            "clear_on_close": bool(self.given.get("clear_on_close", False)),
            "notify_on_close": bool(self.given.get("notify_on_close", False)),
            "close": self.given.get("close"),
            "submit": self.given.get("submit"),
            "previous_view_id": self.previous_id,
            "root_view_id": self.root_id,
            "app_id": APP,
            "external_id": self.given.get("external_id", ""),
            "app_installed_team_id": TEAM,
            "bot_id": BOT,
        }

    def as_page(self) -> Json:
        """The view as its person sees it."""
        return {
            "id": self.id,
            "type": self.kind,
            "title": self.given.get("title"),
            "submit": self.given.get("submit"),
            "close": self.given.get("close"),
            "callback_id": self.given.get("callback_id", ""),
            "blocks": self.given["blocks"],
            "values": self.values,
            "errors": self.errors,
            "trouble": self.trouble,
        }


@dataclass(slots=True)
class Screen:
    """What is in front of one person beside the channels: modals (root first), Home, and failures they were shown."""

    modals: list[View] = field(default_factory=list)
    home: View | None = None
    failures: list[Json] = field(default_factory=list)
    offered: dict[str, list[Json]] = field(default_factory=dict)

    @property
    def top(self) -> View | None:
        return self.modals[-1] if self.modals else None
