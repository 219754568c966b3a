"""What happens in a workspace beside the app: people arrive and change, join and leave channels, talk, open Home."""

from __future__ import annotations

from typing import Any

from bot.sandbox import strings
from bot.sandbox.channels import Channel
from bot.sandbox.delivery import Delivery
from bot.sandbox.events import account, app_home_opened, channel_event, group_changed, members_changed, membership
from bot.sandbox.forms import ImpossibleError
from bot.sandbox.people import BOT_USER, Person, UserGroup, crowd
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

    def say(self, person: Person, channel: Channel, text: str, thread_ts: str | None = None) -> str:
        """A person writes in a channel or in a thread; the app hears of it only if it subscribes to message events."""
        if not channel.has(person.id):
            raise ImpossibleError(strings.NOT_A_MEMBER)
        if thread_ts is not None:
            root = self._workspace.messages.get(channel.id, thread_ts)
            if root is None or root.ephemeral_to is not None or root.thread_ts not in (None, root.ts):
                raise ImpossibleError("there is no message to answer at that place")
            if text.startswith("/"):
                raise ImpossibleError(strings.NO_COMMANDS_HERE)
        return self._workspace.post(channel.id, person.id, text, thread_ts=thread_ts).ts

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
            if person.id == BOT_USER:
                self._delivery.publish(channel_event("left", channel))
            channel.members.remove(person.id)
            self._workspace.changes.note(f"channel:{channel.id}", f"person:{person.id}")

    def archive(self, channel: Channel, *, archived: bool = True) -> None:
        """An archived channel takes no more messages; it may be taken out of the archive again."""
        channel.archived = archived
        self._workspace.changes.note(f"channel:{channel.id}")
        self._delivery.publish(channel_event("archive" if archived else "unarchive", channel))

    def rename(self, channel: Channel, name: str) -> None:
        """A channel gets another name; its id stays."""
        channel.name = name
        self._workspace.changes.note("workspace", f"channel:{channel.id}")
        self._delivery.publish(channel_event("rename", channel))

    def remove(self, channel: Channel) -> None:
        """A channel is deleted for good."""
        self._delivery.publish(channel_event("deleted", channel))
        self._workspace.channels.remove(channel)
        self._workspace.changes.note("workspace", f"channel:{channel.id}")

    def crowd(self, count: int, name: str) -> Channel:
        """So many people who were always there, and a channel with them and the bot: nobody is told."""
        people = crowd(count)
        for person in people:
            self._workspace.people.add(person)
        return self.create(name, [*(person.id for person in people), BOT_USER], private=False)

    def user_group(self, handle: str, fields: Json) -> UserGroup:
        """A user group is made or changed: its `name`, its `members`, or whether it is `deactivated`."""
        unknown = sorted(set(fields) - {"name", "members", "deactivated"})
        if unknown:
            raise ImpossibleError(f"a user group has no {', '.join(unknown)}")
        groups = self._workspace.people.groups
        found = next((group for group in groups if group.handle == handle), None)
        kind = "subteam_updated" if found is not None else "subteam_created"
        if found is None:
            found = UserGroup(self._workspace.new_id("S"), handle, handle)
            groups.append(found)
        before, previous = list(found.members), found.updated
        for name, value in fields.items():
            setattr(found, name, value)
        # Whole seconds, and never the same twice: that is by which a missed change shows.
        found.updated = max(int(self._workspace.clock()), previous + 1)
        if found.members != before and kind == "subteam_updated":
            self._delivery.publish(members_changed(found, before, previous))
        if set(fields) - {"members"} or kind == "subteam_created":
            self._delivery.publish(group_changed(kind, found))
        return found

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
