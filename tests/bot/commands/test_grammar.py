"""The command's text: quotes, Slack's escapes, and whatever else people paste."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.grammar import MAX_TEXT, Misread, Token, TokenKind, nearest, plain, tokens


def read(text: str) -> list[tuple[str, str]]:
    return [(token.kind.value, token.value) for token in tokens(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  \t ", []),
        ("list", [("word", "list")]),
        ("LIST  me", [("word", "LIST"), ("word", "me")]),
        ('settings "All of us"', [("word", "settings"), ("word", "All of us")]),
        ("“smart quotes” stay", [("word", "smart quotes"), ("word", "stay")]),
        ("« à la française »", [("word", " à la française ")]),
        ('"never closed and on', [("word", "never closed and on")]),
        ('""', [("word", "")]),
        ("it's o'clock", [("word", "it's"), ("word", "o'clock")]),
        ("<@U123|ada>", [("person", "U123")]),
        ("<@W123>", [("person", "W123")]),
        ("<#C1|general>", [("channel", "C1")]),
        ("<#C1|>", [("channel", "C1")]),
        ("<!subteam^S1|@ops>", [("team", "S1")]),
        ("<!here>", [("broadcast", "here")]),
        ("<!channel|@channel>", [("broadcast", "channel")]),
        ("<mailto:a@b.org|a@b.org>", [("address", "a@b.org")]),
        ("<mailto:a@b.org|ceo@b.org>", [("address", "a@b.org")]),
        ("<mailto:a@b.org?subject=x|a@b.org>", [("address", "a@b.org")]),
        ("team@<http://example.org|example.org>", [("address", "team@example.org")]),
        ("<http://example.org|example.org>", [("word", "example.org")]),
        ("<https://example.org/>", [("word", "example.org")]),
        ("&lt;<mailto:a@b.org|a@b.org>&gt;", [("address", "a@b.org")]),
        ("a@b.org,c@d.org;e@f.org", [("address", "a@b.org"), ("address", "c@d.org"), ("address", "e@f.org")]),
        ("<@U1|a>,<@U2|b><@U3|c>", [("person", "U1"), ("person", "U2"), ("person", "U3")]),
        ("x<@U1|a>y", [("word", "x"), ("person", "U1"), ("word", "y")]),
        ("A&amp;B", [("word", "A&B")]),
        ("&amp;lt;", [("word", "&lt")]),
        ("a@b@c", [("word", "a@b@c")]),
        ("<@U1", [("word", "<@U1")]),
        ("<>", [("word", "<>")]),
        ("<!unknown^thing>", [("word", "!unknown^thing")]),
        ("te\u202eam@x.org", [("address", "team@x.org")]),
    ],
)
def test_text_is_read_as(text: str, expected: list[tuple[str, str]]) -> None:
    assert read(text) == expected


def test_a_label_with_blanks_stays_in_its_token() -> None:
    assert tokens("add <@U1|ada lovelace> x") == [
        Token(TokenKind.WORD, "add", start=0),
        Token(TokenKind.PERSON, "U1", label="ada lovelace", start=4),
        Token(TokenKind.WORD, "x", start=23),
    ]


def test_angled_addresses_are_marked_and_quoted_words_too() -> None:
    angled, quoted = tokens('&lt;a@b.org&gt; "c@d.org"')
    assert angled.angled
    assert angled.kind is TokenKind.ADDRESS
    assert quoted.quoted
    assert quoted.kind is TokenKind.WORD


def test_a_60_kb_text_is_refused_with_its_length() -> None:
    with pytest.raises(Misread) as caught:
        tokens("x " * 30_720)
    assert caught.value.name == "too_long"
    assert caught.value.values == {"length": "61,440", "limit": "8,000"}


def test_running_text_reads_as_typed() -> None:
    raw = "hello, <@U1|ada> &amp; <#C1|general> see <http://x.org|x.org>, <@U9>"
    assert plain(raw) == "hello, @ada & #general see x.org, @U9"


@pytest.mark.parametrize(
    ("word", "expected"),
    [("crate", "create"), ("Jion", "join"), ("lst", "list"), ("memb", "members"), ("zzz", None), ("x" * 50_000, None)],
)
def test_nearest(word: str, expected: str | None) -> None:
    assert nearest(word, ["create", "join", "list", "members", "settings"]) == expected


pieces = st.sampled_from(
    ["<@U1|a>", "<", ">", "|", "&lt;", "&", ";", ",", '"', "“", "<mailto:", "a@b.c", "<!", " ", "\n"]
)


@given(st.one_of(st.text(max_size=300), st.lists(pieces, max_size=40).map("".join)))
def test_any_text_is_read(text: str) -> None:
    for token in tokens(text):
        assert 0 <= token.start < len(text)
        if token.kind is TokenKind.WORD and not token.quoted:
            assert token.value
            assert not any(character.isspace() for character in plain(token.value)) or "<" in text


@given(
    st.text(
        alphabet=st.characters(blacklist_characters='"<>&“”„«»', blacklist_categories=["Cs", "Cc", "Cf"]), max_size=80
    )
)
def test_a_quoted_text_comes_back(text: str) -> None:
    first, second = tokens(f'"{text}" end')
    assert first.value == text
    assert second.value == "end"


@given(st.integers(MAX_TEXT - 3, MAX_TEXT))
def test_text_up_to_the_limit_is_taken(length: int) -> None:
    assert tokens("y" * length) == [Token(TokenKind.WORD, "y" * length)]
