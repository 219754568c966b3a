"""Header lines of ours: what text becomes in them, and what other readers make of that."""

from __future__ import annotations

import re
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.rewrite.lines import line, one_line, phrase, unstructured

TEXT = st.text(max_size=200) | st.text(alphabet='ab"\\ =?(),é€😀\r\n\u202e\u2028', max_size=200)


def read_back(parts: list[bytes]) -> str:
    """The text as a reader shows it: quotes taken off, or encoded words decoded by Python's own decoder."""
    text = "\r\n\t".join(part.decode("ascii") for part in parts)
    if text.startswith('"'):
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return str(make_header(decode_header(text)))


@given(TEXT)
def test_a_phrase_reads_back_as_its_one_line(text: str) -> None:
    parts = phrase(text)
    assert (read_back(parts) if parts else "") == one_line(text, 120)


@given(TEXT)
def test_a_subject_reads_back_as_its_one_line(text: str) -> None:
    parts = unstructured(text, 90)
    assert (str(make_header(decode_header(b"\r\n ".join(parts).decode()))) if parts else "") == one_line(text, 90)


@given(TEXT)
def test_a_phrase_is_one_for_rfc_5322(text: str) -> None:
    for part in phrase(text):
        assert re.fullmatch(rb'"(?:[ !#-\[\]-~]|\\["\\])*"|[\w!#$%&\'*+/=?^`{|}~ -]+', part)
        assert not part.startswith(b"=?") or len(part) <= 75


@given(TEXT, st.integers(min_value=1, max_value=80))
def test_one_line_is_one_line(text: str, limit: int) -> None:
    flat = one_line(text, limit)
    assert len(flat) <= limit
    assert len(flat.splitlines()) <= 1
    assert flat == flat.strip()
    assert flat.isprintable() or all(c.isprintable() or c not in "\u202a\u202e\u2066\u200f\x00\x1b" for c in flat)


def test_what_is_cut_says_so() -> None:
    assert one_line("four words are here", 10) == "four word…"
    assert one_line("x" * 100_000, 5) == "xxxx…"


@given(st.text(max_size=50) | st.sampled_from(["a\r\nB: c", "\n", "a\0", " ", ""]))
def test_a_line_breaks_nowhere_or_is_refused(value: str) -> None:
    try:
        made = line("X-Name", value)
    except (ValueError, UnicodeEncodeError):
        return
    assert made.count(b"\n") == made.count(b"\r") == 1
    assert made.endswith(b"\r\n")


def test_parts_are_folded() -> None:
    assert line("Name", "one", b"two") == b"Name: one\r\n\ttwo\r\n"
    with pytest.raises(ValueError, match="Name"):
        line("Name", "one", " ")
