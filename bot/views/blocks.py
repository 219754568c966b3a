"""Thin builders of Block Kit: every text is cut to its limit here, every mrkdwn is verbatim, no emoji from texts.

Texts come in ready: said by `store.texts` with their values escaped. What is only text from outside goes through
`escape` first; these builders do not escape, since they cannot tell ours from theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.views import limits
from bot.views.escape import cut, cut_closed
from bot.views.ids import Action, Field, Form

Block = dict[str, Any]
Element = dict[str, Any]
View = dict[str, Any]
BLANK = "–"  # Slack takes no empty text


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as it goes to Slack: the text that notifications and screen readers say, and the blocks.

    `instead` are plainer blocks that say the same, where a workspace refuses the newer kinds among `blocks`.
    """

    text: str
    blocks: list[Block]
    instead: list[Block] | None = None


def plain(text: str, limit: int = limits.SECTION_TEXT) -> dict[str, Any]:
    return {"type": "plain_text", "text": cut(text, limit) or BLANK, "emoji": False}


def mrkdwn(text: str, limit: int = limits.SECTION_TEXT) -> dict[str, Any]:
    """Verbatim: Slack makes no links of URLs, channel names or addresses it believes to see."""
    return {"type": "mrkdwn", "text": cut_closed(text, limit) or BLANK, "verbatim": True}


def shown(text: str, blocks: Sequence[Block], *, instead: Sequence[Block] | None = None) -> Shown:
    return Shown(
        cut_closed(text, limits.MESSAGE_TEXT) or BLANK, list(blocks), list(instead) if instead is not None else None
    )


# ---------------------------------------------------------------- blocks


def header(text: str) -> Block:
    return {"type": "header", "text": plain(text, limits.HEADER_TEXT)}


def section(text: str, *, accessory: Element | None = None, block_id: str | None = None) -> Block:
    return _with({"type": "section", "text": mrkdwn(text)}, accessory=accessory, block_id=block_id)


def fields(*texts: str) -> Block:
    """Up to ten short texts in two columns."""
    return {"type": "section", "fields": [mrkdwn(text, limits.FIELD_TEXT) for text in texts[: limits.FIELDS]]}


def context(*texts: str) -> Block:
    return {"type": "context", "elements": [mrkdwn(text) for text in texts[: limits.CONTEXT_ELEMENTS]]}


def divider() -> Block:
    return {"type": "divider"}


def actions(*elements: Element, block_id: str | None = None) -> Block:
    return _with({"type": "actions", "elements": list(elements)}, block_id=block_id)


def entry(
    field: Field | str, label: str, element: Element, *, hint: str | None = None, optional: bool = False,
    dispatch: bool = False,
) -> Block:  # fmt: skip
    """An input block; block id and action id are the field's, so an error finds its place."""
    return _with(
        {
            "type": "input",
            "block_id": str(field),
            "label": plain(label, limits.LABEL),
            "element": {**element, "action_id": str(field)},
            "optional": optional,
        },
        hint=plain(hint, limits.LABEL) if hint else None,
        dispatch_action=True if dispatch else None,
    )


# ---------------------------------------------------------------- elements


def button(
    label: str, action: Action | str, value: object = "", *, style: str | None = None,
    confirm: dict[str, Any] | None = None, spoken: str | None = None, url: str | None = None,
) -> Element:  # fmt: skip
    """`value` is an opaque id. `spoken` is what a screen reader says: the label with its object."""
    return _with(
        {"type": "button", "text": plain(label, limits.BUTTON_TEXT), "action_id": str(action)},
        value=str(value) or None,
        style=style,
        confirm=confirm,
        accessibility_label=cut(spoken, limits.ACCESSIBILITY) if spoken else None,
        url=url,
    )


def overflow(action: Action, options: Sequence[dict[str, Any]]) -> Element:
    """A menu of up to five options that act at once; Slack gives it no label, so each has to stand alone."""
    return {"type": "overflow", "action_id": str(action), "options": list(options)[: limits.MENU_OPTIONS]}


def confirm(title: str, text: str, yes: str, no: str, *, danger: bool = False) -> dict[str, Any]:
    return _with(
        {
            "title": plain(title, limits.CONFIRM_TITLE),
            "text": plain(text, limits.CONFIRM_TEXT),
            "confirm": plain(yes, limits.CONFIRM_BUTTON),
            "deny": plain(no, limits.CONFIRM_BUTTON),
        },
        style="danger" if danger else None,
    )


