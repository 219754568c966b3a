"""Where a header block ends, and that reading it loses no byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.headers import fields, split


@pytest.mark.parametrize(
    ("raw", "head"),
    [
        (b"From: a\r\nTo: b\r\n\r\nbody\r\n", b"From: a\r\nTo: b\r\n"),
        (b"From: a\r\nTo: b\r\n", b"From: a\r\nTo: b\r\n"),
        (b"From: a", b"From: a"),
        (b"\r\nbody", b""),
        (b"", b""),
        (b"From: a\r\nno field here\r\nTo: b\r\n\r\n", b"From: a\r\n"),
        (b"Subject: a\r\n b\r\n\tc\r\n\r\n", b"Subject: a\r\n b\r\n\tc\r\n"),
        (b" folded first\r\nFrom: a\r\n\r\n", b""),
        (b"From: a\n\nbody", b"From: a\n"),
        (b"Fr\xc3\xb6m: a\r\n\r\n", b""),
        (b"Subject: a\r\n \r\n\r\nx", b"Subject: a\r\n \r\n"),
    ],
)
def test_the_block_ends(raw: bytes, head: bytes) -> None:
    assert split(raw) == (head, raw[len(head) :])


def test_fields_are_named_unfolded_and_kept_raw() -> None:
    raw = b"FROM : a@b\r\nSubject: one\r\n two \r\nX-Empty:\r\n"
    assert [(field.name, field.value) for field in fields(raw)] == [
        (b"from", b"a@b"),
        (b"subject", b"one two"),
        (b"x-empty", b""),
    ]
    assert b"".join(field.raw for field in fields(raw)) == raw


LINES = st.lists(
    st.sampled_from(
        [b"From: a", b" fold", b"\tfold", b"", b"garbage", b"X :y", b"\xff: z", b"Subject: \xe9", b":", b"a:"]
    )
)


@given(LINES, st.sampled_from([b"\r\n", b"\n"]))
def test_no_byte_is_lost(lines: list[bytes], end: bytes) -> None:
    raw = end.join(lines)
    head, body = split(raw)
    assert head + body == raw
    assert b"".join(field.raw for field in fields(head)) == head


@given(st.binary(max_size=400))
def test_any_bytes_are_taken(raw: bytes) -> None:
    head, body = split(raw)
    assert head + body == raw
    assert b"".join(field.raw for field in fields(head)) == head
