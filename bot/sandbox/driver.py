"""A small client of the pocket's JSON API: a person's hands and eyes for tests and for the tour."""

from __future__ import annotations

import base64
from typing import Any

from bot.sandbox.link import PocketError, body_of
from bot.sandbox.maildriver import MailDriver

__all__ = ["Pocket", "PocketError"]

Json = dict[str, Any]


class Pocket(MailDriver):
    """One sandbox, driven over HTTP. `person` is an id, handle or address; `channel` an id, `#name` or "dm".

    Acting methods give the API's answer: `ok`, and `error` or `errors` when the person was shown a failure.
    Use it as an async context manager.
    """

    # ------------------------------------------------------------ looking

    async def state(self, person: str) -> Json:
        """Everything in front of a person (see `pocket`)."""
        return await self.get("state", person=person)

    async def messages(self, person: str, channel: str) -> list[Json]:
        """What a person sees in a channel, oldest first, their own ephemerals included."""
        state = await self.state(person)
        return list(state["messages"][_channel_id(state, channel)])

    async def home(self, person: str) -> Json | None:
        """A person's App Home, or None."""
        view: Json | None = (await self.state(person))["home"]
        return view

    async def modal(self, person: str) -> Json | None:
        """The modal in front of a person, or None."""
        modal: Json | None = (await self.state(person))["modal"]
        return None if modal is None else dict(modal["view"])

    async def wait_message(
        self,
        person: str,
        channel: str,
        contains: str,
        *,
        timeout: float = 10.0,  # noqa: ASYNC109 - a deadline is its purpose
        after: str = "0",
    ) -> Json:
        """The newest message a person sees in a channel, later than ts `after`, whose text or blocks contain this."""

        async def look() -> Json | None:
            for message in reversed(await self.messages(person, channel)):
                if float(message["ts"]) > float(after) and contains in self.text(message):
                    return message
            return None

        found: Json = await self.wait_for(look, timeout, f"a message with {contains!r} in {channel} for {person}")
        return found

    async def wait_modal(
        self,
        person: str,
        *,
        contains: str = "",
        timeout: float = 10.0,  # noqa: ASYNC109 - a deadline is its purpose
    ) -> Json:
        """The modal in front of a person, once there is one that contains this."""

        async def look() -> Json | None:
            view = await self.modal(person)
            return view if view is not None and contains in self.text(view) else None

        found: Json = await self.wait_for(look, timeout, f"a modal with {contains!r} for {person}")
        return found

    async def wait_home(
        self,
        person: str,
        *,
        contains: str = "",
        timeout: float = 10.0,  # noqa: ASYNC109 - a deadline is its purpose
    ) -> Json:
        """A person's Home, once it contains this."""

        async def look() -> Json | None:
            view = await self.home(person)
            return view if view is not None and contains in self.text(view) else None

        found: Json = await self.wait_for(look, timeout, f"a Home with {contains!r} for {person}")
        return found

    @staticmethod
    def text(shown: Json) -> str:
        """All a reader sees of a message or view: its text, and every text in its blocks and title."""
        return "\n".join(_texts({key: shown.get(key) for key in ("text", "title", "blocks", "submit", "close")}))

    # ------------------------------------------------------------ acting

    async def command(self, person: str, channel: str, text: str) -> Json:
        """Type a slash command ("/group help")."""
        return await self.post("command", person=person, channel=channel, text=text)

    async def say(self, person: str, channel: str, text: str, *, thread: str | None = None) -> Json:
        """Write a message, in the thread of the one whose ts is named."""
        return await self.post("say", person=person, channel=channel, text=text, thread_ts=thread)

    async def click(
        self,
        person: str,
        action_id: str,
        *,
        channel: str | None = None,
        ts: str | None = None,
        home: bool = False,
        block_id: str | None = None,
        value: Any = None,
        timeout: float = 10.0,  # noqa: ASYNC109 - a deadline is its purpose
    ) -> Json:
        """Click, choose or type at an element, once it is there: in Home, at a message, or wherever in sight it is.

        Where several buttons share an action id, `value` (or `block_id`) says which. Without `home` or `channel`
        the top modal is looked at first, then all messages, newest first. With `channel` and no `ts` the newest
        message there that has the element.
        """
        if home:
            where: Json = {"home": True}
        elif channel is not None and ts is not None:
            where = {"channel": channel, "ts": ts}
        else:
            what = f"an element {action_id!r} for {person}"
            where = await self.wait_for(lambda: self._where(person, action_id, value, channel), timeout, what)
        return await self.post("act", person=person, action_id=action_id, block_id=block_id, value=value, **where)

    async def fill(self, person: str, values: Json, *, home: bool = False) -> Json:
        """Give the top modal's (or Home's) inputs values, by action id."""
        where: Json = {"home": True} if home else {"view": True}
        return await self.post("fill", person=person, values=values, **where)

    async def options(self, person: str, action_id: str, query: str) -> Json:
        """Type in an external select of the top modal."""
        return await self.post("options", person=person, view=True, action_id=action_id, query=query)

    async def attach(self, person: str, action_id: str, name: str, content: bytes) -> Json:
        """Choose a file for a file input of the top modal."""
        encoded = base64.b64encode(content).decode()
        file = (await self.post("attach", person=person, name=name, content=encoded))["file"]
        return await self.fill(person, {action_id: [file["id"]]})

    async def download(self, file: Json) -> bytes:
        """The octets of a file of a message."""
        async with self.session.get(f"{self.base}/pocket/file/{file['id']}") as answer:
            if answer.status != 200:
                raise PocketError(await answer.text())
            return await answer.read()

    async def shortcut(self, person: str, callback_id: str, *, channel: str = "", ts: str = "") -> Json:
        """Use a shortcut, at a message where one is named."""
        where: Json = {"channel": channel, "ts": ts} if ts else {}
        return await self.post("shortcut", person=person, callback_id=callback_id, **where)

    async def submit(self, person: str) -> Json:
        """Submit the top modal."""
        return await self.post("submit", person=person)

    async def close(self, person: str, *, everything: bool = False) -> Json:
        """Close the top modal, or all."""
        return await self.post("close", person=person, all=everything)

    async def open_home(self, person: str, tab: str = "home") -> Json:
        """Open the app's Home or Messages tab."""
        return await self.post("home", person=person, tab=tab)

    async def reload(self, person: str) -> Json:
        """Reload a person's client: ephemerals go."""
        return await self.post("reload", person=person)

    async def join(self, person: str, channel: str) -> Json:
        """Join a channel."""
        return await self.post("join", person=person, channel=channel)

    async def leave(self, person: str, channel: str) -> Json:
        """Leave a channel."""
        return await self.post("leave", person=person, channel=channel)

    async def edit_person(self, person: str, **fields: Any) -> Json:
        """Change a profile, or let somebody with a new id arrive."""
        async with self.session.post(f"{self.base}/pocket/person", json={"person": person, "fields": fields}) as answer:
            return await body_of(answer)

    async def user_group(self, handle: str, **fields: Any) -> str:
        """Make or change a user group; gives its id."""
        return str((await self.post("usergroup", handle=handle, fields=fields))["usergroup"])

    async def control(self, **fields: Any) -> Json:
        """Order faults, tiers, scopes, time (see `control`)."""
        return await self.post("control", **fields)

    async def _where(self, person: str, action_id: str, value: Any, channel: str | None) -> Json | None:
        state = await self.state(person)
        if channel is None and state["modal"] and _has(state["modal"]["view"], action_id, value):
            return {"view": state["modal"]["view"]["id"]}
        channels = [_channel_id(state, channel)] if channel is not None else list(state["messages"])
        found = [m for c in channels for m in state["messages"][c] if _has(m, action_id, value)]
        newest = max(found, key=lambda message: float(message["ts"]), default=None)
        return newest and {"channel": newest["channel"], "ts": newest["ts"]}


def _channel_id(state: Json, channel: str) -> str:
    for row in state["channels"]:
        if channel in (row["id"], f"#{row['name']}", row["name"]) or (channel == "dm" and row["kind"] == "im"):
            return str(row["id"])
    raise PocketError(f"{state['me']['name']} sees no channel {channel!r}")


def _has(shown: Json, action_id: str, value: Any) -> bool:
    return any(
        item.get("action_id") == action_id and (item.get("type") != "button" or value in (None, item.get("value")))
        for item in _objects(shown["blocks"])
    )


def _objects(value: Any) -> list[Json]:
    if isinstance(value, dict):
        return [value, *(found for part in value.values() for found in _objects(part))]
    if isinstance(value, list):
        return [found for part in value for found in _objects(part)]
    return []


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return own + [text for part in value.values() for text in _texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return []
