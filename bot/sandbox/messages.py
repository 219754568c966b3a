"""Messages: posted by the bot, typed by people, or ephemeral to one person."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.files import File
from bot.sandbox.forms import Values, initial_values
from bot.sandbox.people import APP, BOT, TEAM

Json = dict[str, Any]
SHOWN = 500


def with_ids(blocks: list[Json]) -> list[Json]:
    """Blocks with the block and action ids Slack makes up where the app gave none; a null is a field not given."""
    done: list[Json] = []
    for block in _pruned(blocks):
        fresh = {**block, "block_id": block.get("block_id") or secrets.token_urlsafe(4)}
        if isinstance(fresh.get("accessory"), dict) and fresh["accessory"].get("type") != "image":
            fresh["accessory"] = _named(fresh["accessory"])
        if fresh.get("type") in {"actions", "context_actions"}:
            fresh["elements"] = [_named(element) for element in fresh["elements"]]
        if fresh.get("type") == "card" and "actions" in fresh:
            fresh["actions"] = [_named(element) for element in fresh["actions"]]
        if fresh.get("type") == "container":
            fresh["child_blocks"] = with_ids(fresh["child_blocks"])
        if fresh.get("type") == "input":
            fresh["element"] = _named(fresh["element"])
        done.append(fresh)
    return done


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _pruned(part) for key, part in value.items() if part is not None}
    return [_pruned(part) for part in value] if isinstance(value, list) else value


def _named(element: Json) -> Json:
    return {**element, "action_id": element.get("action_id") or secrets.token_urlsafe(4)}


@dataclass(slots=True)
class Message:
    """One message. `ephemeral_to` is the only person who sees it; `values` its form state, per person; `base` where
    its files are reached; `offered` the buttons that ever stood in it, `pressed` those that were pressed; `replies` how
    many answers its thread has, `parent` who wrote the message that it answers itself."""

    channel: str
    ts: str
    author: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    by_bot: bool = True
    ephemeral_to: str | None = None
    thread_ts: str | None = None
    edited: bool = False
    values: dict[str, Values] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)
    base: str = ""
    pressed: set[str] = field(default_factory=set)
    offered: set[str] = field(default_factory=set)
    replies: int = 0
    parent: str = ""

    def __post_init__(self) -> None:
        self.offered |= self.buttons()

    def buttons(self) -> set[str]:
        """The action ids of the buttons that stand in it now."""
        found = [one for block in self.blocks for one in [*block.get("elements", ()), block.get("accessory")]]
        return {one.get("action_id", "") for one in found if isinstance(one, dict) and one.get("type") == "button"}

    def values_for(self, person_id: str) -> Values:
        """What the message's own inputs hold for a person."""
        if person_id not in self.values:
            self.values[person_id] = initial_values(self.blocks)
        return self.values[person_id]

    def as_slack(self, *, with_metadata: bool = False) -> Json:
        """The message object of events, payloads and history."""
        data: Json = {"type": "message", "user": self.author, "ts": self.ts, "text": self.text, "team": TEAM}
        if self.by_bot:
            data |= {"bot_id": BOT, "app_id": APP}
        else:
            data["client_msg_id"] = str(uuid.uuid5(uuid.NAMESPACE_OID, self.ts))
        if self.blocks:
            data["blocks"] = self.blocks
        if self.attachments:
            data["attachments"] = self.attachments
        if self.thread_ts:
            data |= {"thread_ts": self.thread_ts, "parent_user_id": self.parent}
        elif self.replies:
            data |= {"thread_ts": self.ts, "reply_count": self.replies}
        if self.files:
            data |= {"subtype": "file_share", "files": [file.as_slack(self.base) for file in self.files]}
        if self.edited:
            data["edited"] = {"user": self.author, "ts": self.ts}
        if self.metadata is not None and with_metadata:
            data["metadata"] = self.metadata
        return data

    def as_page(self, person_id: str) -> Json:
        """The message as one person sees it."""
        return {
            "channel": self.channel,
            "ts": self.ts,
            "author": self.author,
            "by_bot": self.by_bot,
            "text": self.text,
            "blocks": self.blocks,
            "attachments": self.attachments,
            "files": [file.as_page() for file in self.files],
            "ephemeral": self.ephemeral_to is not None,
            "thread_ts": self.thread_ts,
            "edited": self.edited,
            "values": self.values_for(person_id),
        }


class Messages:
    """All messages of the workspace, by channel, in order of ts."""

    def __init__(self) -> None:
        self._by_channel: dict[str, list[Message]] = {}

    def add(self, message: Message) -> None:
        """Keep a new message; timestamps only grow, so the order is kept."""
        self._by_channel.setdefault(message.channel, []).append(message)

    def get(self, channel: str, ts: str) -> Message | None:
        """The message at (channel, ts), ephemeral ones included, or None."""
        return next((m for m in reversed(self._by_channel.get(channel, [])) if m.ts == ts), None)

    def remove(self, message: Message) -> None:
        """Take a message away."""
        self._by_channel[message.channel].remove(message)

    def lasting(self, channel: str) -> list[Message]:
        """What the channel's history holds: everything but ephemerals."""
        return [m for m in self._by_channel.get(channel, []) if m.ephemeral_to is None]

    def thread(self, channel: str, ts: str) -> list[Message]:
        """The answers in the thread of the message at `ts`, oldest first."""
        return [m for m in self.lasting(channel) if m.thread_ts == ts]

    def visible(self, channel: str, person_id: str) -> list[Message]:
        """What one person sees in a channel: the newest `SHOWN`, as a client does before it is scrolled back."""
        seen = [m for m in self._by_channel.get(channel, []) if m.ephemeral_to in (None, person_id)]
        return seen[-SHOWN:]

    def reload(self, person_id: str) -> None:
        """A person reloads their client: their ephemerals are gone, as in Slack."""
        for channel, messages in self._by_channel.items():
            self._by_channel[channel] = [m for m in messages if m.ephemeral_to != person_id]
