"""Nothing from outside pings, links, formats, hides or reorders."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.views import escape

HOSTILE = [
    "<!channel> <@U123> <#C1> <!subteam^S1> <https://evil.example|Approve>",
    "*bold* _slanted_ ~struck~ `code` ```fence``` > quote",
    ":rotating_light: :100: :+1:",
    "invoice\u202efdp.exe \u200bzero\u2066 \ufeff width \u00ad",
    "two\r\nlines\u2028and\x00nul\x1b[31m \ud800 lone",
    "&lt;!channel&gt; &amp;",
    "snake_case_name and __init__ and _private",
]
TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=200), st.text(alphabet="<>&!@#*_~`:|\n ab", max_size=60))


def acts(text: str) -> bool:
    """Would Slack see more than characters in this mrkdwn?"""
    return bool(
        re.search(r"[<>*~`]", text)
        or re.search(r"(?<![^\W_])_|_(?![^\W_])", text)
        or re.search(r":[^\s:]{1,100}:", text)
        or re.search(r"&(?!amp;|lt;|gt;)", text)
    )


@given(TEXTS)
@example("a_")
@example("::x:")
def test_mrkdwn_is_only_characters(text: str) -> None:
    assert not acts(escape.mrkdwn(text))


def test_no_shortcode_is_closed_by_the_sentence_around_it() -> None:
    assert escape.mrkdwn("party :tada") + ":" == "party ꞉tada:"
    assert escape.mrkdwn(":+1") + ":" == "꞉+1:"
    assert escape.mrkdwn("smtp.example:587") == "smtp.example:587"  # people copy it


@given(TEXTS)
def test_one_line_without_anything_invisible(text: str) -> None:
    for made in (escape.mrkdwn(text), escape.plain(text)):
        assert not any(
            unicodedata.category(c) in {"Cc", "Cs", "Cf"} and c != "\u200d" for c in made if ord(c) < 0xE0000
        )
        assert "\n" not in made


@given(TEXTS, st.integers(min_value=0, max_value=50))
def test_cut_keeps_the_limit_and_says_so(text: str, limit: int) -> None:
    made = escape.cut(text, limit)
    assert len(made) <= limit
    assert made == text or limit == 0 or made.endswith("…")


@pytest.mark.parametrize("limit", range(20, 34))
def test_a_quotation_that_is_cut_is_closed(limit: int) -> None:
    made = escape.cut_closed("It says:\n```\n*bold* and more\n```\nand so on", limit)
    assert len(made) <= limit
    assert made.count("`") % 6 == 0


def test_cut_never_leaves_half_a_token() -> None:
    at = escape.moment(datetime(2026, 3, 2, 9, tzinfo=UTC))
    assert {escape.cut(f"a {at} b", length) for length in range(3, len(at) + 3)} == {"a …"}


def test_cut_never_leaves_half_an_entity() -> None:
    assert escape.cut("ab&lt;cd", 6) == "ab…"
    assert escape.cut("ab&amp;cd", 8) == "ab&amp;…"


@given(st.one_of(TEXTS, st.text(alphabet="`\n<&x", max_size=400)), st.integers(min_value=20, max_value=120))
def test_a_quotation_cannot_be_closed_from_inside(text: str, limit: int) -> None:
    made = escape.quoted(text, limit)
    assert len(made) <= limit
    assert made.startswith("```\n")
    assert made.endswith("\n```")
    assert "`" not in made[3:-3]
    assert "<" not in made


@given(st.text(max_size=300), st.integers(min_value=5, max_value=100))
def test_fitting_counts_as_escaped(text: str, limit: int) -> None:
    n = escape.fitting(text, limit)
    escaped = text[:n].translate(escape.SPECIAL)
    assert len(escaped) <= limit or n == 1
    assert n == len(text) or len(text[: n + 1].translate(escape.SPECIAL)) > limit


@pytest.mark.parametrize("forged", ["U1> <!channel", "", "u1", "U1|x"])
def test_ids_that_are_none_are_text(forged: str) -> None:
    assert "<" not in escape.person(forged)
    assert "<" not in escape.channel(forged)


def test_moments_are_each_readers_own() -> None:
    made = escape.moment(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    assert made == "<!date^1772442000^{date_short_pretty} {time}|2026-03-02 09:00 UTC>"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", [" ", "_", ":", "a_:", "\u202e", "`", "\n", "<", "e\u0301"])
def test_a_long_text_takes_no_longer_than_its_length(piece: str) -> None:
    text = piece * (300_000 // len(piece))
    assert len(escape.mrkdwn(text)) <= 6_000
    assert len(escape.plain(text, 75)) <= 400
    assert len(escape.quoted(text, 3_000)) <= 3_000
