"""Tokens taken into arguments."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.binding import bind
from bot.commands.bound import Argument, Bound, Kind
from bot.commands.grammar import Misread, tokens
from bot.commands.named import Outsider, Place, Role

ADD = (
    Argument(Kind.GROUP), Argument(Kind.PEOPLE), Argument(Kind.ROLE, required=False),
    Argument(Kind.UNTIL, required=False),
)  # fmt: skip
SETTINGS = (Argument(Kind.GROUP), Argument(Kind.SETTING, required=False), Argument(Kind.VALUE, required=False))
SEARCHED = (Argument(Kind.SEARCH, required=False), Argument(Kind.PAGE, required=False))
MEMBERS = (Argument(Kind.GROUP), *SEARCHED)
JOIN = (Argument(Kind.GROUP), Argument(Kind.MAILBOX, required=False), Argument(Kind.TEXT, required=False))
SCHEMAS = (ADD, SETTINGS, SEARCHED, MEMBERS, JOIN, (Argument(Kind.VERB, required=False),), (Argument(Kind.DATE),))


def bound(arguments: tuple[Argument, ...], text: str) -> Bound:
    return bind(arguments, text, tokens(text))


def misread(arguments: tuple[Argument, ...], text: str) -> Misread:
    with pytest.raises(Misread) as caught:
        bound(arguments, text)
    return caught.value


@pytest.mark.parametrize(
    ("arguments", "text", "expected"),
    [
        (ADD, "team@x.org <@U1|ada>", Bound(group="team@x.org", slack_ids=("U1",))),
        (
            ADD,
            "team <#C1|general> <!subteam^S1|@ops> until 31 Dec, 2027",
            Bound(
                group="team",
                channels=(Place("C1", "general"),),
                teams=(Place("S1", "@ops"),),
                until="until 31 Dec, 2027",
            ),
        ),
        (ADD, "team <@U1|ada> <@U1|ada>", Bound(group="team", slack_ids=("U1",))),
        (
            ADD,
            "team <@U1|a>, <mailto:b@x.org|b@x.org>; c@x.org as Moderators",
            Bound(
                group="team",
                slack_ids=("U1",),
                outsiders=(Outsider("b@x.org"), Outsider("c@x.org")),
                role=Role.MODERATOR,
            ),
        ),
        (
            ADD,
            "team Bob B &lt;<mailto:b@x.org|b@x.org>&gt; as admin",
            Bound(group="team", outsiders=(Outsider("b@x.org", "Bob B"),), role=Role.ADMINISTRATOR),
        ),
        (ADD, 'team "Bo, B" &lt;b@x.org&gt;', Bound(group="team", outsiders=(Outsider("b@x.org", "Bo, B"),))),
        (ADD, "team as Is &lt;b@x.org&gt;", Bound(group="team", outsiders=(Outsider("b@x.org", "as Is"),))),
        (SETTINGS, "team", Bound(group="team")),
        (SETTINGS, "team Display-Name All, of us", Bound(group="team", setting="display_name", value="All, of us")),
        (SETTINGS, 'team max_receive_size: "10 MB"', Bound(group="team", setting="max_receive_size", value="10 MB")),
        (SETTINGS, "team max_receive_size=10 MB", Bound(group="team", setting="max_receive_size", value="10 MB")),
        (SETTINGS, 'team subject-tag="All of us"', Bound(group="team", setting="subject_tag", value="All of us")),
        (SETTINGS, "team report_channel=<#C1|ops>", Bound(group="team", setting="report_channel", value="C1")),
        (SETTINGS, "team footer=a=b", Bound(group="team", setting="footer", value="a=b")),
        (SETTINGS, "team footer =", Bound(group="team", setting="footer", value="=")),
        (SETTINGS, "team footer=", Bound(group="team", setting="footer")),
        (SETTINGS, "team report_channel <#C1|ops>", Bound(group="team", setting="report_channel", value="C1")),
        (SETTINGS, 'team moderation_channel ""', Bound(group="team", setting="moderation_channel", value="")),
        (MEMBERS, "team", Bound(group="team")),
        (MEMBERS, "team ada lovelace page 3", Bound(group="team", search="ada lovelace", page=3)),
        (MEMBERS, "team 2", Bound(group="team", page=2)),
        (MEMBERS, 'team "2"', Bound(group="team", search="2")),
        (MEMBERS, "team page", Bound(group="team", search="page")),
        (SEARCHED, "", Bound()),
        (JOIN, "team hello, it's <@U1|me> &amp; I", Bound(group="team", text="hello, it's @me & I")),
        (JOIN, "team at <mailto:a@x.org|a@x.org> please", Bound(group="team", mailbox="a@x.org", text="please")),
        (JOIN, "team At a@x.org", Bound(group="team", mailbox="a@x.org")),
        (JOIN, "team a@x.org", Bound(group="team", mailbox="a@x.org")),
        (JOIN, "team a@x.org sent me", Bound(group="team", text="a@x.org sent me")),
        (JOIN, "team at work I met Ada", Bound(group="team", text="at work I met Ada")),
        (JOIN, "team at", Bound(group="team", text="at")),
        (JOIN, 'team "please"', Bound(group="team", text="please")),
    ],
)
def test_bound(arguments: tuple[Argument, ...], text: str, expected: Bound) -> None:
    assert bound(arguments, text) == expected


@pytest.mark.parametrize(
    ("arguments", "text", "name"),
    [
        (ADD, "", "missing_group"),
        (ADD, "team", "missing_people"),
        (ADD, "<@U1|ada> team", "group_is_no_address"),
        (ADD, '"" x@y.org', "group_is_no_address"),
        (ADD, "team @ada", "person_not_picked"),
        (ADD, "team Ada", "word_is_no_person"),
        (ADD, "team Ada a@x.org", "word_is_no_person"),
        (ADD, "team Ada <@U1|ada>", "word_is_no_person"),
        (ADD, "team a@b@c", "malformed_address"),
        (ADD, "team Jo <#C1|general>", "word_is_no_person"),
        (ADD, "team jo@example.org until", "missing_until"),
        (ADD, "team <!here>", "broadcast_is_no_person"),
        (ADD, "team <@U1|a> as", "missing_role"),
        (ADD, "team <@U1|a> as king", "unknown_role"),
        (ADD, "team <@U1|a> as modreator", "unknown_role_near"),
        (ADD, "team <@U1|a> as contact now", "unexpected"),
        (MEMBERS, "team page zero", "malformed_page"),
        (MEMBERS, "team page 0", "malformed_page"),
        (MEMBERS, "team page 9999999", "malformed_page"),
        ((), "x", "unexpected"),
    ],
)
def test_misread(arguments: tuple[Argument, ...], text: str, name: str) -> None:
    assert misread(arguments, text).name == name


@given(
    st.sampled_from(SCHEMAS),
    st.lists(
        st.sampled_from(["team", "as", "page", "7", "<@U1|a>", "a@b.c", "&lt;a@b.c&gt;", '"', ",", "<#C1|x>", "@", "-"])
        | st.text(max_size=8),
        max_size=12,
    ).map(" ".join),
)
def test_any_text_is_bound_or_answered(arguments: tuple[Argument, ...], text: str) -> None:
    with contextlib.suppress(Misread):
        assert isinstance(bound(arguments, text), Bound)
