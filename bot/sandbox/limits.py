"""What Block Kit allows, as a table: blocks per surface, fields per block and element, and every bound.

Source: Slack's Block Kit reference (blocks, block elements, composition objects). This is the other side's
own copy: the product keeps its own table, and a disagreement between the two is a finding.
"""

from __future__ import annotations

from dataclasses import dataclass

BLOCKS_PER_SURFACE = {"message": 50, "modal": 100, "home": 100}
VIEW_BYTES = 250_000
VIEW_STACK = 3
MESSAGE_TEXT = 40_000
MARKDOWN_TOTAL = 12_000
PRIVATE_METADATA = 3_000
IDENTIFIER = 255
MODAL_LABEL = 24
SUGGESTIONS = 100
DATA_TABLE_TEXT = 10_000  # over all cells, of each table and of all of a message
CHARTS = 2
CHART_SERIES = 12
CHART_POINTS = 20
CHART_LABEL = 20
METADATA_BYTES = 8_000
FILE_BYTES = 1_073_741_824
SNIPPET_BYTES = 1_048_576
FILES_IN_INPUT = 10

_EVERYWHERE = {"actions", "card", "context", "divider", "header", "image", "input", "rich_text", "section", "video"}
BLOCKS_ON: dict[str, frozenset[str]] = {
    "message": frozenset(
        _EVERYWHERE
        | {"carousel", "container", "context_actions", "data_table", "data_visualization", "file", "markdown", "plan"}
        | {"table", "task_card"}
    ),
    "modal": frozenset(_EVERYWHERE | {"alert"}),
    "home": frozenset(_EVERYWHERE | {"carousel", "container", "data_table", "data_visualization", "table"}),
}

SELECTS = frozenset({"static_select", "external_select", "users_select", "conversations_select", "channels_select"})
MULTI_SELECTS = frozenset(f"multi_{kind}" for kind in SELECTS)
PICKERS = frozenset({"datepicker", "timepicker"})
CHOICES = frozenset({"checkboxes", "radio_buttons"})
TEXT_INPUTS = frozenset({"plain_text_input", "email_text_input", "url_text_input", "number_input"})

