"""Directory, group, members, Home and pending: within Slack's limits, and nothing of what people wrote acts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.views import answers, groups, home, limits, members
from bot.views.groups import Line, Mine
from bot.views.ids import Action
from bot.views.limits import Surface
from store.terms import Reason, Receiving, RequestKind

NASTY = "<!channel> *b* <@UEVIL> `x` _i_ ~s~ <http://e.example|x> & :bomb: " + "y" * 200
AT = datetime(2026, 11, 24, 10, tzinfo=UTC)
FLAGS = ("", "contact", "moderator", "moderator_contact", "administrator", "administrator_moderator_contact")


def line(number: int) -> Line:
    return Line(
        group_id=number,
        address=f"{'g' * 48}@{'d' * 60}.example.org",
        name=NASTY,
        subscription=("open", "moderated", "closed")[number % 3],
        hidden=number % 2 == 0,
        paused=number % 5 == 0,
        mine=Mine(FLAGS[number % 6], list(Receiving)[number % 4]),
    )


def texts(item: object) -> Iterator[tuple[str, str]]:
    """Everything Slack would show or speak, with its kind."""
    if isinstance(item, list):
        for inner in item:
            yield from texts(inner)
    elif isinstance(item, dict):
        if item.get("type") in {"mrkdwn", "plain_text"}:
            yield item["type"], item["text"]
        yield "plain_text", item.get("accessibility_label", "")
        for inner in item.values():
            yield from texts(inner)


def harmless(blocks: list[dict[str, Any]]) -> None:
    for kind, text in texts(blocks):
        acting = ["<!channel", "<@UEVIL", "<http"]
        if kind == "mrkdwn":
            acting += ["*b*", "`x`", "_i_", "~s~", ":bomb:"]
        assert not [act for act in acting if act in text], text


def ids(blocks: list[dict[str, Any]]) -> list[str]:
    found = []
    for block in blocks:
        for element in [*block.get("elements", ()), block.get("accessory", {})]:
            if "action_id" in element:
                found.append(element["action_id"])
    return found


def test_a_full_page_of_the_directory() -> None:
    shown = groups.directory(
        "en", [line(n) for n in range(groups.PAGE)], search=NASTY[:100], page=2, more=True, command="/group"
    )
    assert limits.check(Surface.MESSAGE, shown.blocks) == []
    harmless(shown.blocks)
    assert {"directory.page#1", "directory.page#2"} <= set(ids(shown.blocks))


@pytest.mark.parametrize(("search", "word"), [("", "no groups yet"), ("zz", "No group matches zz")])
def test_an_empty_directory_says_what_to_do(search: str, word: str) -> None:
    shown = groups.directory("en", [], search=search, page=1, more=False, command="/group")
    assert word in shown.text


def test_a_page_value_comes_back_bounded() -> None:
    assert groups.read_page(groups.page_value("x" * 500, 3)) == ("x" * 100, 3)
    for wrong in ("", "{}", "[]", '{"search":"", "page":"x"}', "nothing"):
        with pytest.raises(ValueError, match="not a page"):
            groups.read_page(wrong)


@pytest.mark.parametrize("number", range(12))
def test_one_group(number: int) -> None:
    settings = [("subscription", "open"), ("max_send_size", "10MB"), ("report_channel", "C1")] * 5
    shown = groups.detail(
        "en",
        groups.Detail(
            line(number),
            1,
            1,
            [f"U{n}" for n in range(30)] if number else [],
            settings,
            "r@x.org",
            [NASTY] * 30,
            NASTY,
            NASTY,
        ),
    )
    assert limits.check(Surface.MESSAGE, shown.blocks) == []
    harmless(shown.blocks)


def test_buttons_are_what_one_may_do() -> None:
    def offered(flags: str, receiving: Receiving = Receiving.ON) -> list[str]:
        return [
            b["action_id"] for b in groups.buttons("en", Line(1, "a@b.org", "A", "open", mine=Mine(flags, receiving)))
        ]

    assert offered("") == [Action.GROUP_JOIN]
    assert offered("contact") == [Action.GROUP_PAUSE, Action.GROUP_RECEIVE, Action.GROUP_LEAVE]
    assert offered("contact", Receiving.PAUSED) == [Action.GROUP_RESUME, Action.GROUP_RECEIVE, Action.GROUP_LEAVE]
    assert offered("administrator") == [
        Action.GROUP_JOIN,
        Action.GROUP_LEAVE,
        Action.GROUP_SETTINGS,
        Action.GROUP_MEMBERS,
        Action.GROUP_TEST,
        Action.GROUP_HOLD,
    ]
    assert Action.GROUP_HOLD in offered("moderator")
    held = Line(1, "a@b.org", "A", "open", mine=Mine("moderator"), on_hold=True)
    assert groups.buttons("en", held)[-1]["action_id"] == Action.GROUP_UNHOLD


@pytest.mark.parametrize(("flags", "joins"), [("", False), ("moderator", False), ("administrator", True)])
def test_a_closed_group_offers_no_joining_but_to_who_may_add_people(flags: str, joins: bool) -> None:
    closed = Line(1, "a@b.org", "A", "closed", mine=Mine(flags))
    assert (Action.GROUP_JOIN in [one["action_id"] for one in groups.buttons("en", closed)]) is joins
    shown = groups.detail("en", groups.Detail(closed, 1, 1, [], help_at="a-help@b.org"))
    assert "A mail to a-help@b.org is answered" in str(shown.blocks)
    assert limits.check(Surface.MESSAGE, shown.blocks) == []
    assert (Action.GROUP_JOIN in ids(shown.blocks)) is joins


def member(number: int) -> members.Member:
    return members.Member(
        membership_id=number,
        slack_id=f"U{number}" if number % 3 else None,
        name=NASTY if number % 2 else "",
        address=f"p{number}@example.org" if number % 4 else "",
        flags=FLAGS[number % 5 + 1],
        receiving=list(Receiving)[number % 4],
        paused_until=AT if number % 2 else None,
    )


def page(count: int, search: str = "") -> members.Page:
    return members.Page(4, "team@example.org", search, 2, True, [member(n) for n in range(count)], 9, 1, 2, 8)


@pytest.mark.parametrize("count", [0, 1, members.PAGE])
def test_the_members_form(count: int) -> None:
    view = members.form("en", page(count, NASTY[:100]), said="*Done.*")
    assert limits.check_view(view) == []
    harmless([block for block in view["blocks"] if block["type"] != "input"])
    assert members.unpack(view["private_metadata"]) == (4, NASTY[:100], 2)


@pytest.mark.parametrize("number", range(60))
def test_every_member_can_be_removed_and_the_menu_fits(number: int) -> None:
    found = members.choices(member(number))
    assert 2 <= len(found) <= 5 or found == ["remove"]
    assert found[-1] == "remove"
    assert len(set(found)) == len(found)


@given(st.text(max_size=40))
def test_foreign_metadata_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="members form"):
        members.unpack(text)


def waits(count: int) -> home.Waiting:
    items: list[home.WaitingRequest | home.WaitingPost] = []
    for n in range(count):
        kind = (RequestKind.JOIN, RequestKind.LEAVE)[n % 2]
        if n % 3:
            items.append(home.WaitingRequest(n, kind, NASTY, f"U{n}" if n % 2 else None, NASTY, NASTY * 9, AT))
        else:
            why = [Reason("unproven", {"author": NASTY * 9}), Reason("non_member", {"author": NASTY, "group": NASTY})]
            subject = NASTY * 2 if n % 2 else ""
            items.append(home.WaitingPost(n, NASTY, NASTY, subject, n % 2 == 0, AT, why * 4, "checks_failed", AT))
    return home.Waiting(items, total=count * 3, page=2)


@pytest.mark.parametrize("operator", [True, False])
def test_the_fullest_home_fits(operator: bool) -> None:
    shown = home.Home(
        "U1", "ada@example.org" if operator else None, operator, not operator,
        [line(n) for n in range(home.GROUPS_A_PAGE)], waits(home.WAITING_A_PAGE), page=2, more=True,
    )  # fmt: skip
    view = home.home("en", shown, "/group")
    assert limits.check_view(view) == []
    harmless(view["blocks"])
    assert (Action.GROUP_CREATE in ids(view["blocks"])) is operator


def test_an_empty_home_says_what_to_do() -> None:
    view = home.home("en", home.Home("U1", None, False, False, []), "/group")
    assert limits.check_view(view) == []
    text = json.dumps(view)
    assert "no e-mail address" in text
    assert "/group list" in text


def test_pending_fits_and_offers_rejection_only_to_proven_authors() -> None:
    shown = home.pending("en", waits(home.WAITING_A_PAGE))
    assert limits.check(Surface.MESSAGE, shown.blocks) == []
    harmless(shown.blocks)
    assert home.pending("en", home.Waiting()).text == "Nothing waits for you."
    one = home.WaitingPost(1, "g", "a@b.org", "s", False, AT)
    assert Action.POST_REJECT not in ids(home.waiting("en", home.Waiting([one], 1)))
    assert home.Waiting([one], 11).more
    assert not home.Waiting([one], 10).more


def test_the_deletion_names_the_address_and_the_count() -> None:
    view = groups.delete_form("en", 3, "team@example.org", 1_000)
    assert limits.check_view(view) == []
    assert "1000 contacts" in json.dumps(view)


def test_long_answers_are_cut_between_lines() -> None:
    shown = answers.told("\n".join(f"line {n} " + "x" * 200 for n in range(40)))
    assert limits.check(Surface.MESSAGE, shown.blocks) == []
    assert len(shown.blocks) > 1
    assert all(block["text"]["text"].startswith("line") for block in shown.blocks)
    assert limits.check_view(answers.modal("en", "x")) == []
