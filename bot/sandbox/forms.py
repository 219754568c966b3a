"""Form state: what every input of a view or message holds, in Slack's exact shape, and what a submit must satisfy.

Pure. `Values` is `view.state.values`: block_id -> action_id -> the element's state.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.sandbox import strings
from bot.sandbox.blockkit import all_options
from bot.sandbox.limits import FILES_IN_INPUT

Json = dict[str, Any]
Values = dict[str, dict[str, Json]]

# element type -> (key of its value in the state, key of its initial value, value when empty)
STATE: dict[str, tuple[str, str, Any]] = {
    "plain_text_input": ("value", "initial_value", None),
    "email_text_input": ("value", "initial_value", None),
    "url_text_input": ("value", "initial_value", None),
    "number_input": ("value", "initial_value", None),
    "static_select": ("selected_option", "initial_option", None),
    "external_select": ("selected_option", "initial_option", None),
    "radio_buttons": ("selected_option", "initial_option", None),
    "users_select": ("selected_user", "initial_user", None),
    "conversations_select": ("selected_conversation", "initial_conversation", None),
    "channels_select": ("selected_channel", "initial_channel", None),
    "multi_static_select": ("selected_options", "initial_options", []),
    "multi_external_select": ("selected_options", "initial_options", []),
    "checkboxes": ("selected_options", "initial_options", []),
    "multi_users_select": ("selected_users", "initial_users", []),
    "multi_conversations_select": ("selected_conversations", "initial_conversations", []),
    "multi_channels_select": ("selected_channels", "initial_channels", []),
    "datepicker": ("selected_date", "initial_date", None),
    "timepicker": ("selected_time", "initial_time", None),
    "datetimepicker": ("selected_date_time", "initial_date_time", None),
    "rich_text_input": ("rich_text_value", "initial_value", None),
    "file_input": ("files", "initial_files", []),
}
EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>.]+(\.[^@\s<>.]+)+")
URL = re.compile(r"https?://[^\s]+")


class ImpossibleError(Exception):
    """A person could not do this in Slack's own client: no such choice, or not of the kind the element takes."""


@dataclass(frozen=True, slots=True)
class Place:
    """An interactive element and the block that holds it."""

    block: Json
    element: Json

    @property
    def in_input(self) -> bool:
        return self.block.get("type") == "input"

    @property
    def dispatches(self) -> bool:
        """Whether a change of it is told the app at once: outside input blocks always, inside if asked for."""
        return not self.in_input or bool(self.block.get("dispatch_action"))


def places(blocks: list[Json]) -> Iterator[Place]:
    """Every interactive element of some blocks, in order."""
    for block in blocks:
        kind = block.get("type")
        if kind == "input":
            yield Place(block, block["element"])
        elif kind in {"actions", "context_actions"}:
            for element in block["elements"]:
                yield Place(block, element)
        elif kind == "section" and block.get("accessory", {}).get("action_id"):
            yield Place(block, block["accessory"])
        elif kind == "card":
            for element in block.get("actions", []):
                yield Place(block, element)
        elif kind == "container":
            yield from places(block.get("child_blocks", []))


def find_place(blocks: list[Json], action_id: str, block_id: str | None, value: Any = None) -> Place | None:
    """The element with this action id, in the named block if one is named; a button also by its value if one is."""
    for place in places(blocks):
        if place.element.get("action_id") == action_id and block_id in (None, place.block["block_id"]):
            if place.element["type"] == "button" and value not in (None, place.element.get("value")):
                continue
            return place
    return None


def initial_values(blocks: list[Json], kept: Values | None = None) -> Values:
    """The state of fresh blocks: initial values, or what `kept` holds for the same block id, action id and type."""
    values: Values = {}
    for place in places(blocks):
        kind = place.element["type"]
        if kind not in STATE:
            continue
        block_id, action_id = place.block["block_id"], place.element["action_id"]
        before = (kept or {}).get(block_id, {}).get(action_id)
        if before is not None and before["type"] == kind:
            values.setdefault(block_id, {})[action_id] = before
            continue
        key, initial, empty = STATE[kind]
        value = place.element.get(initial, list(empty) if isinstance(empty, list) else empty)
        values.setdefault(block_id, {})[action_id] = {"type": kind, key: value}
    return values


