"""Cards, reports and alarms: within Slack's limits, harmless, and saying what is true."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slackblocks import _limits as oracle
from slackblocks._surfaces import validate_surface_blocks

from bot.views import alarms, cards, decide, limits, reports
from bot.views.ids import Action
from bot.views.limits import Surface
from store.terms import PostState, RequestState
from tests.bot.views import states

HOSTILE = "<!channel> <@U666> <#C666> <https://evil.example|Approve> *bold* :rotating_light: `x` ```y``` http://e.vil"
LONG = ["x" * 5_000, "& <" * 2_000, "_*" * 2_000, "\u202e" * 500 + "a", "", " ", "\n" * 300, "é" * 4_000]


def buttons(blocks: list[dict[str, Any]]) -> list[str]:
    """The action ids of all buttons, in order."""
    found = [element for block in blocks for element in [*block.get("elements", ()), block.get("accessory", {})]]
    return [element["action_id"] for element in found if element.get("type") == "button"]


@pytest.mark.parametrize("text", ["x", HOSTILE, *LONG])
def test_every_message_fits(text: str) -> None:
    for shown in states.messages(text):
        assert limits.check(Surface.MESSAGE, shown.blocks) == []
        validate_surface_blocks(shown.blocks, "message")
        assert 0 < len(shown.text) <= limits.MESSAGE_TEXT
        assert len(json.dumps(shown.blocks)) < 200_000


@pytest.mark.parametrize("text", ["x", HOSTILE, *LONG])
def test_every_view_fits(text: str) -> None:
    for view in states.views(text):
        assert limits.check_view(view) == []
        validate_surface_blocks(view["blocks"], "modal")
        assert len(json.dumps(view)) < 250_000


def ours_removed(text: str) -> str:
    """Without the tokens our own escape makes of ids and times."""
    return re.sub(r"<(?:@U[0-9A-Z]+|!date\^\d+\^[^|<>]*\|[^<>|]*)>", "", text)


@settings(max_examples=40, deadline=None)
@given(st.one_of(st.sampled_from([HOSTILE]), st.text(alphabet="<>&!@#*_~`:|\n abhtps/.", max_size=60), st.text()))
def test_nothing_from_outside_acts(text: str) -> None:
    for shown in states.messages(text):
        for said in strings([shown.text, shown.blocks]):
            assert not re.search(r"<[!@#h]|<mailto", ours_removed(said))
    for view in states.views(text):
        for said in strings(view):
            assert not re.search(r"<[!@#h]|<mailto", ours_removed(said))


def strings(value: Any) -> list[str]:
    """Every text in a structure that Slack reads as more than plain text: what a field is filled with is none."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = [part for name, part in value.items() if name != "initial_value"]
    inner = value if isinstance(value, list) else ()
    return [text for part in inner for text in strings(part)]


def test_every_mrkdwn_is_verbatim_and_no_text_makes_emoji() -> None:
    for shown in states.messages("x"):
        for found in texts(shown.blocks):
            assert found.get("verbatim") is True if found["type"] == "mrkdwn" else found.get("emoji") is False


def texts(value: Any) -> list[dict[str, Any]]:
    """Every text object in a structure."""
    if isinstance(value, dict):
        own = [value] if value.get("type") in {"mrkdwn", "plain_text"} else []
        return own + [found for part in value.values() for found in texts(part)]
    return [found for part in value for found in texts(part)] if isinstance(value, list) else []


def test_every_button_is_spoken_with_its_object() -> None:
    for shown in (cards.request("en", states.request_card("team")), cards.held("en", states.held_card("team"))):
        for block in shown.blocks:
            for element in block.get("elements", ()):
                if element.get("type") == "button":
                    assert "team" in element["accessibility_label"]
                    assert element["value"].isdecimal()


# ---------------------------------------------------------------- what they say


