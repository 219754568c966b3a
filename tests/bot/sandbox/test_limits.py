"""The sandbox's table of limits beside an independent one (slackblocks), and the checker at each limit's edge."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slackblocks import _limits as oracle
from slackblocks import _surfaces as surfaces

from bot.sandbox import strings
from bot.sandbox.blockkit import check_blocks, check_view
from bot.sandbox.forms import element_state, initial_values, places, submit_errors
from bot.sandbox.limits import BLOCK_RULES, BLOCKS_ON, BLOCKS_PER_SURFACE, ELEMENT_RULES, Rule
from bot.sandbox.messages import with_ids
from tests.bot.sandbox.shapes import actions, button, option, plain, question, typed

BLOCK, ELEMENT = BLOCK_RULES, ELEMENT_RULES
PAIRS: list[tuple[Rule, str]] = [
    (BLOCK["section"]["text"], "TEXT_MAX_LENGTH"),
    (BLOCK["header"]["text"], "HEADER_TEXT_MAX_LENGTH"),
    (BLOCK["section"]["fields"], "SECTION_FIELDS_MAX_ITEMS"),
    (BLOCK["context"]["elements"], "CONTEXT_ELEMENTS_MAX_ITEMS"),
    (BLOCK["actions"]["elements"], "ACTIONS_ELEMENTS_MAX_ITEMS"),
    (BLOCK["context_actions"]["elements"], "CONTEXT_ACTIONS_ELEMENTS_MAX_ITEMS"),
    (BLOCK["input"]["label"], "INPUT_LABEL_MAX_LENGTH"),
    (BLOCK["input"]["hint"], "INPUT_HINT_MAX_LENGTH"),
    (BLOCK["table"]["rows"], "TABLE_ROWS_MAX_ITEMS"),
    (BLOCK["alert"]["text"], "ALERT_TEXT_MAX_LENGTH"),
    (BLOCK["card"]["title"], "CARD_TITLE_MAX_LENGTH"),
    (BLOCK["card"]["body"], "CARD_BODY_MAX_LENGTH"),
    (ELEMENT["button"]["text"], "BUTTON_TEXT_MAX_LENGTH"),
    (ELEMENT["button"]["value"], "BUTTON_VALUE_MAX_LENGTH"),
    (ELEMENT["button"]["url"], "BUTTON_URL_MAX_LENGTH"),
    (ELEMENT["button"]["accessibility_label"], "BUTTON_ACCESSIBILITY_LABEL_MAX_LENGTH"),
    (ELEMENT["button"]["action_id"], "ACTION_ID_MAX_LENGTH"),
    (ELEMENT["overflow"]["options"], "OVERFLOW_OPTIONS_MAX_ITEMS"),
    (ELEMENT["checkboxes"]["options"], "CHECKBOXES_OPTIONS_MAX_ITEMS"),
    (ELEMENT["radio_buttons"]["options"], "RADIO_BUTTONS_OPTIONS_MAX_ITEMS"),
    (ELEMENT["static_select"]["options"], "SELECT_OPTIONS_MAX_ITEMS"),
    (ELEMENT["static_select"]["option_groups"], "SELECT_OPTION_GROUPS_MAX_ITEMS"),
    (ELEMENT["static_select"]["placeholder"], "SELECT_PLACEHOLDER_MAX_LENGTH"),
    (ELEMENT["plain_text_input"]["max_length"], "PLAIN_TEXT_INPUT_MAX_LENGTH_MAX"),
]


@pytest.mark.parametrize(("rule", "name"), PAIRS, ids=[name for _, name in PAIRS])
def test_the_two_tables_agree(rule: Rule, name: str) -> None:
    assert rule.high == getattr(oracle, name)


@pytest.mark.parametrize("surface", sorted(BLOCKS_ON))
def test_the_surfaces_agree(surface: str) -> None:
    assert BLOCKS_ON[surface] == dict(surfaces._BLOCK_TYPES_BY_SURFACE)[surface]  # type: ignore[index]  # the oracle has no types


@pytest.mark.parametrize("surface", sorted(BLOCKS_PER_SURFACE))
def test_one_block_more_than_fits_is_refused(surface: str) -> None:
    most = BLOCKS_PER_SURFACE[surface]
    divider: dict[str, Any] = {"type": "divider"}
    assert check_blocks(surface, [divider] * most) == []
    assert check_blocks(surface, [divider] * (most + 1)) == [
        f"no more than {most} items allowed [json-pointer:/blocks]"
    ]


def test_the_edge_of_a_text_is_still_inside() -> None:
    def section(size: int) -> list[dict[str, Any]]:
        return [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * size}}]

    assert check_blocks("message", section(3_000)) == []
    assert check_blocks("message", section(3_001)) == [
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    ]


def table(*cells: dict[str, Any], **more: Any) -> dict[str, Any]:
    head = {"type": "raw_text", "text": "x"}
    return {"type": "data_table", "caption": "x", "rows": [[head], *([cell] for cell in cells)], **more}


def raw(size: int) -> dict[str, Any]:
    return {"type": "raw_text", "text": "x" * size}


RICH = {
    "type": "rich_text",
    "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x" * 9_999}]}],
}
TOGETHER = "must be less than 10001 characters together [json-pointer:/blocks"


@pytest.mark.parametrize(
    ("blocks", "says"),
    [
        ([table(raw(9_999))], []),
        ([table(raw(5_000), raw(5_000))], [f"{TOGETHER}/0/rows]"]),
        ([table(RICH)], []),
        ([table(RICH, raw(1))], [f"{TOGETHER}/0/rows]"]),
        ([table(raw(4_999)), table(raw(4_999))], []),
        ([table(raw(4_999)), table(raw(5_000))], [f"data tables {TOGETHER}]"]),
        ([table(raw(1), page_size=100)], []),
        ([table(raw(1), page_size=101)], ["must be between 1 and 100 [json-pointer:/blocks/0/page_size]"]),
        ([table({"type": "raw_number", "value": 2, "text": "2"})], []),
        (
            [table({"type": "raw_number", "value": 2})],
            ["missing required field: text [json-pointer:/blocks/0/rows/1/0]"],
        ),
        (
            [table({"type": "raw_number", "value": "2", "text": "2"})],
            ["must provide a number [json-pointer:/blocks/0/rows/1/0/value]"],
        ),
        (
            [table(raw(1)) | {"rows": [[RICH], [raw(1)]]}],
            ["unsupported type: rich_text [json-pointer:/blocks/0/rows/0/0/type]"],
        ),
    ],
)
def test_what_a_data_table_may_hold(blocks: list[dict[str, Any]], says: list[str]) -> None:
    assert check_blocks("message", blocks) == says


@pytest.mark.parametrize("junk", [None, 7, "x", {}, [], [[]], [{"type": []}], {"type": "section", "text": 7}])
def test_junk_is_a_finding_not_an_accident(junk: Any) -> None:
    assert check_blocks("message", [junk])
    assert check_blocks("message", [{"type": "actions", "elements": junk}, {"type": "section", "accessory": junk}])


VALID: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "x"}, "accessory": button("a")},
    actions(
        button("b"),
        {
            "type": "static_select",
            "action_id": "s",
            "option_groups": [{"label": plain("G"), "options": [option("one")]}],
            "initial_option": option("one"),
        },
        {"type": "overflow", "action_id": "o", "options": [option("one")]},
    ),
    {"type": "context", "elements": [plain("x"), {"type": "image", "image_url": "https://x", "alt_text": "x"}]},
    question("q", typed("t", max_length=5)),
    {"type": "container", "child_blocks": [actions(button("c"), block_id="inner")]},
]
JUNK = st.one_of(st.none(), st.integers(), st.text(max_size=3), st.just([]), st.just({}), st.just([7]), st.booleans())


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at] * bool(at) + [path for key, part in inner for path in _paths(part, (*at, key))]


@settings(deadline=None, max_examples=400)
@given(st.data())
def test_whatever_passes_the_checker_can_be_shown_and_filled(data: st.DataObject) -> None:
    blocks = copy.deepcopy(VALID)
    assert check_blocks("message", blocks) == []
    path = data.draw(st.sampled_from(_paths(blocks)))
    holder: Any = blocks
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = data.draw(JUNK)
    if not check_blocks("message", blocks):
        assert initial_values(with_ids(blocks)) is not None
        assert all(place.element["action_id"] for place in places(with_ids(blocks)))


@pytest.mark.parametrize("junk", [None, [], 7, {"type": []}, {"type": "modal", "blocks": 7}, {"type": "home"}])
def test_junk_for_a_view_is_a_finding_too(junk: Any) -> None:
    assert check_view(junk)


@pytest.mark.parametrize(
    ("element", "value", "says"),
    [
        (typed("a", min_length=3), "ab", strings.TOO_SHORT.format(limit=3)),
        (typed("a", max_length=3), "abcd", strings.TOO_LONG.format(limit=3)),
        (typed("a", max_length=3), "abc", None),
        ({"type": "url_text_input", "action_id": "a"}, "example.org", strings.NOT_URL),
        ({"type": "url_text_input", "action_id": "a"}, "https://example.org", None),
        ({"type": "email_text_input", "action_id": "a"}, "a@b", strings.NOT_EMAIL),
        ({"type": "email_text_input", "action_id": "a"}, "a@b.example", None),
        ({"type": "number_input", "action_id": "a", "is_decimal_allowed": False}, "1.5", strings.NOT_NUMBER),
        ({"type": "number_input", "action_id": "a", "is_decimal_allowed": True}, "1.5", None),
        (
            {"type": "number_input", "action_id": "a", "is_decimal_allowed": True, "min_value": "2"},
            "1.5",
            strings.TOO_SMALL.format(limit=2),
        ),
        ({"type": "users_select", "action_id": "a"}, None, strings.REQUIRED),
    ],
)
def test_the_client_itself_objects_to(element: dict[str, Any], value: Any, says: str | None) -> None:
    blocks = [question("q", element)]
    values = {"q": {"a": element_state(element, value, [])}}
    assert submit_errors(blocks, values) == ({} if says is None else {"q": says})
    blank = {"q": {"a": element_state(element, None, [])}}
    assert submit_errors([question("q", element, optional=True)], blank) == {}
