"""What pickers offer: people and channels a person can see, and the options an app suggests."""

from __future__ import annotations

from typing import Any

from bot.sandbox.blockkit import all_options, check_blocks
from bot.sandbox.forms import ImpossibleError
from bot.sandbox.limits import SUGGESTIONS
from bot.sandbox.people import Person
from bot.sandbox.workspace import Workspace

Json = dict[str, Any]


def check_choice(workspace: Workspace, person: Person, element: Json, value: Any) -> None:
    """Raise ImpossibleError when a picker of people or channels would not have offered `value` to this person."""
    chosen = value if isinstance(value, list) else [value] if value else []
    kind = element["type"].removeprefix("multi_")
    if kind == "users_select":
        for item in chosen:
            found = workspace.people.get(str(item))
            if found is None or found.deactivated:
                raise ImpossibleError(f"{item!r} is not in the people picker")
    if kind in {"channels_select", "conversations_select"}:
        filtered = element.get("filter", {})
        include = filtered.get("include", ["public", "private", "im", "mpim"])
        kinds = ["public"] if kind == "channels_select" else include
        for item in chosen:
            channel = workspace.channels.get(str(item))
            shown = channel is not None and (channel.kind == "public_channel" or channel.has(person.id))
            if channel is None or not shown or channel.archived:
                raise ImpossibleError(f"{item!r} is not in the channel picker")
            outside = channel.shared and filtered.get("exclude_external_shared_channels")
            if outside or channel.kind.removesuffix("_channel") not in kinds:
                raise ImpossibleError(f"{item!r} is filtered out of the channel picker")


def suggestion_findings(body: Json) -> list[str]:
    """What is wrong with the options an app answered a block_suggestion with."""
    if len(list(all_options(body))) > SUGGESTIONS:
        return [f"no more than {SUGGESTIONS} options"]
    element: Json = {"type": "static_select", "action_id": "suggestion"}
    if body.get("option_groups"):
        element["option_groups"] = body["option_groups"]
    elif body.get("options"):
        element["options"] = body["options"]
    else:
        return []
    return check_blocks("message", [{"type": "actions", "elements": [element]}])