def test_a_waiting_request_has_buttons_and_a_decided_one_says_who_and_when() -> None:
    waiting = cards.request("en", states.request_card("team@g.example"))
    assert buttons(waiting.blocks) == [
        Action.REQUEST_APPROVE, Action.REQUEST_DENY, Action.REQUEST_BAN, Action.REQUEST_CLAIM,
    ]  # fmt: skip
    assert waiting.text == "<@U0LINUS> asks to join *team@g.example*."
    verdict = cards.Verdict("U0ADA", states.AT, "not today")
    denied = cards.request("en", states.request_card("t", state=RequestState.DENIED, verdict=verdict))
    assert buttons(denied.blocks) == []
    assert "Denied by <@U0ADA>, <!date^1772442000^" in denied.text
    assert "not today" in json.dumps(denied.blocks)


def test_a_request_of_a_deleted_group_says_so() -> None:
    shown = cards.request("en", states.request_card("t", state=RequestState.EXPIRED, deleted=True))
    assert "The group was deleted" in shown.text
    assert "The group was deleted" in cards.held("en", states.held_card(state=PostState.EXPIRED, deleted=True)).text
    told = cards.outcome("en", states.request_card("t", state=RequestState.EXPIRED, deleted=True))
    assert told.text == "The group *t* was deleted, and your request to join it with it."


def test_a_held_post_of_an_unproven_author_cannot_be_rejected_by_mail() -> None:
    proven, unproven = (cards.held("en", states.held_card("e@x", authenticated=is_)) for is_ in (True, False))
    assert buttons(proven.blocks) == [
        Action.POST_READ, Action.POST_WHY, Action.POST_RELEASE, Action.POST_REJECT, Action.POST_DISCARD,
        Action.POST_ALWAYS, Action.POST_BAN, Action.POST_CLAIM,
    ]  # fmt: skip
    assert {Action.POST_REJECT, Action.POST_ALWAYS}.isdisjoint(buttons(unproven.blocks))
    assert "Reject and always allow are not offered: nothing proves that e@x wrote this" in json.dumps(unproven.blocks)


def test_no_row_has_more_than_five_buttons() -> None:
    for shown in states.messages("x"):
        assert all(len(block["elements"]) <= 5 for block in shown.blocks if block["type"] == "actions")


def test_a_card_that_somebody_looks_at_says_who_on_every_copy() -> None:
    claim = decide.Claim("U0GRACE", states.AT)
    for shown in (
        cards.held("en", states.held_card("e@x", claim=claim)),
        cards.request("en", states.request_card("e@x", claim=claim)),
    ):
        assert "<@U0GRACE> is looking at it, since <!date^1772442000^" in json.dumps(shown.blocks)
        assert {Action.POST_UNCLAIM, Action.REQUEST_UNCLAIM} & set(buttons(shown.blocks))


@pytest.mark.parametrize(
    ("state", "undo", "wanted", "says"),
    [
        (PostState.REJECTED, {"undo": True, "letter": True}, [Action.POST_UNDO], "only then is the letter sent"),
        (PostState.DISCARDED, {"undo": True}, [Action.POST_UNDO], "Can be undone until"),
        (PostState.ACCEPTED, {"stop": True}, [Action.POST_STOP], "A release cannot be undone"),
        (PostState.ACCEPTED, {"allowed": True}, [Action.POST_UNDO], "Can be undone until"),
        (PostState.ACCEPTED, {}, [], ""),
    ],
)
def test_a_decided_card_offers_what_can_still_be_taken_back(
    state: PostState, undo: dict[str, bool], wanted: list[Action], says: str
) -> None:
    card = states.held_card("e@x", state=state, verdict=states.DECIDED, undo=decide.Undo(states.AT, **undo))
    shown = cards.held("en", card)
    assert buttons(shown.blocks) == wanted
    assert says in json.dumps(shown.blocks)


def test_a_held_post_shows_its_reasons_in_words_and_only_the_mail_it_may() -> None:
    shown = json.dumps(cards.held("en", states.held_card("Ω", subject=None, excerpt=None)).blocks, ensure_ascii=False)
    assert "Ω is not a member of Ω." in shown
    assert "• unheardˍof" not in shown
    assert "unheard_of" in shown  # a newer bridge's reason still brings the card
    assert "Subject" not in shown
    assert "A mail relay of yours has proven the author's address." in shown


@pytest.mark.parametrize("state", [PostState.ACCEPTED, PostState.REJECTED, PostState.DISCARDED])
def test_a_decided_post_says_who_and_when(state: PostState) -> None:
    shown = cards.held("en", states.held_card(state=state, verdict=states.DECIDED))
    assert buttons(shown.blocks) == []
    assert "by <@U0ADA>, <!date^" in shown.text
    assert "was held for a decision" in shown.text
    assert "waits" not in shown.text  # what a notification or a screen reader begins with


