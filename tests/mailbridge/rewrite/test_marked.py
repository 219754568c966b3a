"""Marked text as HTML: marks become tags, everything else stays text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.rewrite.composed import Composed, composed
from mailbridge.rewrite.marked import html
from tests.conftest import Clock

CASES = {
    "a *b _c_* d": "a <strong>b <em>c</em></strong> d",
    "snake_case_name and 2*3*4": "snake_case_name and 2*3*4",
    "`*x*` ~y~": "<code>*x*</code> <del>y</del>",
    "see https://example.org/?a=1&b=2.": '<a href="https://example.org/?a=1&amp;b=2">https://example.org/?a=1&amp;b=2</a>.',
    "> quoted\n> more": "quoted<br>\nmore</blockquote>",
    "• one\n• two": "<li>one</li><li>two</li>",
    "1. one\n2. two": "<ol",
    "```\n<b> *x*\n```": "&lt;b&gt; *x*</pre>",
    '<script>alert("x")</script>': "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;",
    "javascript:alert(1)": "javascript:alert(1)</p>",
}


@pytest.mark.parametrize("text", CASES)
def test_marks(text: str) -> None:
    assert CASES[text] in html("en", text)


@given(st.text(alphabet="*_~`<>\"'&/:https .\n>•-1a", max_size=300))
def test_nothing_of_a_text_becomes_a_tag_but_ours(text: str) -> None:
    tags = set(re.findall(r"<(/?[a-z!]+)", html("en", text).lower()))
    ours = {"!doctype", "html", "head", "meta", "body", "p", "br", "blockquote", "pre", "ul", "ol", "li", "a", "code"}
    ours |= {"strong", "em", "del"}
    assert {tag.removeprefix("/") for tag in tags} <= ours


def test_no_header_is_the_author_s_choice(clock: Clock) -> None:
    raw = composed(
        Composed(
            author=("Eve\r\nBcc: x@y.example", "eve@example.org"),
            to=("Team", "team@example.org"),
            subject="Hi\r\nBcc: x@y.example\x00",
            text="x",
            message_id="a@example.org",
            date=clock(),
            answers="<no\r\nBcc: x@y.example>",
        )
    )
    head = raw.partition(b"\r\n\r\n")[0]
    names = {line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))}
    assert names == {b"From", b"To", b"Subject", b"Date", b"Message-ID", b"MIME-Version", b"Content-Language",
                     b"Content-Type"}  # fmt: skip
