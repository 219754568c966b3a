"""MAIL and RCPT arguments: what is an address, and every trick that makes one out of two."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.intake.paths import BadPath, forward, reverse


@pytest.mark.parametrize(
    ("argument", "text", "parameters"),
    [
        ("FROM:<a@x.test>", "a@x.test", {}),
        ("from:<a@X.Test>", "a@x.test", {}),
        ("FROM: <a@x.test>", "a@x.test", {}),
        ("FROM:<>", "", {}),
        ("FROM:<> SIZE=100 BODY=8BITMIME", "", {"SIZE": "100", "BODY": "8BITMIME"}),
        ("FROM:<a@x.test> smtputf8 AUTH=<>", "a@x.test", {"SMTPUTF8": None, "AUTH": "<>"}),
        ('FROM:<"a.b"@x.test>', "a.b@x.test", {}),
        ("FROM:<a..b.@x.test>", "a..b.@x.test", {}),
        ("FROM:<SRS0=Hh=Tt=x.test=a@y.test>", "SRS0=Hh=Tt=x.test=a@y.test", {}),
        ("FROM:<" + "b" * 100 + "@x.test>", "b" * 100 + "@x.test", {}),
        ("FROM:<用户@例え.jp>", "用户@xn--r8jz45g.jp", {}),
        ("FROM:<a@[127.0.0.1]>", "a@[127.0.0.1]", {}),
    ],
)
def test_reverse_paths(argument: str, text: str, parameters: dict[str, str | None]) -> None:
    path = reverse(argument)
    assert (str(path), dict(path.parameters), path.null) == (text, parameters, not text)


@pytest.mark.parametrize(
    ("argument", "enhanced"),
    [
        ("", "5.5.4"),
        ("<a@x.test>", "5.5.4"),
        ("FROM:", "5.5.4"),
        ("FROM:<", "5.5.4"),
        ("FROM:a@x.test", "5.5.4"),
        ("FROM:<a@x.test", "5.5.4"),
        ("FROM:a@x.test>", "5.5.4"),
        ("FROM:<<a@x.test>>", "5.5.4"),
        ("FROM:<a@x.test>SIZE=1", "5.5.4"),
        ("FROM:<a@x.test> SIZE=1 SIZE=2", "5.5.4"),
        ("FROM:<a@x.test> SIZE=", "5.5.4"),
        ("FROM:<a@x.test> <b@x.test>", "5.5.4"),
        ("FROM:<a@x.test> -=1", "5.5.4"),
        ("FROM:<a>", "5.1.3"),
        ("FROM:<@x.test>", "5.1.3"),
        ("FROM:<a@>", "5.1.3"),
        ("FROM:<a b@x.test>", "5.1.3"),
        ("FROM:<@us.test:a@x.test>", "5.1.3"),
        ("FROM:<a@b@x.test>", "5.1.3"),
        ('FROM:<"a@b"@x.test>', "5.1.3"),
        ('FROM:<"a b"@x.test>', "5.1.3"),
        ('FROM:<"a\\"@x.test>', "5.1.3"),
        ("FROM:<a,b@x.test>", "5.1.3"),
        ("FROM:<a@x..test>", "5.1.3"),
        ("FROM:<a@x.test..>", "5.1.3"),
        ("FROM:<a@x.test >", "5.1.3"),
        ("FROM:<a@ x.test>", "5.1.3"),
        ("FROM:<a@-x.test>", "5.1.3"),
        ("FROM:<" + "b" * 400 + "@x.test>", "5.1.3"),
        ("FROM:<(" + "(" * 500 + ")@x.test>", "5.1.3"),
    ],
)
def test_what_is_no_reverse_path(argument: str, enhanced: str) -> None:
    with pytest.raises(BadPath) as refusal:
        reverse(argument)
    assert refusal.value.reply.enhanced == enhanced
    assert refusal.value.reply.permanent


def test_postmaster_alone_needs_no_domain() -> None:
    assert forward("TO:<PostMaster>", "x.test").key == "postmaster@x.test"
    for argument in ("TO:<>", "TO:<abuse>", "FROM:<postmaster>"):
        with pytest.raises(BadPath):
            forward(argument, "x.test")


@given(st.text(alphabet='ab@.<>"\\ ;,:=[]é\x00\r\n', max_size=40), st.sampled_from(["", "FROM:", "FROM:<", "TO:<"]))
def test_any_argument_is_read_or_refused(argument: str, start: str) -> None:
    for parse in (reverse, lambda text: forward(text, "x.test")):
        with contextlib.suppress(BadPath):
            path = parse(start + argument)
            # One address, or none: nothing in it can end the brackets it will stand in.
            assert str(path).count("@") == (0 if path.null else 1)
            assert str(path).isprintable()
            assert not set(str(path)) & set('<> ",;\\')


@given(st.text(max_size=60))
def test_any_text_at_all(argument: str) -> None:
    with contextlib.suppress(BadPath):
        reverse("FROM:<" + argument + ">")
