"""What a moderator reads of a mail: text whatever the mail is made of, and never more than fits."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.views import mail, reading
from tests.mailbridge.safety.bombs import BOMBS

PLAIN = b"From: a@b\r\nSubject: x\r\n\r\nHello there\r\n"
MULTI = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
    b"--B\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Gr=FC=DFe\r\n"
    b"--B\r\nContent-Type: text/html\r\n\r\n<p>never shown</p>\r\n"
    b"--B\r\nContent-Type: application/pdf; name=a.pdf\r\n"
    b"Content-Disposition: attachment; filename*=utf-8''b%C3%BC.pdf\r\n\r\nxx\r\n"
    b"--B--\r\n"
)
HTML = (
    b"Content-Type: text/html; charset=utf-8\r\n\r\n<html><head><title>t</title><style>p{}</style></head>"
    b"<body><script>alert('<p>')</script><p>One &amp; two</p><div>Three<br>four</div></body></html>"
)


def test_plain() -> None:
    assert mail.read(PLAIN) == mail.Mail("Hello there", cut=False, attachments=())


def test_the_plain_part_and_the_names_of_attachments() -> None:
    assert mail.read(MULTI) == mail.Mail("Grüße", cut=False, attachments=("bü.pdf",))


def test_html_alone_is_read_as_text() -> None:
    assert mail.read(HTML).text.split() == ["One", "&", "two", "Three", "four"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0\0",
        b"no header at all",
        b"Content-Type: text/plain; charset=no-such\r\n\r\n\xff\xfe",
        b"Content-Transfer-Encoding: base64\r\n\r\n====",
        b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n",
        b"Content-Type: multipart/mixed; boundary=B\r\n\r\n" + b"--B\r\n\r\n" * 5_000,
        b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(3_000)),
        b"Content-Type: text/html\r\n\r\n" + b"<script>" * 50_000,
        b"Content-Type: text/html\r\n\r\n" + b"<!--" * 50_000,
        b"Content-Disposition: attachment; filename==?utf-8?b?!!!?=\r\n\r\nx",
        b"Content-Type: text/plain; charset=utf-16\r\n\r\n\xd8\x00",
    ],
)
@pytest.mark.timeout(10)
def test_nothing_trips_it(raw: bytes) -> None:
    found = mail.read(raw)
    assert len(found.text) <= mail.TEXT_AT_MOST
    assert len(found.attachments) <= mail.ATTACHMENTS_AT_MOST


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(raw: bytes) -> None:
    mail.read(raw)


def test_a_long_mail_says_that_it_is_cut() -> None:
    found = mail.read(b"\r\n" + b"x" * 200_000)
    assert (len(found.text), found.cut) == (65_536, True)


def test_pieces_cut_at_line_ends_and_lose_nothing() -> None:
    text = "\n".join(f"line {n} <&>" for n in range(400))
    pieces, rest = reading.pieces_of(text)
    assert not rest
    assert len(pieces) > 1
    shown = "\n".join(piece.removeprefix("```\n").removesuffix("\n```") for piece in pieces)
    assert shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


def test_pieces_end_where_the_view_is_full() -> None:
    pieces, rest = reading.pieces_of("é" * 65_536)
    assert rest
    assert sum(len(piece) for piece in pieces) < 60_000


@pytest.mark.no_cover  # counting branches would be most of the cost
@pytest.mark.parametrize("name", BOMBS)
def test_a_look_at_a_bomb_costs_little(name: str) -> None:
    """In CPU time, which a busy machine stretches by its cold caches alone; what is quadratic takes minutes."""
    began = time.process_time()
    mail.read(BOMBS[name])
    assert time.process_time() - began < 10.0 * max(len(BOMBS[name]) / 2**20, 1.0)