def test_the_report_counts_in_words() -> None:
    shown = reports.report("en", states.report("Minutes", waiting=None))
    assert (
        "relayed to 123 of 130 · 2 deferred · 1 failed · 3 bounced later · 1 skipped · 4 possibly twice" in shown.text
    )
    assert buttons(shown.blocks) == [Action.REPORT_DETAILS, Action.COMPOSE_ANSWER, Action.REPORT_WHY]


def test_the_report_leaves_out_what_did_not_happen() -> None:
    done = states.counts(deferred=0, failed=0, bounced=0, skipped=0, repeated=0, relayed=130)
    shown = reports.report("en", states.report("M", counts=done, finished=True, done_at=states.AT, waiting=None))
    assert shown.text.endswith("relayed to 130 of 130")
    assert "Finished <!date^" in json.dumps(shown.blocks)


def test_the_report_says_so_far_while_rows_are_made_and_nobody_where_there_are_none() -> None:
    assert "relayed to 123 so far" in reports.report("en", states.report(counts=states.counts(expected=None))).text
    nobody = reports.Counts(expected=0)
    assert "nobody got a copy" in reports.report("en", states.report(counts=nobody, finished=True)).text


@pytest.mark.parametrize(("why", "said"), [("limit", "limit is reached"), ("fault", "no contact is at fault")])
def test_the_report_says_why_copies_wait_and_until_when(why: str, said: str) -> None:
    shown = json.dumps(reports.report("en", states.report(waiting=reports.Waiting(why, states.AT))).blocks)
    assert said in shown
    assert "<!date^1772442000^" in shown


def test_test_steps_stop_at_what_has_not_come() -> None:
    made = reports.steps("en", reports.Steps("g", "a@b", states.AT, None, None))
    assert "1. Accepted" in json.dumps(made.blocks)
    assert "2. Your copy is being made." in json.dumps(made.blocks)
    assert "3." not in json.dumps(made.blocks)


def test_an_alarm_that_was_answered_has_no_buttons() -> None:
    assert buttons(alarms.post("en", alarms.PostAlarm(7, "g", "s", "554 5.2.0 no", states.AT, 3)).blocks) == [
        Action.ALARM_RETRY, Action.ALARM_STOP,
    ]  # fmt: skip
    assert buttons(alarms.post("en", alarms.PostAlarm(7, "g", "s", "", None, 0)).blocks) == []


# ---------------------------------------------------------------- the limits themselves


def test_our_limits_are_the_oracles() -> None:
    assert limits.SECTION_TEXT == oracle.SECTION_TEXT_MAX_LENGTH
    assert limits.FIELD_TEXT == oracle.SECTION_FIELDS_ITEM_MAX_LENGTH
    assert limits.FIELDS == oracle.SECTION_FIELDS_MAX_ITEMS
    assert limits.HEADER_TEXT == oracle.HEADER_TEXT_MAX_LENGTH
    assert limits.CONTEXT_ELEMENTS == oracle.CONTEXT_ELEMENTS_MAX_ITEMS
    assert limits.ACTIONS_ELEMENTS == oracle.ACTIONS_ELEMENTS_MAX_ITEMS
    assert limits.BUTTON_TEXT == oracle.BUTTON_TEXT_MAX_LENGTH
    assert limits.BUTTON_VALUE == oracle.BUTTON_VALUE_MAX_LENGTH
    assert limits.ACCESSIBILITY == oracle.BUTTON_ACCESSIBILITY_LABEL_MAX_LENGTH
    assert limits.ID == oracle.ACTION_ID_MAX_LENGTH == oracle.BLOCK_ID_MAX_LENGTH
    assert limits.OPTION_TEXT == oracle.OPTION_TEXT_MAX_LENGTH == oracle.OPTION_DESCRIPTION_MAX_LENGTH
    assert limits.OPTION_VALUE == oracle.OPTION_VALUE_MAX_LENGTH
    assert limits.OPTIONS == oracle.SELECT_OPTIONS_MAX_ITEMS
    assert limits.FEW_OPTIONS == oracle.RADIO_BUTTONS_OPTIONS_MAX_ITEMS == oracle.CHECKBOXES_OPTIONS_MAX_ITEMS
    assert limits.CONFIRM_TITLE == oracle.CONFIRMATION_TITLE_MAX_LENGTH
    assert limits.CONFIRM_TEXT == oracle.CONFIRMATION_TEXT_MAX_LENGTH
    assert limits.CONFIRM_BUTTON == oracle.CONFIRMATION_CONFIRM_MAX_LENGTH
    assert limits.PLACEHOLDER == oracle.SELECT_PLACEHOLDER_MAX_LENGTH
    assert limits.LABEL == oracle.INPUT_LABEL_MAX_LENGTH == oracle.INPUT_HINT_MAX_LENGTH
    assert limits.INPUT_LENGTH == oracle.PLAIN_TEXT_INPUT_MAX_LENGTH_MAX


