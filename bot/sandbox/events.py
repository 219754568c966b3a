"""The payloads an app is sent, in Slack's shapes: commands, interactions, views and events."""

from __future__ import annotations

import re
import secrets
from typing import Any

from bot.sandbox.channels import CREATED, Channel
from bot.sandbox.forms import STATE, Place
from bot.sandbox.messages import Message
from bot.sandbox.people import APP, BOT_USER, TEAM, TEAM_DOMAIN, People, Person, UserGroup
from bot.sandbox.views import View

Json = dict[str, Any]
VERIFICATION_TOKEN = "pocket-verification"  # noqa: S105 - the deprecated field Slack still fills
TEAM_OBJECT = {"id": TEAM, "domain": TEAM_DOMAIN}

_WORDS = re.compile(
    r"(?P<mail>[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)|(?<![\w.])@(?P<person>[a-z0-9._-]+)|(?<![\w.])#(?P<channel>[a-z0-9._-]+)"
)


def escape_command(text: str, people: People, channels: list[Channel]) -> str:
    """What a person typed after a command, as an app with `should_escape` gets it.

    `@handle` and `#channel` become ids with names, addresses are linked as Slack's client does, and &, < and >
    are escaped.
    """
    by_name = {channel.name: channel for channel in channels if channel.direct is None}
    by_handle = {person.name: person for person in people}
    teams = {group.handle: group for group in people.groups if not group.deactivated}

    def entity(match: re.Match[str]) -> str:
        if match["mail"]:
            return f"<mailto:{match['mail']}|{match['mail']}>"
        if match["person"] in by_handle:
            return f"<@{by_handle[match['person']].id}|{match['person']}>"
        if match["person"] in teams:
            return f"<!subteam^{teams[match['person']].id}|@{match['person']}>"
        channel = by_name.get(match["channel"] or "")
        if channel is not None:
            return f"<#{channel.id}|{'' if channel.private else channel.name}>"
        return match[0]

    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _WORDS.sub(entity, safe)


def slash_command(
    person: Person, channel: Channel, command: str, text: str, *, response_url: str, trigger_id: str
) -> Json:
    """The form fields of a slash command."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": person.team,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": "directmessage" if channel.direct else ("privategroup" if channel.private else channel.name),
        "user_id": person.id,
        "user_name": person.name,
        "command": command,
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def _head(kind: str, person: Person) -> Json:
    return {
        "type": kind,
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team},
        "api_app_id": APP,
        "token": VERIFICATION_TOKEN,
        "team": TEAM_OBJECT | {"id": person.team},  # the clicker's, not the app's
        "enterprise": None,
        "is_enterprise_install": False,
    }


def action_of(place: Place, state: Json | None, chosen: Json | None, ts: str) -> Json:
    """One entry of `actions`: the element, what was chosen, and when (`ts`)."""
    element = place.element
    action: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": place.block["block_id"],
        "action_ts": ts,
    }
    for name in ("text", "value", "style", "placeholder", "confirm"):
        if name in element and element["type"] in ("button", "overflow", *STATE):
            action[name] = element[name]
    if state is not None:
        action |= {key: value for key, value in state.items() if key != "type"}
    if chosen is not None:
        action["selected_option"] = chosen
    return action


def message_actions(
    person: Person,
    channel: Channel,
    message: Message,
    action: Json,
    *,
    response_url: str,
    trigger_id: str,
) -> Json:
    """block_actions from a message. An ephemeral one comes without `message`: Slack does not keep it."""
    payload = {
        **_head("block_actions", person),
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": message.ephemeral_to is not None,
        },
        "trigger_id": trigger_id,
        "channel": {"id": channel.id, "name": "directmessage" if channel.direct else channel.name},
        "state": {"values": message.values_for(person.id)},
        "response_url": response_url,
        "actions": [action],
    }
    if message.thread_ts:
        payload["container"]["thread_ts"] = message.thread_ts
    if message.ephemeral_to is None:
        payload["message"] = message.as_slack()
    return payload


def view_actions(person: Person, view: View, action: Json, *, trigger_id: str) -> Json:
    """block_actions from a modal or Home."""
    return {
        **_head("block_actions", person),
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": trigger_id,
        "view": view.as_slack(),
        "actions": [action],
    }


def view_submission(person: Person, view: View, *, trigger_id: str) -> Json:
    """view_submission with every input's current value."""
    return {
        **_head("view_submission", person),
        "trigger_id": trigger_id,
        "view": view.as_slack(),
        "response_urls": [],
    }


def view_closed(person: Person, view: View, *, cleared: bool) -> Json:
    """view_closed; `cleared` when the whole stack went."""
    return {**_head("view_closed", person), "view": view.as_slack(), "is_cleared": cleared}


