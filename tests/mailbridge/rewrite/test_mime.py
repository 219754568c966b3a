"""The tree of a message by offsets: where parts are, what is not entered, and what is not read at all."""

from __future__ import annotations

from contextlib import suppress
from email import message_from_bytes, policy
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.rewrite import mime
from mailbridge.rewrite.mime import Malformed, Part

MIXED = b"""\
From: a@example.com
Content-Type: multipart/mixed; boundary="b 1"

A preamble
--b 1
Content-Type: text/plain

Hello
--b 1 still text
--b 1\t
\tnot a fold

second
--b 1--
An epilogue
--b 1
Content-Type: text/plain

unseen
"""


def crlf(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r\n")


def leaves(part: Part) -> list[Part]:
    return [leaf for child in part.children for leaf in leaves(child)] if part.multipart else [part]


def contents(raw: bytes) -> list[bytes]:
    return [raw[part.content : part.end] for part in leaves(mime.read(raw))]


def nested(depth: int, kind: str = "multipart/mixed") -> bytes:
    head = b"".join(
        b"Content-Type: %s; boundary=b%d\r\n\r\n--b%d\r\n" % (kind.encode(), level, level) for level in range(depth)
    )
    return head + b"\r\ninnermost\r\n" + b"".join(b"--b%d--\r\n" % level for level in reversed(range(depth)))


def test_parts_are_where_the_boundary_lines_are_and_nowhere_else() -> None:
    raw = crlf(MIXED).replace(b"\tnot a fold\r\n", b"")
    root = mime.read(raw)
    assert contents(raw) == [b"Hello\r\n--b 1 still text", b"second"]
    assert raw[root.closing :].startswith(b"--b 1--\r\nAn epilogue")
    assert raw[: root.content].endswith(b'"b 1"\r\n\r\n')
    assert root.end == len(raw)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"--b\n\nx\n--b--\n", [b"x"]),
        (b"--b\n\n\n--b--\n", [b""]),
        (b"--b\n--b\n\nx\n--b--\n", [b"", b"x"]),
        (b"--b\nContent-Type: image/png\n--b--", [b""]),  # no blank line, and so no content (RFC 2046 5.1.1)
        (b"--b\nContent-Type: image/png\n\n--b--", [b""]),
        (b"\n\n--b  \n\nx\n\n--b-- \n", [b"x\n"]),
        (b"--b\n\nx\n", [b"x\n"]),  # the closing delimiter was cut off
        (b"--bb\n--b-\n --b\n--b\n\n--bb--\n--b--\n", [b"--bb--"]),
        (b"--b\n\n--b--x\n--b - -\n--b--\n", [b"--b--x\n--b - -"]),
    ],
)
def test_delimiters(body: bytes, found: list[bytes]) -> None:
    raw = crlf(b"Content-Type: multipart/mixed; boundary=b\n\n" + body)
    assert contents(raw) == [crlf(one) for one in found]


def test_a_boundary_of_an_outer_part_ends_the_inner_one() -> None:
    raw = crlf(
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=bb\n\n"
        b"--bb\n\nx\n--b\n\ny\n--bb--\n--b--\n"
    )
    assert contents(raw) == [b"x", b"y\r\n--bb--"]


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"Content-Type: multipart/mixed\n\n--b\n\nx\n--b--\n", "where its parts end"),
        (b"Content-Type: multipart/mixed; boundary=\n\n----\n", "where its parts end"),
        (b"Content-Type: multipart/mixed; boundary=b; boundary=c\n\n--b\n\nx\n--b--\n", "where its parts end"),
        (b"Content-Type: multipart/mixed; boundary=b; boundary*0=c\n\n--b\n\nx\n--b--\n", "where its parts end"),
        (b"Content-Type: multipart/mixed; boundary=" + b"b" * 300 + b"\n\nx\n", "where its parts end"),
        (b"Content-Type: multipart/mixed; boundary=b\n\nno part at all\n", "no parts"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b--\n", "no parts"),
        (b"Content-Type: text/plain\nContent-Type: text/html\n\nx\n", "twice"),
        (b"Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n\nx\n", "twice"),
        (crlf(MIXED).replace(b"\r\n", b"\n"), "no field"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" + b"X: " + b"y" * 70_000 + b"\n\nx\n--b--\n", "no end"),
    ],
)
def test_what_can_be_read_in_two_ways_is_not_read(raw: bytes, fault: str) -> None:
    with pytest.raises(Malformed, match=fault):
        mime.read(crlf(raw))


