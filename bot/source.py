"""What a group follows, as Slack shows it: who is in it, or why that cannot be known."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from bot.faults import Denied, Gone, RateLimited
from bot.slack import Slack
from store.followers import USER_GROUP

T = TypeVar("T")
# Slack's words for what a person can mend -> what the card about it says.
CODES = {
    "channel_not_found": "unseen",
    "not_in_channel": "uninvited",
    "is_archived": "archived",
    "no_such_subteam": "no_group",
    "missing_scope": "no_scope",
    "paid_only": "paid",
    "paid_teams_only": "paid",
    "plan_upgrade_required": "paid",
}


class Unreadable(Exception):  # noqa: N818 - an answer to people who can mend it
    """Who is in the source cannot be known; `code` says why, as `roster.trouble.<code>` of the catalogue."""

    def __init__(self, code: str, name: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.name = name


@dataclass(frozen=True, slots=True)
class Source:
    """A channel or user group that can be followed: its name as people write it, a user group's last change, and
    whether only those in it may know who is."""

    id: str
    name: str
    mark: int | None = None
    private: bool = False


async def look(slack: Slack, source_id: str) -> Source:
    """The source, if we can read it and hear of its changes. Raises Unreadable, and other SlackFaults."""
    try:
        if source_id.startswith(USER_GROUP):
            found = await slack.user_group(source_id)
            if found.disabled:
                raise Unreadable("disabled", found.handle)
            return Source(source_id, found.handle, found.changed)
        channel = await slack.channel(source_id)
    except (Gone, Denied) as fault:
        raise _unreadable(fault, source_id) from None
    if channel.direct:
        raise Unreadable("direct")
    if channel.archived:
        raise Unreadable("archived", channel.name)
    if not channel.member:
        # A public channel's people could be listed all the same, but nobody would tell us who comes and goes.
        raise Unreadable("uninvited", channel.name)
    return Source(source_id, channel.name, private=channel.private)


async def people(slack: Slack, source_id: str, going_on: Callable[[], Awaitable[None]]) -> list[str]:
    """The Slack ids of everybody in the source. Rate limits are waited out; `going_on` is called at each step.

    Raises Unreadable, and other SlackFaults.
    """
    try:
        if source_id.startswith(USER_GROUP):
            return await patiently(lambda: slack.in_user_group(source_id), going_on)
        found: list[str] = []
        cursor = ""
        while True:
            page, cursor = await patiently(lambda cursor=cursor: slack.members(source_id, cursor), going_on)  # type: ignore[misc]  # bound now
            found += page
            if not cursor:
                return found
            await going_on()
    except (Gone, Denied) as fault:
        raise _unreadable(fault, source_id) from None


async def patiently(call: Callable[[], Awaitable[T]], going_on: Callable[[], Awaitable[None]]) -> T:
    """What a call gives, made again for as long as Slack asks to wait."""
    while True:
        try:
            return await call()
        except RateLimited as limit:
            await going_on()
            await asyncio.sleep(limit.seconds)


def _unreadable(fault: Gone | Denied, source_id: str) -> Exception:
    code = CODES.get(fault.error)
    if code is None:
        return fault
    return Unreadable("no_scope_channel" if code == "no_scope" and not source_id.startswith(USER_GROUP) else code)