def block_suggestion(person: Person, place: Place, query: str, *, view: View | None, message: Message | None) -> Json:
    """What an external select asks while a person types."""
    payload = {
        **_head("block_suggestion", person),
        "action_id": place.element["action_id"],
        "block_id": place.block["block_id"],
        "value": query,
    }
    if view is not None:
        payload |= {"container": {"type": "view", "view_id": view.id}, "view": view.as_slack()}
    if message is not None:
        payload |= {
            "container": {"type": "message", "message_ts": message.ts, "channel_id": message.channel},
            "channel": {"id": message.channel},
            "message": message.as_slack(),
        }
    return payload


def message_action(
    person: Person, channel: Channel, message: Message, callback_id: str, *, response_url: str, trigger_id: str, ts: str
) -> Json:
    """A shortcut used at a message."""
    return {
        **_head("message_action", person),
        "callback_id": callback_id,
        "trigger_id": trigger_id,
        "response_url": response_url,
        "action_ts": ts,
        "message_ts": message.ts,
        "channel": {"id": channel.id, "name": "directmessage" if channel.direct else channel.name},
        "message": message.as_slack(),
    }


def shortcut(person: Person, callback_id: str, *, trigger_id: str, ts: str) -> Json:
    """A shortcut of the whole workspace: it stands at no message, and so has no response_url."""
    return {**_head("shortcut", person), "callback_id": callback_id, "trigger_id": trigger_id, "action_ts": ts}


def event_callback(event: Json, event_id: str, now: float) -> Json:
    """An event in the envelope of the Events API; `now` in seconds since the epoch."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM,
        "context_team_id": TEAM,
        "context_enterprise_id": None,
        "api_app_id": APP,
        "event": {**event, "event_ts": f"{now:.6f}"},
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(now),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": secrets.token_urlsafe(12),
    }


def app_home_opened(person: Person, channel: Channel, tab: str, home: View | None) -> Json:
    """A person opened the app's Home or Messages tab."""
    event: Json = {"type": "app_home_opened", "user": person.id, "channel": channel.id, "tab": tab}
    if home is not None and tab == "home":
        event["view"] = home.as_slack()
    return event


def spoken(message: Message, channel: Channel) -> Json:
    """message: somebody wrote, a person or an app, in a channel or in a thread."""
    return {**message.as_slack(), "channel": channel.id, "channel_type": _kind(channel)}


def respoken(subtype: str, before: Json, message: Message, channel: Channel, ts: str) -> Json:
    """message with the subtype message_changed or message_deleted: it has a `ts` of its own, and nobody's name."""
    what: Json = {"message": message.as_slack()} if subtype == "message_changed" else {"deleted_ts": message.ts}
    return {
        "type": "message",
        "subtype": subtype,
        "hidden": True,
        **what,
        "previous_message": before,
        "channel": channel.id,
        "channel_type": _kind(channel),
        "ts": ts,
    }


def _kind(channel: Channel) -> str:
    return "im" if channel.direct else ("group" if channel.private else "channel")


def membership(kind: str, person_id: str, channel: Channel) -> Json:
    """member_joined_channel or member_left_channel."""
    return {
        "type": kind,
        "user": person_id,
        "channel": channel.id,
        "channel_type": "G" if channel.private else "C",
        "team": TEAM,
    }


def channel_event(what: str, channel: Channel) -> Json:
    """channel_archive, group_left and the like; of a private channel they are called group_…."""
    kind = f"{'group' if channel.private else 'channel'}_{what}"
    if what == "rename":
        return {"type": kind, "channel": {"id": channel.id, "name": channel.name, "created": CREATED}}
    return {"type": kind, "channel": channel.id, "user": "U0ADA"}


def members_changed(group: UserGroup, before: list[str], previous: int) -> Json:
    """subteam_members_changed: who was added and removed, when, and when the change before that was."""
    added = [one for one in group.members if one not in before]
    removed = [one for one in before if one not in group.members]
    return {
        "type": "subteam_members_changed",
        "subteam_id": group.id,
        "team_id": TEAM,
        "date_previous_update": previous,
        "date_update": group.updated,
        "added_users": added,
        "added_users_count": str(len(added)),
        "removed_users": removed,
        "removed_users_count": str(len(removed)),
    }


def group_changed(kind: str, group: UserGroup) -> Json:
    """subteam_created or subteam_updated."""
    return {"type": kind, "subteam": group.as_slack(with_members=True)}


def account(kind: str, person: Person, *, with_email: bool, now: float) -> Json:
    """user_change or team_join."""
    return {
        "type": kind,
        "user": person.as_slack(with_email=with_email, with_locale=True),
        "cache_ts": int(now),
    }