def option(text: str, value: object, *, description: str | None = None) -> dict[str, Any]:
    return _with(
        {"text": plain(text, limits.OPTION_TEXT), "value": str(value)},
        description=plain(description, limits.OPTION_TEXT) if description else None,
    )


def text_input(
    *, initial: str = "", placeholder: str = "", multiline: bool = False, longest: int | None = None,
) -> Element:  # fmt: skip
    return _with(
        {"type": "plain_text_input", "multiline": multiline},
        initial_value=initial[: longest or limits.INPUT_LENGTH] or None,
        placeholder=plain(placeholder, limits.PLACEHOLDER) if placeholder else None,
        max_length=longest,
    )


def select(options: Sequence[dict[str, Any]], *, initial: str | None = None, placeholder: str = "") -> Element:
    """One of up to 100 options; `initial` is a value among them."""
    return _with(
        {"type": "static_select", "options": list(options)[: limits.OPTIONS]},
        initial_option=next((o for o in options if o["value"] == initial), None),
        placeholder=plain(placeholder, limits.PLACEHOLDER) if placeholder else None,
    )


def external(label: str, *, initial: dict[str, Any] | None = None) -> Element:
    """A select whose options we are asked for as somebody types."""
    return _with(
        {"type": "external_select", "placeholder": plain(label, limits.PLACEHOLDER), "min_query_length": 0},
        initial_option=initial,
    )


def radio(options: Sequence[dict[str, Any]], *, initial: str | None = None) -> Element:
    return _with(
        {"type": "radio_buttons", "options": list(options)[: limits.FEW_OPTIONS]},
        initial_option=next((o for o in options if o["value"] == initial), None),
    )


def checkboxes(options: Sequence[dict[str, Any]], *, initial: Sequence[str] = ()) -> Element:
    chosen = [o for o in options if o["value"] in initial]
    return _with({"type": "checkboxes", "options": list(options)[: limits.FEW_OPTIONS]}, initial_options=chosen or None)


def file_input(kinds: Sequence[str], *, most: int) -> Element:
    """Files of these kinds (extensions), uploaded as they are chosen; needs the scope files:read."""
    return {"type": "file_input", "filetypes": list(kinds), "max_files": most}


def date(*, initial: str | None = None) -> Element:
    """A day; `initial` as YYYY-MM-DD."""
    return _with({"type": "datepicker"}, initial_date=initial)


def people(*, initial: Sequence[str] = (), placeholder: str = "") -> Element:
    """A picker of Slack people; `initial` are Slack ids."""
    return _with(
        {"type": "multi_users_select"},
        initial_users=list(initial) or None,
        placeholder=plain(placeholder, limits.PLACEHOLDER) if placeholder else None,
    )


def person() -> Element:
    """A picker of one Slack person."""
    return {"type": "users_select"}


def channel(
    *, initial: str | None = None, kinds: Sequence[str] = ("public", "private"), placeholder: str = ""
) -> Element:
    """A picker of channels, never of direct messages."""
    return _with(
        {
            "type": "conversations_select",
            # Where only private ones will do, others must not read along either.
            "filter": {
                "include": list(kinds),
                "exclude_bot_users": True,
                "exclude_external_shared_channels": "public" not in kinds,
            },
        },
        initial_conversation=initial,
        placeholder=plain(placeholder, limits.PLACEHOLDER) if placeholder else None,
    )


# ---------------------------------------------------------------- views


def modal(
    title: str, form: Form | str, blocks: Sequence[Block], *, submit: str | None = None, close: str | None = None,
    metadata: str = "",
) -> View:  # fmt: skip
    """`metadata` comes back with the submission, up to 3,000 characters; raises ValueError beyond."""
    if len(metadata) > limits.METADATA:
        raise ValueError(f"{len(metadata)} characters of private metadata")
    return _with(
        {
            "type": "modal",
            "callback_id": str(form),
            "title": plain(title, limits.MODAL_TITLE),
            "blocks": list(blocks)[: limits.BLOCKS[limits.Surface.MODAL]],
        },
        submit=plain(submit, limits.MODAL_TITLE) if submit else None,
        close=plain(close, limits.MODAL_TITLE) if close else None,
        private_metadata=metadata or None,
    )


def home(blocks: Sequence[Block]) -> View:
    return {"type": "home", "blocks": list(blocks)[: limits.BLOCKS[limits.Surface.HOME]]}


def _with(base: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return base | {key: value for key, value in optional.items() if value is not None}
