"""The footer: in every charset and encoding where the text ends, beside it where it cannot, never in what is signed."""

from __future__ import annotations

import base64
import quopri
import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailbridge.rewrite import mime
from mailbridge.rewrite.appended import RULE
from mailbridge.rewrite.footer import NoFooter, footed, footer
from store.alteration import Unfooted
from store.terms import GroupKind, GroupPolicy

FOOTER = "Be kind.\nSee the wiki."
BEYOND = "Soyez aimables – d’accord ?"


def crlf(text: str | bytes) -> bytes:
    octets = text.encode() if isinstance(text, str) else text
    return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def seen(raw: bytes) -> EmailMessage:
    """As Python reads it, which shares no line with us. Raises for whatever it finds wrong."""
    message: Any = message_from_bytes(raw.replace(b"\r\n", b"\n"), policy=policy.default)
    for part in message.walk():
        assert part.defects == [], (part.defects, raw)
    return message  # type: ignore[no-any-return]  # what the default policy gives


def single(
    content: bytes, *, charset: str = "utf-8", encoding: str = "8bit", kind: str = "text/plain", more: str = ""
) -> bytes:
    head = f"From: a@example.com\nMIME-Version: 1.0\nContent-Type: {kind}; charset={charset}{more}\n"
    return crlf(f"{head}Content-Transfer-Encoding: {encoding}\n\n") + content


def text_of(raw: bytes) -> str:
    """The whole of the one text of a message."""
    message = seen(raw)
    assert not message.is_multipart(), raw
    octets = message.get_payload(decode=True)
    assert isinstance(octets, bytes)
    return octets.decode(message.get_content_charset() or "ascii").replace("\r\n", "\n")


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "8bit": lambda octets: octets,
    "binary": lambda octets: octets,
    "quoted-printable": lambda octets: crlf(quopri.encodestring(octets.replace(b"\r\n", b"\n"))),
    "base64": lambda octets: crlf(base64.encodebytes(octets)) or b"\r\n",
}


