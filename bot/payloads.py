"""What Slack hands a handler, as values: a command, a click, a submission; and what a submission is answered with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.views.blocks import View
from bot.views.ids import handler_of

Payload = Mapping[str, Any]
# Subtypes of messages that people type: with a file, shown in the channel too, and by /me.
TYPED = frozenset({None, "file_share", "thread_broadcast", "me_message"})


def row_id(text: str) -> int:
    """What a client brought back, as the id it should be; -1 for anything else, which no row has."""
    return int(text) if text.isdecimal() and len(text) < 19 else -1


def sound(value: Any) -> Any:
    """A payload without what JSON can hold and no database takes as text: NUL, and one half of a surrogate pair."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")
    if isinstance(value, Mapping):
        return {key: sound(one) for key, one in value.items()}
    return [sound(one) for one in value] if isinstance(value, list) else value


def page_number(text: str) -> int:
    """The same as the number of a page; the first one for anything else."""
    return int(text) if text.isdecimal() and 0 < len(text) < 7 and int(text) else 1


# ---------------------------------------------------------------- what comes from Slack


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command; `text` is as Slack escaped it."""

    text: str
    channel_id: str
    trigger_id: str
    response_url: str

    @classmethod
    def read(cls, body: Payload) -> Command:
        """From a slash command's payload."""
        return cls(
            text=sound(str(body.get("text") or "")),
            channel_id=str(body.get("channel_id", "")),
            trigger_id=str(body.get("trigger_id", "")),
            response_url=str(body["response_url"]),
        )


@dataclass(frozen=True, slots=True)
class Click:
    """Something that acts at once was used: in a message (`channel_id`, `ts`) or in a view (`view`). `thread` is the
    ts of the message that the one clicked answers, None where it answers none."""

    action_id: str
    value: str
    trigger_id: str
    response_url: str | None
    channel_id: str | None
    ts: str | None
    ephemeral: bool
    view: Payload | None
    action: Payload
    thread: str | None = None

    @property
    def number(self) -> int:
        """The value as the id it should be; -1 for anything else, which no row has."""
        return row_id(self.value)

    @classmethod
    def read(cls, body: Payload) -> Click:
        """From a block_actions payload."""
        action = sound(body["actions"][0])
        container = body.get("container") or {}
        value = action.get("value") or (action.get("selected_option") or {}).get("value") or ""
        return cls(
            action_id=handler_of(str(action["action_id"])),
            value=str(value),
            trigger_id=str(body.get("trigger_id", "")),
            response_url=body.get("response_url"),
            channel_id=container.get("channel_id") or (body.get("channel") or {}).get("id"),
            ts=container.get("message_ts"),
            ephemeral=bool(container.get("is_ephemeral")),
            view=sound(body.get("view")),
            action=action,
            thread=container.get("thread_ts") if container.get("thread_ts") != container.get("message_ts") else None,
        )


@dataclass(frozen=True, slots=True)
class Submission:
    """A modal was submitted; `view` is Slack's, with the inputs' values in its state."""

    form: str
    metadata: str
    trigger_id: str
    view: Payload

    @property
    def view_id(self) -> str:
        return str(self.view["id"])

    @classmethod
    def read(cls, body: Payload) -> Submission:
        """From a view_submission payload."""
        view = sound(body["view"])
        return cls(
            form=str(view.get("callback_id", "")),
            metadata=str(view.get("private_metadata") or ""),
            trigger_id=str(body.get("trigger_id", "")),
            view=view,
        )


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A shortcut was used; `message` is the one it was used at, in the conversation `channel_id`; both are empty where
    it was used at none."""

    callback_id: str
    trigger_id: str
    response_url: str | None
    message: Payload
    channel_id: str = ""

    @classmethod
    def read(cls, body: Payload) -> Shortcut:
        """From a message_action or shortcut payload."""
        return cls(
            callback_id=str(body.get("callback_id", "")),
            trigger_id=str(body.get("trigger_id", "")),
            response_url=body.get("response_url"),
            message=sound(body.get("message") or {}),
            channel_id=str((body.get("channel") or {}).get("id") or ""),
        )


@dataclass(frozen=True, slots=True)
class Typed:
    """A person typed something in the thread of the message at `thread_ts`. What it says is not taken along."""

    channel_id: str
    thread_ts: str
    ts: str
    slack_id: str

    @classmethod
    def read(cls, event: Payload) -> Typed | None:
        """From a message event; None for what stands in no thread, or no person typed: an app, an edit, a deletion."""
        if event.get("subtype") not in TYPED or event.get("bot_id") or event.get("hidden"):
            return None
        names = ("channel", "thread_ts", "ts", "user")
        where = [str(event.get(name) or "") for name in names]
        # Of a first message that is told again once it is answered, the two are the same.
        return cls(*where) if all(where) and event["thread_ts"] != event["ts"] else None


# ---------------------------------------------------------------- what a submission is answered with


@dataclass(frozen=True, slots=True)
class Errors:
    """The modal stays, with these texts at its inputs, by block id."""

    at: Mapping[str, str]

    def as_ack(self) -> dict[str, Any]:
        return {"response_action": "errors", "errors": {str(key): text for key, text in self.at.items()}}


@dataclass(frozen=True, slots=True)
class Update:
    """The modal becomes this view."""

    view: View

    def as_ack(self) -> dict[str, Any]:
        return {"response_action": "update", "view": self.view}


@dataclass(frozen=True, slots=True)
class Push:
    """This view is laid over the modal."""

    view: View

    def as_ack(self) -> dict[str, Any]:
        return {"response_action": "push", "view": self.view}


@dataclass(frozen=True, slots=True)
class Clear:
    """The whole stack of modals closes; None, as an answer, closes the topmost."""

    def as_ack(self) -> dict[str, Any]:
        return {"response_action": "clear"}


Answer = Errors | Update | Push | Clear | None
