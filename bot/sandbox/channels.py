"""Channels and direct messages: who is in them, and what `conversations.*` says of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.people import BOT_USER, TEAM, Person

Json = dict[str, Any]
CREATED = 1_700_000_000


@dataclass(slots=True)
class Channel:
    """A public channel, a private one, or (with `direct` = the other person's id) the bot's DM with a person."""

    id: str
    name: str
    members: list[str] = field(default_factory=list)
    private: bool = False
    archived: bool = False
    direct: str | None = None
    topic: str = ""
    shared: bool = False  # with another organisation

    @property
    def kind(self) -> str:
        """public_channel, private_channel or im: the `types` of conversations.list."""
        if self.direct is not None:
            return "im"
        return "private_channel" if self.private else "public_channel"

    @property
    def scope(self) -> str:
        """The prefix of the scopes that rule this kind: channels, groups or im."""
        return {"im": "im", "private_channel": "groups", "public_channel": "channels"}[self.kind]

    def has(self, person_id: str) -> bool:
        """Whether a person (or the bot) is in it."""
        return person_id in self.members

    def as_slack(self) -> Json:
        """The `channel` object as the bot sees it."""
        if self.direct is not None:
            return {
                "id": self.id,
                "created": CREATED,
                "is_im": True,
                "is_archived": self.archived,
                "is_org_shared": False,
                "user": self.direct,
                "is_user_deleted": False,
                "context_team_id": TEAM,
            }
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": True,
            "is_group": self.private,
            "is_im": False,
            "is_mpim": False,
            "is_private": self.private,
            "created": CREATED,
            "creator": "U0ADA",
            "is_archived": self.archived,
            "is_general": self.id == "C0GENERAL",
            "is_shared": self.shared,
            "is_ext_shared": self.shared,
            "is_org_shared": False,
            "is_pending_ext_shared": False,
            "is_member": self.has(BOT_USER),
            "num_members": len(self.members),
            "context_team_id": TEAM,
            "topic": {"value": self.topic, "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }


def built_in_channels(people: list[Person]) -> list[Channel]:
    """#general, #announcements and #reports with the bot, #random without, private #moderators with, #board without."""
    everybody = [p.id for p in people if not p.bot and not p.deactivated]
    full = [p.id for p in people if not p.bot and not p.deactivated and not p.guest]
    return [
        Channel("C0GENERAL", "general", [*everybody, BOT_USER]),
        Channel("C0ANNOUNCE", "announcements", [*full, BOT_USER]),
        Channel("C0REPORTS", "reports", [*full, BOT_USER]),
        Channel("C0RANDOM", "random", list(full)),
        Channel("C0MODERATORS", "moderators", ["U0ADA", "U0GRACE", BOT_USER], private=True),
        Channel("C0BOARD", "board", ["U0ADA"], private=True),
        Channel("C0OLD", "old-news", [*full, BOT_USER], archived=True),
    ]


class Channels:
    """Every conversation of the workspace, DMs opened on demand."""

    def __init__(self, channels: list[Channel]) -> None:
        self._by_id = {channel.id: channel for channel in channels}

    def __iter__(self) -> Any:
        return iter(self._by_id.values())

    def get(self, channel_id: str) -> Channel | None:
        """The channel with this id, or None."""
        return self._by_id.get(channel_id)

    def add(self, channel: Channel) -> None:
        """A new channel."""
        self._by_id[channel.id] = channel

    def remove(self, channel: Channel) -> None:
        """A channel is deleted."""
        del self._by_id[channel.id]

    def direct_with(self, person_id: str) -> Channel:
        """The bot's DM with a person, opened now if it was not."""
        channel_id = f"D{person_id[1:]}"
        if channel_id not in self._by_id:
            self._by_id[channel_id] = Channel(channel_id, "", [person_id, BOT_USER], direct=person_id)
        return self._by_id[channel_id]

    def visible_to_bot(self, channel_id: str) -> Channel | None:
        """The channel, or None when it does not exist or is private and the bot is not in it: Slack says neither."""
        channel = self._by_id.get(channel_id)
        if channel is None or (channel.kind != "public_channel" and not channel.has(BOT_USER)):
            return None
        return channel

    def find(self, text: str, person_id: str) -> Channel | None:
        """What a person means by an id, a name with or without #, or "dm" (their DM with the bot)."""
        if text == "dm":
            return self.direct_with(person_id)
        if text in self._by_id:
            return self._by_id[text]
        name = text.lstrip("#")
        return next((c for c in self._by_id.values() if c.direct is None and c.name == name), None)