@pytest.mark.parametrize("encoding", ENCODERS)
@pytest.mark.parametrize(
    ("charset", "words"),
    [
        ("utf-8", "Grüße – 日本語"), ("iso-8859-1", "Grüße"), ("windows-1252", "Grüße – ja"), ("koi8-r", "Привет"),
        ("iso-2022-jp", "日本語"), ("shift_jis", "日本語"), ("gb18030", "中文"), ("big5", "中文"), ("euc-kr", "한국어"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["", "\r\n", "\r\n\r\n"])
def test_in_the_text_s_own_charset_and_encoding(encoding: str, charset: str, words: str, end: str) -> None:
    content = ENCODERS[encoding](f"{words}\r\nbye{end}".encode(charset))
    raw = single(content, charset=charset, encoding=encoding)
    made = footed(raw, FOOTER, "en")
    before = text_of(raw if raw.endswith(b"\r\n") else raw + b"\r\n")
    after = text_of(made)
    assert after == before.rstrip("\n") + ("\n" * max(1, before.count("\n") - words.count("\n") - 1)) + (
        f"\n{RULE}\n{FOOTER}\n"
    )
    head = raw.index(b"\r\n\r\n") + 4
    assert made[:head] == raw[:head]
    if encoding != "base64":
        assert made.startswith(raw)


@pytest.mark.parametrize(
    ("charset", "encoding", "stays"),
    [
        ("utf-8", "8bit", True), ("utf-8", "base64", True), ("utf-8", "quoted-printable", True),
        ("windows-1252", "8bit", True), ("utf-8", "7bit", False), ("us-ascii", "7bit", False),
        ("iso-8859-1", "quoted-printable", False), ("koi8-r", "base64", False), ("utf-16", "base64", False),
        ("utf-7", "7bit", False), ("x-unknown", "8bit", False), ("iso-8859-99", "8bit", False),
        ("utf-8", "x-uuencode", False), ("", "8bit", False),
    ],
)  # fmt: skip
def test_a_footer_that_the_charset_has_no_letters_for_is_a_part_of_its_own(
    charset: str, encoding: str, stays: bool
) -> None:
    words = "Hello" if encoding != "base64" else base64.b64encode("Hello\r\n".encode(charset)).decode()
    raw = single(crlf(f"{words}\n"), charset=charset or '""', encoding=encoding)
    made = footed(raw, BEYOND, "fr")
    if stays:
        assert text_of(made).endswith(f"Hello\n\n{RULE}\n{BEYOND}\n")
        return
    root = mime.read(made)
    first, second = root.children
    # The author's part is what the message was, to the octet.
    assert made[first.start : first.end].endswith(raw.partition(b"\r\n\r\n")[2])
    assert made[first.start : first.content].startswith(b"Content-Type: text/plain; charset=")
    assert second.disposition == b"inline"
    parts = list(message_from_bytes(made.replace(b"\r\n", b"\n"), policy=policy.default).iter_parts())
    assert parts[1].get_content() == f"{RULE}\n{BEYOND}\n"
    assert parts[1]["Content-Language"] == "fr"


def test_a_message_without_mime_gets_its_footer() -> None:
    raw = crlf("From: a@example.com\nSubject: x\n\nHello\n")
    assert footed(raw, FOOTER, "en") == raw + crlf(f"\n{RULE}\n{FOOTER}\n")
    parts = list(seen(footed(raw, BEYOND, "fr")).iter_parts())
    assert [part.get_content() for part in parts] == ["Hello\n", f"{RULE}\n{BEYOND}\n"]


def test_flowed_text_is_not_joined_with_it() -> None:
    raw = single(crlf("one \ntwo \n"), more="; format=flowed")
    made = footed(raw, "From us\n> quoted\n  indented\nends with a blank ", "en")
    # RFC 3676 4.2, 4.4: an empty line is fixed; lines that begin so are stuffed; no line of ours ends with a blank.
    assert made == raw + crlf(f"\n{RULE}\n From us\n > quoted\n   indented\nends with a blank\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<html><body><p>Hi</p></body></html>\n", "<html><body><p>Hi</p>\n%s</body></html>\n"),
        ("<BODY>\nHi\n</BODY >\n</html>\n", "<BODY>\nHi\n%s</BODY >\n</html>\n"),
        ("<p>&lt;/body&gt; </bodyguard></body>\n", "<p>&lt;/body&gt; </bodyguard>\n%s</body>\n"),
        ("<body>a</body><body>b</body>\n", "<body>a</body><body>b\n%s</body>\n"),
        ("<p>Hi</html>\n", "<p>Hi\n%s</html>\n"),
        ("<p>Hi", "<p>Hi\n%s"),
    ],
)
@pytest.mark.parametrize("encoding", ENCODERS)
def test_in_html_before_the_end_of_the_body(before: str, after: str, encoding: str) -> None:
    ours = '<hr>\n<p style="font-size:smaller">1 &lt; 2 &amp; &#8211;</p>\n'
    raw = single(ENCODERS[encoding](crlf(before)), kind="text/html", encoding=encoding)
    made = footed(raw, "1 < 2 & –", "en")
    assert text_of(made if made.endswith(b"\n") else made + b"\r\n").rstrip("\n") == (after % ours).rstrip("\n")


@pytest.mark.parametrize(
    "cut", ["<body>x</bo=\r\ndy></html>", "<body>x=3C/body=3E</html>", "<body>x<=\r\n/body>", "<body>x=\r\n</body>"]
)
def test_an_end_that_quoted_printable_has_cut_is_found(cut: str) -> None:
    made = footed(single(cut.encode() + b"\r\n", kind="text/html", encoding="quoted-printable"), "ours", "en")
    assert re.search(r"<body>x\n+<hr>\n<p[^>]*>ours</p>\n</body", text_of(made))


def test_a_soft_line_break_at_the_end_becomes_a_line_end() -> None:
    for end in (b"=", b"=\r\n"):
        made = footed(single(b"Hello" + end, encoding="quoted-printable"), FOOTER, "en")
        assert text_of(made) == f"Hello\n\n{RULE}\n{FOOTER}\n"


