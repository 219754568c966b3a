"""Events about channels, user groups and people, as what they leave in the store: a movement, or a mark to compare.

Nothing else is done while Slack waits; the keeper does the rest. A row is written before the acknowledgement, so that
Slack repeats what could not be, and what a bot that ended had not written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from store import following
from store.engine import Writing

Event = Mapping[str, Any]
Happening = Callable[[Writing, Event, str], Awaitable[None]]


def _movement(*, inside: bool) -> Happening:
    async def note(tx: Writing, event: Event, us: str) -> None:
        if event["user"] == us:  # invited or removed: we can read it now, or no more
            await following.changed(tx, str(event["channel"]))
        else:
            await following.moved(tx, str(event["channel"]), {str(event["user"]): inside}, str(event["event_ts"]))

    return note


async def _members_changed(tx: Writing, event: Event, us: str) -> None:
    people = {str(one): True for one in event.get("added_users") or ()}
    people |= {str(one): False for one in event.get("removed_users") or ()}
    counted = int(event.get("added_users_count") or 0) + int(event.get("removed_users_count") or 0)
    source = str(event["subteam_id"])
    await following.members_changed(
        tx,
        source,
        people,
        previous=int(event["date_previous_update"]),
        mark=int(event["date_update"]),
        at=str(event["event_ts"]),
    )
    if counted > len(people):  # Slack names some of many
        await following.changed(tx, source)


async def _channel_changed(tx: Writing, event: Event, us: str) -> None:
    channel = event["channel"]
    await following.changed(tx, str(channel["id"] if isinstance(channel, dict) else channel))


async def _user_group_changed(tx: Writing, event: Event, us: str) -> None:
    await following.changed(tx, str(event["subteam"]["id"]))


def user_group_of(event: Event) -> str:
    """The user group that an event is about; "" for another's."""
    return str(event.get("subteam_id") or (event.get("subteam") or {}).get("id") or "")


PROFILES = ("user_change", "team_join")  # of these the directory learns

# A rename is no event for us: whatever we say names channels by their ids, and Slack shows the name of the moment.
HAPPENINGS: Mapping[str, Happening] = {
    "member_joined_channel": _movement(inside=True),
    "member_left_channel": _movement(inside=False),
    "channel_archive": _channel_changed,
    "channel_unarchive": _channel_changed,
    "channel_deleted": _channel_changed,
    "channel_left": _channel_changed,
    "group_archive": _channel_changed,
    "group_unarchive": _channel_changed,
    "group_deleted": _channel_changed,
    "group_left": _channel_changed,
    "subteam_members_changed": _members_changed,
    "subteam_updated": _user_group_changed,
}
