"""What clients say to AUTH, read without a socket."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.intake.sasl import MECHANISMS, Claim, Malformed, decode, login, plain


def test_plain_asks_once_and_takes_a_name_and_a_password() -> None:
    assert plain([]) == b""
    assert plain([b"\0ada@example.com\0abcd"]) == Claim("ada@example.com", "abcd")
    assert plain([b"ada@example.com\0ada@example.com\0abcd"]) == Claim("ada@example.com", "abcd")


def test_nobody_acts_for_another() -> None:
    assert plain([b"eve@example.com\0ada@example.com\0abcd"]) == Claim("", "abcd")


def test_login_asks_twice() -> None:
    assert login([]) == b"Username:"
    assert login([b"ada@example.com"]) == b"Password:"
    assert login([b"ada@example.com", b"abcd"]) == Claim("ada@example.com", "abcd")


@pytest.mark.parametrize("said", [b"", b"ada", b"\0ada", b"\0ada\0a\0b", b"\0\xff\0abcd", b"\0ada\0\xc3("])
def test_plain_refuses_what_is_not_two_names_and_a_password(said: bytes) -> None:
    with pytest.raises(Malformed):
        plain([said])


@pytest.mark.parametrize(
    "text", ["a", "====", "YQ", "YQ===", "YQ==YQ==", "Y Q==", "YQ==\0", "é", "*a", "-_-_", "A" * 9_000]
)
def test_what_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        decode(text)


def test_an_equals_sign_is_an_empty_response() -> None:
    assert decode("=") == b""


def test_a_claim_shows_neither_name_nor_password() -> None:
    assert repr(Claim("canary-name", "canary-password")) == "Claim()"


@given(st.binary(max_size=1_024))
def test_every_response_is_read_back(octets: bytes) -> None:
    assert decode(base64.b64encode(octets).decode() or "=") == octets


@given(st.sampled_from(sorted(MECHANISMS)), st.lists(st.binary(max_size=40), min_size=1, max_size=3))
def test_nothing_said_is_a_fault(name: str, said: list[bytes]) -> None:
    heard: object = None
    try:
        heard = MECHANISMS[name](said)
    except Malformed:
        return
    assert isinstance(heard, bytes | Claim)