def _choose(element: Json, chosen: Any, offered: list[Json]) -> Json:
    wanted = chosen.get("value") if isinstance(chosen, dict) else chosen
    for option in [*all_options(element), *offered]:
        if option["value"] == wanted:
            return option
    raise ImpossibleError(f"{wanted!r} is not among the options of {element['action_id']}")


def _files(element: Json, chosen: list[Any], held: list[Json]) -> list[Json]:
    """The file objects of a file input, of those the person holds."""
    by_id = {file["id"]: file for file in held}
    most = element.get("max_files", FILES_IN_INPUT)
    if len(chosen) > most:
        raise ImpossibleError(f"{element['action_id']} takes at most {most} files")
    for item in chosen:
        if item not in by_id:
            raise ImpossibleError(f"{item!r} is no file of this person's")
        if element.get("filetypes") and by_id[item]["filetype"] not in element["filetypes"]:
            raise ImpossibleError(f"{by_id[item]['name']!r} is none of {', '.join(element['filetypes'])}")
    return [by_id[item] for item in chosen]


def element_state(element: Json, value: Any, offered: list[Json]) -> Json:
    """The state of an element after a person gave it `value`.

    Plain strings for text, dates and ids; an option's value for selects; lists of them where many may be chosen;
    None or [] empties it. `offered` are the options an external select showed, or the person's file objects.
    Raises ImpossibleError.
    """
    kind = element["type"]
    if kind not in STATE:
        raise ImpossibleError(f"{kind} holds no value")
    key, _, empty = STATE[kind]
    if isinstance(empty, list):
        if value is None:
            value = []
        if not isinstance(value, list):
            raise ImpossibleError(f"{element['action_id']} takes several values")
        if key == "files":
            return {"type": kind, key: _files(element, value, offered)}
        if key == "selected_options":
            value = [_choose(element, item, offered) for item in value]
        most = element.get("max_selected_items")
        if most is not None and len(value) > most:
            raise ImpossibleError(f"{element['action_id']} takes at most {most} values")
        return {"type": kind, key: value}
    if value is None or value == "":
        return {"type": kind, key: None}
    if key == "selected_option":
        return {"type": kind, key: _choose(element, value, offered)}
    if key == "value":
        return {"type": kind, key: str(value)}
    if key == "selected_date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)):
        raise ImpossibleError(f"{value!r} is not a date of the form YYYY-MM-DD")
    if key == "selected_time" and not re.fullmatch(r"\d\d:\d\d", str(value)):
        raise ImpossibleError(f"{value!r} is not a time of the form HH:MM")
    if key == "selected_date_time" and not isinstance(value, int):
        raise ImpossibleError(f"{value!r} is not a time in seconds since the epoch")
    return {"type": kind, key: value}


def _typed_error(element: Json, text: str) -> str | None:
    kind = element["type"]
    if kind == "plain_text_input":
        if len(text) < element.get("min_length", 0):
            return strings.TOO_SHORT.format(limit=element["min_length"])
        if len(text) > element.get("max_length", 3_000):
            return strings.TOO_LONG.format(limit=element.get("max_length", 3_000))
    if kind == "email_text_input" and not EMAIL.fullmatch(text):
        return strings.NOT_EMAIL
    if kind == "url_text_input" and not URL.fullmatch(text):
        return strings.NOT_URL
    if kind == "number_input":
        return _number_error(element, text)
    return None


def _number_error(element: Json, text: str) -> str | None:
    try:
        number = float(text) if element.get("is_decimal_allowed") else int(text)
    except ValueError:
        return strings.NOT_NUMBER
    if "min_value" in element and number < float(element["min_value"]):
        return strings.TOO_SMALL.format(limit=element["min_value"])
    if "max_value" in element and number > float(element["max_value"]):
        return strings.TOO_LARGE.format(limit=element["max_value"])
    return None


def submit_errors(blocks: list[Json], values: Values) -> dict[str, str]:
    """What the client itself objects to at Submit, by block id: the app hears nothing until this is empty."""
    errors: dict[str, str] = {}
    for place in places(blocks):
        if not place.in_input:
            continue
        block_id = place.block["block_id"]
        state = values[block_id][place.element["action_id"]]
        value = state[STATE[state["type"]][0]]
        if value in (None, "", []):
            if not place.block.get("optional"):
                errors[block_id] = strings.REQUIRED
        elif isinstance(value, str):
            problem = _typed_error(place.element, value)
            if problem is not None:
                errors[block_id] = problem
    return errors