@pytest.mark.parametrize("content", [b"SGVsbG8=\r\nSGVsbG8=\r\n", b"SGVsbG8\r\n", b"SGVs!bG8=\r\n", b"S=G=\r\n"])
def test_base64_that_is_none_stays_as_it_is(content: bytes) -> None:
    made = footed(single(content, encoding="base64"), FOOTER, "en")
    first, second = mime.read(made).children
    assert made[first.content : first.end] == content
    assert b"Be kind." in made[second.content : second.end]


@given(st.binary(max_size=400), st.integers(1, 90))
def test_of_base64_only_the_last_line_is_written_anew(octets: bytes, width: int) -> None:
    letters = base64.b64encode(octets)
    lines = [letters[at : at + width] for at in range(0, len(letters), width)]
    content = b"".join(line + b"\r\n" for line in lines)
    raw = single(content, charset="iso-8859-1", encoding="base64")
    made = footed(raw, FOOTER, "en")
    body = made.partition(b"\r\n\r\n")[2]
    decoded = base64.b64decode(body)
    assert decoded.startswith(octets)
    assert decoded.endswith(crlf(f"\n{RULE}\n{FOOTER}\n"))
    if width % 4 == 0:
        assert body.startswith(b"".join(line + b"\r\n" for line in lines[:-1]))
    assert all(len(line) <= max(76, width) for line in body.split(b"\r\n"))


ALTERNATIVE = """\
From: a@example.com
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain

Hello
--a
Content-Type: multipart/related; boundary=r

--r
Content-Type: text/html

<body>Hello<img src="cid:1"></body>
--r
Content-Type: image/png
Content-Transfer-Encoding: base64

AAAA
--r--
--a
Content-Type: text/calendar

BEGIN:VCALENDAR
--a--
"""
# As a program writes it that puts a document between two pieces of HTML.
APPLE = """\
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain

Hello
--a
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: text/html

<p>Hello
--m
Content-Type: application/pdf

%PDF
--m
Content-Type: text/html

<p>Bye
--m--
--a--
"""


def test_in_each_alternative() -> None:
    made = footed(crlf(ALTERNATIVE), FOOTER, "en")
    plain, html, picture, calendar = (p for p in seen(made).walk() if not p.is_multipart())
    assert plain.get_content() == f"Hello\n\n{RULE}\n{FOOTER}\n"
    assert re.search("Be kind.<br>\nSee the wiki.</p>\n</body>", html.get_content())
    assert picture.get_content() == b"\0\0\0"
    assert calendar.get_content() == "BEGIN:VCALENDAR"
    assert made.count(b"Be kind.") == 2


def test_behind_the_last_piece_of_an_alternative() -> None:
    made = footed(crlf(APPLE), FOOTER, "en")
    _, first, document, last = (p for p in seen(made).walk() if not p.is_multipart())
    assert "kind" not in first.get_content()
    assert document.get_content() == b"%PDF"
    assert last.get_content().startswith("<p>Bye\n<hr>\n")


def test_where_one_alternative_cannot_take_it_all_stay_as_they_are() -> None:
    raw = crlf(ALTERNATIVE)
    made = footed(raw, BEYOND, "fr")  # 7bit: no room for a dash
    root = mime.read(made)
    assert root.kind == b"multipart/mixed"
    assert made[root.children[0].content : root.children[0].end] == raw.partition(b"\r\n\r\n")[2]
    assert made.count(b"Soyez") == 1


def test_beside_mixed_parts() -> None:
    raw = crlf(ALTERNATIVE).replace(b"alternative", b"mixed", 1)
    made = footed(raw, FOOTER, "en")
    at = raw.index(b"--a--")
    assert made.startswith(raw[:at] + b"--a\r\nContent-Type: text/plain")
    assert made.endswith(raw[at:])
    *_, last = seen(made).iter_parts()
    assert (last.get_content(), last.get_content_disposition()) == (f"{RULE}\n{FOOTER}\n", "inline")


