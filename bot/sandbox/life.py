"""What happens in a workspace beside the app: people arrive and change, join and leave channels, talk, open Home."""

from __future__ import annotations

from typing import Any

from bot.sandbox import strings
from bot.sandbox.channels import Channel
from bot.sandbox.delivery import Delivery
from bot.sandbox.events import account, app_home_opened, membership
from bot.sandbox.forms import ImpossibleError
from bot.sandbox.people import Person
from bot.sandbox.workspace import Workspace

Json = dict[str, Any]
EDITABLE = ("name", "real_name", "email", "owner", "admin", "guest", "deactivated", "locale", "zone", "team")


class Life:
    """Changes of the workspace that the app hears of as events."""

    def __init__(self, workspace: Workspace, delivery: Delivery) -> None:
        self._workspace = workspace
        self._delivery = delivery

    def open_home(self, person: Person, tab: str) -> None:
        """Open the app's "home" or "messages" tab."""
        channel = self._workspace.channels.direct_with(person.id)
        home = self._workspace.screen(person.id).home
        self._delivery.publish(app_home_opened(person, channel, tab, home))

    def say(self, person: Person, channel: Channel, text: str) -> str:
        """A person writes in a channel; the app hears of it only if it subscribes to message events."""
        if not channel.has(person.id):
            raise ImpossibleError(strings.NOT_A_MEMBER)
        message = self._workspace.post(channel.id, person.id, text)
        kind = "im" if channel.direct else ("group" if channel.private else "channel")
        self._delivery.publish({**message.as_slack(), "channel": channel.id, "channel_type": kind})
        return message.ts

    def join(self, person: Person, channel: Channel) -> None:
        """Join a public channel, or be invited to a private one; the bot may be invited too."""
        if not channel.has(person.id):
            channel.members.append(person.id)
            self._workspace.changes.note(f"channel:{channel.id}", f"person:{person.id}")
            self._delivery.publish(membership("member_joined_channel", person.id, channel))

    def leave(self, person: Person, channel: Channel) -> None:
        """Leave a channel; the bot may be removed too."""
        if channel.has(person.id):
            self._delivery.publish(membership("member_left_channel", person.id, channel))
            channel.members.remove(person.id)
            self._workspace.changes.note(f"channel:{channel.id}", f"person:{person.id}")

    def archive(self, channel: Channel) -> None:
        """An archived channel takes no more messages."""
        channel.archived = True
        self._workspace.changes.note(f"channel:{channel.id}")
        self._delivery.publish({"type": "channel_archive", "channel": channel.id, "user": "U0ADA"})

    def create(self, name: str, members: list[str], *, private: bool) -> Channel:
        """A new channel with these members."""
        channel = Channel(self._workspace.new_id("C"), name, list(members), private=private)
        self._workspace.channels.add(channel)
        self._workspace.changes.note("workspace", f"channel:{channel.id}")
        return channel

    def edit(self, person_id: str, fields: Json) -> Person:
        """A person arrives (an unknown id) or their profile changes: team_join or user_change."""
        unknown = sorted(set(fields) - set(EDITABLE))
        if unknown:
            raise ImpossibleError(f"a person has no {', '.join(unknown)}; there are {', '.join(EDITABLE)}")
        person = self._workspace.people.get(person_id)
        kind = "user_change"
        if person is None:
            handle = str(fields.get("name", person_id.lower()))
            person = Person(person_id, handle, str(fields.get("real_name", handle)), None)
            self._workspace.people.add(person)
            kind = "team_join"
        for name, value in fields.items():
            setattr(person, name, value)
        now = self._workspace.clock()
        person.updated = int(now)
        self._workspace.changes.note("workspace", f"person:{person.id}")
        with_email = "users:read.email" in self._workspace.scopes
        self._delivery.publish(account(kind, person, with_email=with_email, now=now))
        return person
