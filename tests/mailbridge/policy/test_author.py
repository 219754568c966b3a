"""One author, by one reading: what is taken, and every trick with two readings refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.policy.author import NoAuthor, author


@pytest.mark.parametrize(
    ("value", "address", "name"),
    [
        (b"a@example.org", "a@example.org", ""),
        (b"<a@example.org>", "a@example.org", ""),
        (b"Ada Lovelace <Ada@Example.ORG>", "Ada@example.org", "Ada Lovelace"),
        (b'"Lovelace, Ada" <ada@example.org>', "ada@example.org", "Lovelace, Ada"),
        (b'"a \\"b\\" c" <ada@example.org>', "ada@example.org", 'a "b" c'),
        (b"=?utf-8?Q?J=C3=B6rg?= <j@example.org>", "j@example.org", "Jörg"),
        ("Jörg <j@example.org>".encode(), "j@example.org", "Jörg"),
        ("Jörg <j@example.org>".encode("latin-1"), "j@example.org", "Jörg"),
        (b"root@example.org (Cron Daemon)", "root@example.org", "Cron Daemon"),
        (b"(c) a@example.org", "a@example.org", "c"),
        (b"Ada (work) <ada@example.org> (x)", "ada@example.org", "Ada"),
        (b"[Team] Ada <ada@example.org>", "ada@example.org", "[Team] Ada"),
        (b"J. R. Hacker <j@example.org>", "j@example.org", "J. R. Hacker"),
        (b'"ceo@good.example" <b@evil.example>', "b@evil.example", "ceo@good.example"),
        (b'"john.doe"@example.org', "john.doe@example.org", ""),
        ("用户@example.org".encode(), "用户@example.org", ""),
        (b"ceo@my-company.com", "ceo@my-company.com", ""),
        (b"=?utf-8?Q?x=0A=0DBcc:_y?= <j@example.org>", "j@example.org", "x Bcc: y"),
    ],
)
def test_one_mailbox_is_read(value: bytes, address: str, name: str) -> None:
    found = author(value)
    assert (str(found.address), found.name) == (address, name)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"   ",
        b"nobody",
        b"<>",
        b"a@good.example, b@evil.example",
        b"a@good.example <b@evil.example>",
        b"<a@good.example> <b@evil.example>",
        b"<a@good.example>, <b@evil.example>",
        b"a@good.example<b@evil.example>",
        b"<a@good.example>b@evil.example",
        b"a@good.example;b@evil.example",
        b"Team: a@good.example;",
        b"undisclosed-recipients:;",
        b"<@evil.example:a@good.example>",
        b"<@evil.example,@x.example:a@good.example>",
        b"a@good.example (b@evil.example",
        b"a(comment)@good.example",
        b"<a@good.example(comment)>",
        b"<a@good.example",
        b"a@good.example>",
        b'"a@good.example"@evil.example',
        b'"a\\@b"@evil.example',
        b'"a',
        b"a@b@evil.example",
        b"<a@b@evil.example>",
        b"a@[127.0.0.1]",
        b"a b@evil.example",
        b"<a@good.example\\>",
        b"<a @good.example>",
        b"a@good.example\x00@evil.example",
        b"a@good.example\x00",
        b"a@good.example\r@evil.example",
        b"a@good.example,",
        b"(" * 1000 + b")" * 1000 + b"a@good.example",
        b"x" * 5000 + b"@good.example",
    ],
)
def test_what_has_no_or_two_readings_is_refused(value: bytes) -> None:
    with pytest.raises(NoAuthor):
        author(value)


@given(st.one_of(st.binary(max_size=120), st.text(alphabet='ab@.<>()",;:\\ \t=?é', max_size=60).map(str.encode)))
def test_any_value_is_read_or_refused(value: bytes) -> None:
    with contextlib.suppress(NoAuthor):
        found = author(value)
        assert str(found.address).count("@") == 1
        assert found.name.isprintable()


@given(
    st.sampled_from([b"a@good.example", b"<a@good.example>", b"A <a@good.example>", b'"A" <a@good.example>']),
    st.sampled_from([b", ", b" ", b";", b" (x) ", b"\t"]),
    st.sampled_from([b"b@evil.example", b"<b@evil.example>", b"B <b@evil.example>"]),
)
def test_two_mailboxes_are_never_one(first: bytes, between: bytes, second: bytes) -> None:
    with pytest.raises(NoAuthor):
        author(first + between + second)
