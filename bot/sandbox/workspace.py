"""The workspace: everything Slack would keep, in memory, with one place where each kind of change is made."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.changes import Changes
from bot.sandbox.channels import Channel, Channels, built_in_channels
from bot.sandbox.files import File, Files
from bot.sandbox.limits import VIEW_STACK
from bot.sandbox.messages import Message, Messages, with_ids
from bot.sandbox.people import BOT_USER, People, Person, built_in_people
from bot.sandbox.settings import Settings
from bot.sandbox.tickets import Tickets
from bot.sandbox.views import Screen, View

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Heard:
    """A message was written or, with Slack's `subtype`, changed or deleted; `before` is what it was."""

    message: Message
    subtype: str = ""
    before: Json = field(default_factory=dict)


class Workspace:
    """People, channels, messages and screens. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float],
        *,
        people: list[Person] | None = None,
        channels: list[Channel] | None = None,
        changes: Changes | None = None,
    ) -> None:
        staff = people if people is not None else built_in_people()
        self.settings = settings
        self.clock = clock
        self.people = People(staff)
        self.channels = Channels(channels if channels is not None else built_in_channels(staff))
        self.messages = Messages()
        self.files = Files()
        self.tickets = Tickets(clock)
        self.changes = changes or Changes()
        self.scopes = set(settings.scopes)
        self.events = set(settings.events)
        self._screens: dict[str, Screen] = {}
        self.heard: list[Callable[[Heard], None]] = []
        self.bot_user = BOT_USER
        self.free_plan = False
        self._last_ts = 0.0
        self._numbers = itertools.count(1)

    def new_id(self, prefix: str) -> str:
        """A fresh id of Slack's shape."""
        return f"{prefix}{next(self._numbers):08X}"

    def new_ts(self) -> str:
        """A message timestamp: the time in seconds with six digits, never the same twice, always growing."""
        self._last_ts = max(self.clock(), self._last_ts + 0.000001)
        return f"{self._last_ts:.6f}"

    def screen(self, person_id: str) -> Screen:
        """What is in front of a person."""
        return self._screens.setdefault(person_id, Screen())

    # ------------------------------------------------------------ messages

    def post(
        self,
        channel: str,
        author: str,
        text: str,
        *,
        blocks: list[Json] | None = None,
        attachments: list[Json] | None = None,
        metadata: Json | None = None,
        ephemeral_to: str | None = None,
        thread_ts: str | None = None,
        files: list[File] | None = None,
    ) -> Message:
        """A new message; ephemeral when it is for one person only."""
        message = Message(
            channel,
            self.new_ts(),
            author,
            text,
            with_ids(blocks or []),
            attachments or [],
            metadata,
            by_bot=author == BOT_USER,
            ephemeral_to=ephemeral_to,
            thread_ts=thread_ts,
            files=files or [],
        )
        root = self.messages.get(channel, thread_ts) if thread_ts else None
        if root is not None:
            message.parent = root.author
            root.replies += message.ephemeral_to is None
        self.messages.add(message)
        self.changes.note(f"channel:{channel}")
        self._tell(Heard(message))
        return message

    def _tell(self, heard: Heard) -> None:
        if heard.message.ephemeral_to is None:  # Slack keeps none, and tells no app
            for tell in self.heard:
                tell(heard)

    def change(self, message: Message, changes: Json) -> None:
        """New `text`, `blocks`, `attachments` or `metadata`, those that are named; the rest stays."""
        before = message.as_slack()
        if "text" in changes:
            message.text = changes["text"]
        if "blocks" in changes:
            message.blocks = with_ids(changes["blocks"])
            message.offered |= message.buttons()
            message.values.clear()
        if "attachments" in changes:
            message.attachments = changes["attachments"]
        if "metadata" in changes:
            message.metadata = changes["metadata"]
        self.changes.note(f"channel:{message.channel}")
        self._tell(Heard(message, "message_changed", before))

    def delete(self, message: Message) -> None:
        """A message is gone."""
        self.messages.remove(message)
        self.changes.note(f"channel:{message.channel}")
        self._tell(Heard(message, "message_deleted", message.as_slack()))

    def delete_file(self, file: File) -> None:
        """A file is gone, from every message that holds it, and such as say nothing without it."""
        self.files.remove(file)
        for message in [one for channel in self.channels for one in self.messages.lasting(channel.id)]:
            if file in message.files:
                message.files.remove(file)
                self.changes.note(f"channel:{message.channel}")
                if not (message.files or message.text or message.blocks):
                    self.delete(message)

    def reload(self, person_id: str) -> None:
        """A person reloads their client: ephemerals and shown failures are gone."""
        self.messages.reload(person_id)
        self.screen(person_id).failures.clear()
        self.changes.note(f"person:{person_id}")

    # ------------------------------------------------------------ views

    def open_view(self, person_id: str, given: Json) -> View:
        """A new stack with this modal at its root; a stack that was open is dropped."""
        view_id = self.new_id("V")
        view = View(view_id, person_id, given, view_id)
        self.screen(person_id).modals = [view]
        self.changes.note(f"person:{person_id}")
        return view

    def push_view(self, person_id: str, given: Json) -> View | None:
        """A modal on top of the open stack; None when the stack is full."""
        stack = self.screen(person_id).modals
        if len(stack) >= VIEW_STACK:
            return None
        view_id = self.new_id("V")
        view = View(view_id, person_id, given, stack[0].id if stack else view_id, stack[-1].id if stack else None)
        stack.append(view)
        self.changes.note(f"person:{person_id}")
        return view

    def put_view(self, view: View, given: Json) -> None:
        """New contents for an open view or Home."""
        view.put(given)
        self.changes.note(f"person:{view.person}")

    def publish_home(self, person_id: str, given: Json) -> View:
        """A person's App Home, made or replaced."""
        screen = self.screen(person_id)
        if screen.home is None:
            view_id = self.new_id("V")
            screen.home = View(view_id, person_id, given, view_id)
            self.changes.note(f"person:{person_id}")
        else:
            self.put_view(screen.home, given)
        return screen.home

    def find_view(self, view_id: str | None, external_id: str | None = None) -> View | None:
        """An open modal or a Home by its id or the app's external id."""
        for screen in self._screens.values():
            for view in [*screen.modals, *([screen.home] if screen.home else [])]:
                if view.id == view_id or (external_id and view.given.get("external_id") == external_id):
                    return view
        return None

    def drop_views(self, person_id: str, views: list[View]) -> None:
        """Take modals off a person's stack."""
        screen = self.screen(person_id)
        screen.modals = [view for view in screen.modals if view not in views]
        self.changes.note(f"person:{person_id}")

    def fail(self, person_id: str, text: str, *, code: str, detail: str = "") -> None:
        """A failure is shown to a person; `detail` is for who builds the app."""
        screen = self.screen(person_id)
        screen.failures.append({"at": self.clock(), "text": text, "code": code, "detail": detail})
        del screen.failures[:-50]
        self.changes.note(f"person:{person_id}")
