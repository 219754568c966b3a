"""Whom To and Cc name: what stands where an address does, and nothing that only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.headers import fields
from mailbridge.policy.addressed import MOST, addressed


def of(head: str | bytes) -> tuple[str, ...]:
    return addressed(fields(head.encode() if isinstance(head, str) else head))


@pytest.mark.parametrize(
    ("head", "keys"),
    [
        ("To: a@x.test\r\n", ["a@x.test"]),
        ("To: Ada <A@X.Test>, b@x.test\r\nCC: c@x.test;\r\n", ["a@x.test", "b@x.test", "c@x.test"]),
        ("Resent-To: a@x.test\r\nResent-Cc: b@x.test\r\n", ["a@x.test", "b@x.test"]),
        ("To: a@x.test,\r\n\tb@x.test\r\n", ["a@x.test", "b@x.test"]),
        ("To: a@x.test, A@x.test\r\n", ["a@x.test"]),
        ("To: Friends: a@x.test, Bo <b@x.test>;, c@x.test\r\n", ["a@x.test", "b@x.test", "c@x.test"]),
        ("To: undisclosed-recipients:;\r\n", []),
        # Nothing but the place of an address counts: a name says what its writer wants.
        ('To: "bo@x.test" <eve@y.test>\r\n', ["eve@y.test"]),
        ('To: "a, bo@x.test, c" <eve@y.test>\r\n', ["eve@y.test"]),
        ('To: "a\\", bo@x.test, \\"" <eve@y.test>\r\n', ["eve@y.test"]),
        ("To: (bo@x.test, c@x.test) eve@y.test (or (not) cy@x.test)\r\n", ["eve@y.test"]),
        ("To: bo@x.test <eve@y.test>\r\n", ["eve@y.test"]),
        ("To: =?utf-8?q?bo=40x=2Etest?= <eve@y.test>\r\n", ["eve@y.test"]),
        ("To: a@x.test b@x.test\r\n", []),
        ("To: <a@x.test\r\n", []),
        ("To: nobody\r\n", []),
        # Others say nothing of who has a copy.
        ("From: a@x.test\r\nBcc: b@x.test\r\nReply-To: c@x.test\r\nX-To: d@x.test\r\n", []),
        ("To: Grüße <a@bücher.test>\r\n", ["a@xn--bcher-kva.test"]),
        (b"To: \xff\xfe <a@x.test>\r\n", ["a@x.test"]),
    ],
)
def test_who_is_addressed(head: str | bytes, keys: list[str]) -> None:
    assert list(of(head)) == keys


@given(st.binary(max_size=300))
def test_any_octets_are_read(value: bytes) -> None:
    head = b"To: " + value.replace(b"\r", b" ").replace(b"\n", b" ") + b"\r\n"
    assert len(of(head)) <= MOST


@pytest.mark.parametrize("piece", ["(", '"', "<", "a@x.test,", "\\", ":", "a", '"(', "<>", '\\"('])
def test_a_field_of_any_size_is_read_in_one_pass_and_names_few(piece: str) -> None:
    """Its time would show, were there an attempt from every octet: 256 KiB of any of these."""
    numbered = "".join(f"p{n}@x.test," for n in range(20_000))
    assert len(of(f"To: {piece * 200_000}\r\n")) <= 1
    assert len(of(f"To: {numbered}\r\n")) == MOST