ELEMENTS_IN: dict[str, frozenset[str]] = {
    "section": SELECTS | MULTI_SELECTS | PICKERS | CHOICES | {"button", "image", "overflow", "workflow_button"},
    "actions": SELECTS | PICKERS | CHOICES | {"button", "overflow", "datetimepicker", "workflow_button"},
    "input": SELECTS
    | MULTI_SELECTS
    | PICKERS
    | CHOICES
    | TEXT_INPUTS
    | {"datetimepicker", "rich_text_input", "file_input"},
    "context_actions": frozenset({"feedback_buttons", "icon_button"}),
    "card": frozenset({"button"}),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What one field must be.

    `kind` names a check of `blockkit` (text, plain, string, flag, integer, url, option, options, groups, texts,
    elements, element, confirm, blocks, cells, chart, any); `low` and `high` bound characters, items or the number.
    """

    kind: str
    required: bool = False
    low: int = 0
    high: int | None = None
    each: int | None = None
    only: frozenset[str] = frozenset()


Rules = dict[str, Rule]

_ANY = Rule("any")
_FLAG = Rule("flag")
_IMAGE: Rules = {
    "image_url": Rule("url", high=3_000),
    "slack_file": _ANY,
    "alt_text": Rule("string", required=True, low=1, high=2_000),
}

BLOCK_RULES: dict[str, Rules] = {
    "section": {
        "text": Rule("text", high=3_000),
        "fields": Rule("texts", low=1, high=10, each=2_000),
        "accessory": Rule("element", only=ELEMENTS_IN["section"]),
        "expand": _FLAG,
    },
    "divider": {},
    "header": {"text": Rule("plain", required=True, high=150)},
    "image": {**_IMAGE, "title": Rule("plain", high=2_000)},
    "context": {"elements": Rule("context", required=True, low=1, high=10)},
    "actions": {"elements": Rule("elements", required=True, low=1, high=25, only=ELEMENTS_IN["actions"])},
    "context_actions": {
        "elements": Rule("elements", required=True, low=1, high=5, only=ELEMENTS_IN["context_actions"])
    },
    "input": {
        "label": Rule("plain", required=True, high=2_000),
        "element": Rule("element", required=True, only=ELEMENTS_IN["input"]),
        "hint": Rule("plain", high=2_000),
        "optional": _FLAG,
        "dispatch_action": _FLAG,
    },
    "markdown": {"text": Rule("string", required=True, low=1, high=MARKDOWN_TOTAL)},
    "rich_text": {"elements": Rule("list", required=True)},
    "video": {
        "alt_text": Rule("string", required=True),
        "title": Rule("plain", required=True, high=200),
        "thumbnail_url": Rule("url", required=True),
        "video_url": Rule("url", required=True),
        "title_url": Rule("url"),
        "author_name": Rule("string", high=50),
        "description": Rule("plain", high=200),
        "provider_name": Rule("string"),
        "provider_icon_url": Rule("url"),
    },
    "file": {
        "external_id": Rule("string", required=True),
        "source": Rule("string", required=True),
    },
    "table": {"rows": Rule("list", required=True, low=1, high=100), "column_settings": Rule("list", high=20)},
    "alert": {"text": Rule("text", required=True, high=200), "level": Rule("string")},
    "card": {
        "title": Rule("text", high=150),
        "subtitle": Rule("text", high=150),
        "body": Rule("text", high=200),
        "subtext": Rule("text", high=200),
        "hero_image": _ANY,
        "icon": _ANY,
        "slack_icon": _ANY,
        "actions": Rule("elements", low=1, high=3, only=ELEMENTS_IN["card"]),
    },
    "carousel": {"elements": Rule("list", required=True, low=1, high=10)},
    "container": {
        "title": Rule("text", high=150),
        "subtitle": Rule("text", high=150),
        "child_blocks": Rule("blocks", required=True, low=1, high=10),
        "icon": _ANY,
        "width": Rule("string"),
        "is_collapsible": _FLAG,
        "default_collapsed": _FLAG,
    },
    "plan": {"title": Rule("string", required=True), "tasks": Rule("list", high=50)},
    "task_card": {
        "task_id": Rule("string", required=True),
        "title": Rule("string", required=True),
        "status": Rule("string", required=True),
        "details": _ANY,
        "output": _ANY,
        "sources": _ANY,
    },
    "data_table": {
        "caption": Rule("string", required=True, low=1),
        "rows": Rule("cells", required=True, low=2, high=101),
        "page_size": Rule("integer", low=1, high=100),
        "row_header_column_index": Rule("integer", high=19),
    },
    "data_visualization": {"title": Rule("string", required=True, high=50), "chart": Rule("chart", required=True)},
}

_PLACEHOLDER = Rule("plain", high=150)
_COMMON: Rules = {"action_id": Rule("string", low=1, high=IDENTIFIER)}
_CHOOSING: Rules = {**_COMMON, "confirm": Rule("confirm"), "focus_on_load": _FLAG}
_PICKING: Rules = {**_CHOOSING, "placeholder": _PLACEHOLDER}
_TYPING: Rules = {
    **_COMMON,
    "placeholder": _PLACEHOLDER,
    "focus_on_load": _FLAG,
    "dispatch_action_config": _ANY,
}
_LISTED: Rules = {
    "options": Rule("options", low=1, high=100),
    "option_groups": Rule("groups", low=1, high=100),
}
_MANY: Rules = {"max_selected_items": Rule("integer", low=1)}
_FILTER: Rules = {"default_to_current_conversation": _FLAG, "filter": _ANY}
_RESPOND: Rules = {"response_url_enabled": _FLAG}

ELEMENT_RULES: dict[str, Rules] = {
    "button": {
        **_COMMON,
        "text": Rule("plain", required=True, high=75),
        "url": Rule("url", high=3_000),
        "value": Rule("string", high=2_000),
        "style": Rule("string", only=frozenset({"primary", "danger"})),
        "confirm": Rule("confirm"),
        "accessibility_label": Rule("string", high=75),
        "visible_to_user_ids": Rule("list", high=10),
    },
    "image": {**_IMAGE},
    "overflow": {**_COMMON, "options": Rule("options", required=True, low=1, high=5), "confirm": Rule("confirm")},
    "checkboxes": {
        **_CHOOSING,
        "options": Rule("options", required=True, low=1, high=10),
        "initial_options": Rule("options", low=1, high=10),
    },
    "radio_buttons": {
        **_CHOOSING,
        "options": Rule("options", required=True, low=1, high=10),
        "initial_option": Rule("option"),
    },
    "static_select": {**_PICKING, **_LISTED, "initial_option": Rule("option")},
    "multi_static_select": {**_PICKING, **_LISTED, **_MANY, "initial_options": Rule("options", low=1, high=100)},
    "external_select": {**_PICKING, "initial_option": Rule("option"), "min_query_length": Rule("integer")},
    "multi_external_select": {
        **_PICKING,
        **_MANY,
        "initial_options": Rule("options", low=1, high=100),
        "min_query_length": Rule("integer"),
    },
    "users_select": {**_PICKING, "initial_user": Rule("string", low=1)},
    "multi_users_select": {**_PICKING, **_MANY, "initial_users": Rule("list", low=1)},
    "conversations_select": {**_PICKING, **_FILTER, **_RESPOND, "initial_conversation": Rule("string", low=1)},
    "multi_conversations_select": {**_PICKING, **_FILTER, **_MANY, "initial_conversations": Rule("list", low=1)},
    "channels_select": {**_PICKING, **_RESPOND, "initial_channel": Rule("string", low=1)},
    "multi_channels_select": {**_PICKING, **_MANY, "initial_channels": Rule("list", low=1)},
    "datepicker": {**_PICKING, "initial_date": Rule("string", low=10, high=10)},
    "timepicker": {**_PICKING, "initial_time": Rule("string", low=5, high=5), "timezone": Rule("string")},
    "datetimepicker": {**_CHOOSING, "initial_date_time": Rule("integer", low=1_000_000_000, high=9_999_999_999)},
    "plain_text_input": {
        **_TYPING,
        "initial_value": Rule("string", high=3_000),
        "multiline": _FLAG,
        "min_length": Rule("integer", high=3_000),
        "max_length": Rule("integer", low=1, high=3_000),
    },
    "email_text_input": {**_TYPING, "initial_value": Rule("string")},
    "url_text_input": {**_TYPING, "initial_value": Rule("string")},
    "number_input": {
        **_TYPING,
        "is_decimal_allowed": Rule("flag", required=True),
        "initial_value": Rule("string"),
        "min_value": Rule("string"),
        "max_value": Rule("string"),
    },
    "rich_text_input": {**_TYPING, "initial_value": _ANY, "min_lines": _ANY, "max_lines": _ANY},
    "file_input": {**_COMMON, "filetypes": Rule("list"), "max_files": Rule("integer", low=1, high=10)},
    "workflow_button": {**_COMMON, "text": Rule("plain", required=True, high=75), "workflow": _ANY, "style": _ANY},
    "icon_button": {**_COMMON, "icon": _ANY, "text": Rule("plain", required=True), "value": _ANY, "confirm": _ANY},
    "feedback_buttons": {**_COMMON, "positive_button": _ANY, "negative_button": _ANY},
}

VIEW_RULES: dict[str, Rules] = {
    "modal": {
        "title": Rule("plain", required=True, high=MODAL_LABEL),
        "submit": Rule("plain", high=MODAL_LABEL),
        "close": Rule("plain", high=MODAL_LABEL),
        "blocks": Rule("any", required=True),
        "private_metadata": Rule("string", high=PRIVATE_METADATA),
        "callback_id": Rule("string", high=IDENTIFIER),
        "external_id": Rule("string", high=IDENTIFIER),
        "clear_on_close": _FLAG,
        "notify_on_close": _FLAG,
        "submit_disabled": _FLAG,
    },
    "home": {
        "blocks": Rule("any", required=True),
        "private_metadata": Rule("string", high=PRIVATE_METADATA),
        "callback_id": Rule("string", high=IDENTIFIER),
        "external_id": Rule("string", high=IDENTIFIER),
    },
}

# Slack's rate tiers: calls per minute, per method (T1..T4); posting has its own rule, one a second and channel.
TIERS = {"t1": 1, "t2": 20, "t3": 50, "t4": 100}
POST_PER_SECOND = 1.0
POST_BURST = 5