@pytest.mark.parametrize(
    ("blocks", "found"),
    [
        ([], "0 blocks"),
        ([{"type": "divider"}] * 51, "51 blocks"),
        ([{"type": "input"}], "a message has no input"),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}], "/0/text: 3001 characters"),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": ""}}], "/0/text: 0 characters"),
        ([{"type": "section"}], "neither text nor fields"),
        ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "/0/text: 151 characters"),
        ([{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}], "block_id 'a' twice"),
        ([{"type": "divider", "block_id": "a" * 256}], "/0/block_id: 256"),
        ([{"type": "actions", "elements": [{"type": "button", "action_id": "a"}] * 2}], "action_id 'a' twice"),
        ([{"type": "actions", "elements": [{"type": "button", "value": "v" * 2001}]}], "value: 2001"),
        (
            [{"type": "actions", "elements": [{"type": "overflow", "options": [{"value": "v" * 151}]}]}],
            "/options/0/value: 151",
        ),
    ],
)
def test_the_check_finds(blocks: list[dict[str, Any]], found: str) -> None:
    assert any(found in problem for problem in limits.check(Surface.MESSAGE, blocks))


def test_the_check_of_a_modal_finds_what_is_around_its_blocks() -> None:
    title = {"type": "plain_text", "text": "x" * 25}
    view = {"type": "modal", "title": title, "private_metadata": "m" * 3001, "blocks": [{"type": "input"}]}
    assert limits.check_view(view) == [
        "/title: 25 characters, 24 fit", "/private_metadata: 3001 characters", "inputs without submit",
    ]  # fmt: skip


def test_the_report_says_who_got_none_and_why_and_where_it_was_passed_on() -> None:
    spared = reports.Counts(relayed=3, expected=9, addressed=2, elsewhere=3, own=1)
    outcomes = {"in@x.org": "accepted", "h@x.org": "held", "r@x.org": "rejected"}
    passed = [reports.Passed(address, outcome) for address, outcome in outcomes.items()]
    shown = reports.report("en", states.report("M", counts=spared, finished=True, passed=passed, hidden=2))
    said = "relayed to 3 of 9 · 2 already addressed · 3 got it by another group · 1 not sent back to its author"
    assert shown.text.endswith(said)
    where = "in@x.org, h@x.org (held for its moderators), r@x.org (not taken: its rules refuse it), 2 more groups"
    assert f"Passed on to {where}." in json.dumps(shown.blocks)


def test_a_group_of_groups_alone_is_not_a_group_of_nobody() -> None:
    nobody = reports.Counts(expected=0)
    passed = [reports.Passed("<!channel>@x.org", "already")]
    shown = reports.report("en", states.report(counts=nobody, finished=True, passed=passed))
    assert "no contacts besides groups" in shown.text
    assert "&lt;!channel&gt;@x.org (had it already)" in json.dumps(shown.blocks)


def test_a_hundred_groups_within_fit() -> None:
    passed = [reports.Passed(f"{'g' * 60}{n}@{'x' * 60}.org", "deep") for n in range(100)]
    shown = reports.report("en", states.report(passed=passed))
    assert limits.check(Surface.MESSAGE, shown.blocks) == []
    assert "90 more groups" in json.dumps(shown.blocks)