@pytest.mark.parametrize("kind", ["multipart/signed", "multipart/encrypted", "application/pkcs7-mime"])
def test_what_is_signed_or_encrypted_is_not_entered(kind: str) -> None:
    part = mime.read(crlf(f"Content-Type: {kind}; boundary=b\n\n--b\n\nx\n--b--\n".encode()))
    assert part.sealed
    assert not part.multipart


def test_a_forwarded_message_is_one_leaf_however_deep_it_is() -> None:
    raw = b"Content-Type: message/rfc822\r\n\r\n" * 10_000 + b"x\r\n"
    assert contents(raw) == [raw[32:]]


def test_parts_of_a_digest_are_messages() -> None:
    root = mime.read(crlf(b"Content-Type: multipart/digest; boundary=b\n\n--b\n\nFrom: x\n\ny\n--b--\n"))
    assert root.children[0].kind == b"message/rfc822"


@pytest.mark.parametrize("depth", [1, 19, 20])
def test_as_deep_as_people_nest(depth: int) -> None:
    assert contents(nested(depth)) == [b"innermost"]


@pytest.mark.parametrize("depth", [21, 100, 5_000])
def test_and_no_deeper(depth: int) -> None:
    with pytest.raises(Malformed, match="deep"):
        mime.read(nested(depth))


@pytest.mark.parametrize(("parts", "read"), [(999, True), (1_000, False), (100_000, False)])
def test_a_thousand_parts_with_the_message_itself(parts: int, read: bool) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * parts + b"--b--\r\n"
    if read:
        assert len(mime.read(raw).children) == parts
    else:
        with pytest.raises(Malformed, match="more than"):
            mime.read(raw)


@pytest.mark.no_cover  # counting branches would be half of the time
@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 200_000,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + b"--bx\r\n" * 300_000 + b"--b--\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b" + b" " * 900_000 + b"x\r\n--b\r\n\r\nx\r\n--b--\r\n",
        b"Content-Type: multipart/mixed; " + b"a=b; " * 50_000 + b"boundary=b\r\n\r\n--b\r\n\r\n--b--\r\n",
        b'Content-Type: multipart/mixed; a="' + b"\\" * 250_000 + b"\r\n\r\n--b\r\n\r\n--b--\r\n",
        b"Content-Type: multipart/mixed; boundary=" + b"b" * 60 + b"\r\n\r\n" + (b"\r\n--" + b"b" * 59) * 20_000,
        nested(5_000),
        b"".join(
            b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(20)
        ) + b"\r\n" + b"--\r\n" * 250_000,
    ],
    ids=["parts", "lines", "blanks", "parameters", "backslashes", "almost", "deep", "open"],
)  # fmt: skip
def test_a_megabyte_that_wants_to_take_long_takes_less_than_a_second(raw: bytes) -> None:
    start = process_time()
    with suppress(Malformed):
        mime.read(raw)
    spent = process_time() - start
    assert spent < max(len(raw) / 2**20, 0.25)
    print(f"{spent / len(raw) * 2**20:.3f} s a megabyte")


WORDS = st.sampled_from(
    [
        b"--a", b"--b", b"--a--", b"--b--", b"", b"text", b"Content-Type: multipart/mixed; boundary=a",
        b"Content-Type: multipart/alternative; boundary=b", b"Content-Type: text/html", b"Subject: x", b" folded",
    ]
)  # fmt: skip


@given(st.lists(WORDS, max_size=30))
def test_no_octet_belongs_to_two_leaves_and_all_are_within(lines: list[bytes]) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"".join(line + b"\r\n" for line in lines)
    try:
        root = mime.read(raw)
    except Malformed:
        return
    at = root.content
    for leaf in leaves(root):
        assert at <= leaf.start <= leaf.content <= leaf.end <= len(raw)
        at = leaf.end


@given(st.lists(st.text("ab \n-", max_size=12), min_size=1, max_size=6), st.booleans())
def test_another_reader_sees_the_same_parts(texts: list[str], deeper: bool) -> None:
    """Python's parser, for trees that can be read in one way only."""
    parts = b"".join(f"--=_q\n\n{text}\n".encode() for text in texts) + b"--=_q--\n"
    body = b'Content-Type: multipart/mixed; boundary="=_q"\n\n' + parts
    if deeper:
        body = b"Content-Type: multipart/mixed; boundary=o\n\n--o\n" + body + b"--o--\n"
    raw = crlf(body)
    seen = [
        part.get_payload() for part in message_from_bytes(raw, policy=policy.SMTP).walk() if not part.is_multipart()
    ]
    assert [content.decode() for content in contents(raw)] == seen


def test_edits_are_made_where_they_belong() -> None:
    assert mime.edited(b"0123456789", [(8, 8, b"+"), (2, 4, b""), (0, 1, b"zero")]) == b"zero14567+89"
