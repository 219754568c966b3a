"""Block Kit's limits, and a check of a whole view against them.

Constants of docs.slack.dev as of 2026-11. `check` is for tests and development; `blocks` cuts texts as it builds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any


class Surface(StrEnum):
    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"


BLOCKS = {Surface.MESSAGE: 50, Surface.MODAL: 100, Surface.HOME: 100}
NEWER = {"data_table", "data_visualization"}  # refused where a workspace does not have them yet
KINDS = {
    Surface.MESSAGE: {"actions", "context", "divider", "header", "section", "image", "rich_text"} | NEWER,
    Surface.MODAL: {"actions", "context", "divider", "header", "section", "image", "rich_text", "input"},
    Surface.HOME: {"actions", "context", "divider", "header", "section", "image", "rich_text", "input"},
}
MESSAGE_TEXT = 4_000
SECTION_TEXT = 3_000
FIELD_TEXT = 2_000
FIELDS = 10
HEADER_TEXT = 150
CONTEXT_ELEMENTS = 10
ACTIONS_ELEMENTS = 25
BUTTON_TEXT = 75
BUTTON_VALUE = 2_000
ACCESSIBILITY = 75
ID = 255
OPTION_TEXT = 75
OPTION_VALUE = 150
OPTIONS = 100
FEW_OPTIONS = 10
MENU_OPTIONS = 5
CONFIRM_TITLE = 100
CONFIRM_TEXT = 300
CONFIRM_BUTTON = 30
PLACEHOLDER = 150
LABEL = 2_000
INPUT_LENGTH = 3_000
MODAL_TITLE = 24
TABLE_ROWS = 100  # beside the head; as many can be shown at once
TABLE_TEXT = 10_000  # over all cells of a message's tables, heads included
CAPTION = 300
CHART_TITLE = 50
METADATA = 3_000

# Where a text stands -> how long it may be; the path is the key of the parent and of the text.
TEXTS: Mapping[tuple[str, str], int] = {
    ("section", "text"): SECTION_TEXT,
    ("section", "fields"): FIELD_TEXT,
    ("header", "text"): HEADER_TEXT,
    ("context", "elements"): SECTION_TEXT,
    ("button", "text"): BUTTON_TEXT,
    ("input", "label"): LABEL,
    ("input", "hint"): LABEL,
    ("confirm", "title"): CONFIRM_TITLE,
    ("confirm", "text"): CONFIRM_TEXT,
    ("confirm", "confirm"): CONFIRM_BUTTON,
    ("confirm", "deny"): CONFIRM_BUTTON,
    ("option", "text"): OPTION_TEXT,
    ("option", "description"): OPTION_TEXT,
    ("modal", "title"): MODAL_TITLE,
    ("modal", "submit"): MODAL_TITLE,
    ("modal", "close"): MODAL_TITLE,
}
COUNTS: Mapping[tuple[str, str], int] = {
    ("section", "fields"): FIELDS,
    ("context", "elements"): CONTEXT_ELEMENTS,
    ("actions", "elements"): ACTIONS_ELEMENTS,
    ("static_select", "options"): OPTIONS,
    ("multi_static_select", "options"): OPTIONS,
    ("radio_buttons", "options"): FEW_OPTIONS,
    ("checkboxes", "options"): FEW_OPTIONS,
    ("overflow", "options"): MENU_OPTIONS,
    ("data_table", "rows"): TABLE_ROWS + 1,
}
STRINGS: Mapping[tuple[str, str], int] = {
    ("button", "value"): BUTTON_VALUE,
    ("button", "accessibility_label"): ACCESSIBILITY,
    ("option", "value"): OPTION_VALUE,
    ("modal", "private_metadata"): METADATA,
    ("data_table", "caption"): CAPTION,
    ("data_visualization", "title"): CHART_TITLE,
}

NUMBERS: Mapping[tuple[str, str], range] = {("data_table", "page_size"): range(1, TABLE_ROWS + 1)}


def check(surface: Surface, blocks: Sequence[Mapping[str, Any]]) -> list[str]:
    """What Slack would refuse in these blocks, each with the path to it; empty if nothing."""
    found: list[str] = []
    if not 0 < len(blocks) <= BLOCKS[surface]:
        found.append(f"{len(blocks)} blocks")
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    found += [f"block_id {i!r} twice" for i in sorted({i for i in ids if ids.count(i) > 1})]
    for n, block in enumerate(blocks):
        if block["type"] not in KINDS[surface]:
            found.append(f"/{n}: a {surface} has no {block['type']}")
        found += _walk(f"/{n}", str(block["type"]), block)
        actions = [element["action_id"] for element in _elements(block) if "action_id" in element]
        found += [f"/{n}: action_id {a!r} twice" for a in sorted({a for a in actions if actions.count(a) > 1})]
    told = sum(len(cell.get("text", "")) for b in blocks for row in b.get("rows", ()) for cell in row)
    if told > TABLE_TEXT:
        found.append(f"{told} characters in tables, {TABLE_TEXT} fit")
    return found


def check_view(view: Mapping[str, Any]) -> list[str]:
    """The same for a modal or an App Home with everything around its blocks."""
    surface = Surface(view["type"])
    found = check(surface, view["blocks"])
    shell = {key: value for key, value in view.items() if key != "blocks"}
    found += _walk("", str(view["type"]), shell)
    if surface is Surface.MODAL and "submit" not in view and any(b["type"] == "input" for b in view["blocks"]):
        found.append("inputs without submit")
    return found


def _elements(block: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from block.get("elements", ())
    for key in ("element", "accessory"):
        if key in block:
            yield block[key]


def _walk(path: str, kind: str, item: Mapping[str, Any]) -> Iterator[str]:
    for key in ("action_id", "block_id", "callback_id", "external_id"):
        if key in item and not 0 < len(item[key]) <= ID:
            yield f"{path}/{key}: {len(item[key])} characters"
    if kind == "section" and not item.get("text") and not item.get("fields"):
        yield f"{path}: neither text nor fields"
    for key, value in item.items():
        where = (kind, key)
        if where in COUNTS and not 0 < len(value) <= COUNTS[where]:
            yield f"{path}/{key}: {len(value)} of them"
        if where in STRINGS and len(value) > STRINGS[where]:
            yield f"{path}/{key}: {len(value)} characters"
        if where in NUMBERS and value not in NUMBERS[where]:
            yield f"{path}/{key}: {value}"
        for n, inner in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(inner, Mapping):
                continue
            here = f"{path}/{key}/{n}" if isinstance(value, list) else f"{path}/{key}"
            if inner.get("type") in {"plain_text", "mrkdwn"}:
                limit = PLACEHOLDER if key == "placeholder" else TEXTS.get(where, SECTION_TEXT)
                if not 0 < len(inner["text"]) <= limit:
                    yield f"{here}: {len(inner['text'])} characters, {limit} fit"
            else:
                # Options and confirm dialogs have no type of their own.
                name = "option" if key in {"options", "option", "initial_option", "initial_options"} else key
                yield from _walk(here, str(inner.get("type", name)), inner)