def test_a_text_that_is_an_attachment_is_not_written_into() -> None:
    raw = crlf("MIME-Version: 1.0\nContent-Disposition: attachment; filename=a.txt\nContent-Type: text/plain\n\nlog\n")
    first, second = seen(footed(raw, FOOTER, "en")).iter_parts()
    assert (first.get_filename(), first.get_content()) == ("a.txt", "log\n")
    assert second.get_content() == f"{RULE}\n{FOOTER}\n"


@pytest.mark.parametrize("kind", ["image/png", "application/pdf", "message/rfc822", "text/calendar", "text/enriched"])
def test_around_what_is_no_text(kind: str) -> None:
    raw = crlf(
        f"From: a@example.com\nMIME-Version: 1.0\nContent-Type: {kind}\nSubject: x\nContent-Length: 5\n\nA: b\n\nx\n"
    )
    made = footed(raw, FOOTER, "en")
    root = mime.read(made)
    assert [field.name for field in root.fields] == [b"from", b"mime-version", b"subject", b"content-type"]
    assert made[root.children[0].start : root.children[0].end] == crlf(f"Content-Type: {kind}\n\nA: b\n\nx\n")
    assert mime.value(root.fields, b"from") == b"a@example.com"
    assert len(list(message_from_bytes(made, policy=policy.default).iter_parts())) == 2


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("multipart/signed; protocol=application/pgp-signature; boundary=a", Unfooted.SEALED),
        ("multipart/encrypted; protocol=application/pgp-encrypted; boundary=a", Unfooted.SEALED),
        ("application/pkcs7-mime; smime-type=signed-data", Unfooted.SEALED),
        ("application/x-pkcs7-mime; smime-type=enveloped-data", Unfooted.SEALED),
        ("multipart/mixed", Unfooted.MALFORMED),
        ("multipart/mixed; boundary=other", Unfooted.MALFORMED),
        ("multipart/mixed; boundary=a; boundary=b", Unfooted.MALFORMED),
        ("multipart/mixed; boundary=open", Unfooted.MALFORMED),
    ],
)
def test_who_goes_without(kind: str, why: Unfooted) -> None:
    raw = crlf(f"MIME-Version: 1.0\nContent-Type: {kind}\n\n--a\n\nx\n--a--\n\n--open\n\ncut o\n")
    with pytest.raises(NoFooter) as none:
        footed(raw, FOOTER, "en")
    assert none.value.why is why


def test_what_is_signed_within_stays_signed() -> None:
    signature = "Content-Type: application/pgp-signature\n\ny\n"
    signed = f"Content-Type: multipart/signed; boundary=s\n\n--s\n\nx\n--s\n{signature}--s--\n"
    raw = crlf(f"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=a\n\n--a\n{signed}--a--\n")
    made = footed(raw, FOOTER, "en")
    assert crlf(signed) in made
    assert len(list(seen(made).iter_parts())) == 2


def test_the_words_about_leaving_are_nobody_s_own() -> None:
    group = GroupPolicy(1, GroupKind.GROUP, "t@corp.example", "t@lists.example", "The team", footer="Be kind.")
    said = footer(group, "t-owner@lists.example")
    assert said.startswith("Be kind.\n\nYou receive this as a contact of The team (t@corp.example).")
    assert "t-owner@lists.example" in said
    assert "write to" not in footer(group, "")
    assert "http" not in said


LONG = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=500)


@example("日" * 500, "8bit", "text/plain")
@example("𝔘" * 500, "8bit", "text/html")
@given(LONG, st.sampled_from(sorted(ENCODERS)), st.sampled_from(["text/plain", "text/html"]))
def test_no_words_make_a_line_too_long_or_another_part(words: str, encoding: str, kind: str) -> None:
    raw = single(ENCODERS[encoding](b"Hello\r\n"), encoding=encoding, kind=kind)
    made = footed(raw, words, "en")
    assert all(len(line) <= 998 for line in made.split(b"\r\n"))  # RFC 5322 2.1.1
    assert re.search(rb"(?<!\r)\n|\r(?!\n)|\0", made) is None
    assert not seen(made).is_multipart()
