"""Trim: which parts give way, that no other octet does, and that nobody can make it dear."""

from __future__ import annotations

import base64
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.rewrite import mime
from mailbridge.rewrite.trim import Trimmer, attachments, fitting, trims
from store.alteration import KEPT, Alteration, Replaced
from store.terms import GroupKind, GroupPolicy, OverSendSize, wire_limit

TRIMMING = GroupPolicy(
    1, GroupKind.GROUP, "team@lists.example.org", "team@lists.example.org", "The team",
    max_send_size=1_024, over_send_size=OverSendSize.TRIM,
)  # fmt: skip
LIMIT = wire_limit(1_024)


def crlf(text: str) -> bytes:
    return text.encode().replace(b"\n", b"\r\n")


def attached(
    size: int, kind: str = "application/pdf", more: str = 'Content-Disposition: attachment; filename="a.pdf"\n'
) -> bytes:
    """A part with `size` octets of base64 in lines."""
    head = f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\n{more}\n"
    lines = base64.encodebytes(bytes(size * 3 // 4)).replace(b"\n", b"\r\n")
    return crlf(head) + lines[: size - size % 78]


def message(*parts: bytes, kind: str = "multipart/mixed") -> bytes:
    head = crlf(f"From: a@example.com\nSubject: x\nMIME-Version: 1.0\nContent-Type: {kind}; boundary=b\n\n")
    return head + b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"


TEXT = crlf("Content-Type: text/plain\n\nHello\n")


def trimmed(raw: bytes, group: GroupPolicy = TRIMMING) -> tuple[bytes, Alteration]:
    return Trimmer(raw).trimmed(group)


def notes(raw: bytes) -> list[str]:
    seen: Any = message_from_bytes(raw.replace(b"\r\n", b"\n"), policy=policy.default)
    for part in seen.walk():
        assert part.defects == []
    return [part.get_content() for part in seen.walk() if "left out here" in str(part.get_payload())]


def test_the_largest_give_way_until_it_fits() -> None:
    small, large, middle = (attached(size) for size in (20_000, 90_000, 50_000))
    raw = message(TEXT, small, large, middle)
    made, alteration = trimmed(raw)
    assert len(made) <= LIMIT
    assert [one.size // 1_000 for one in alteration.replaced] == [65, 36]
    assert (alteration.count, len(notes(made))) == (2, 2)
    # What stands before, between and after them is the same.
    first, _, last = raw.partition(large + b"\r\n--b\r\n" + middle)
    assert made.startswith(first)
    assert made.endswith(last)


def test_no_more_than_needed() -> None:
    raw = message(TEXT, attached(40_000), attached(40_000))
    made, alteration = trimmed(raw)
    assert (alteration.count, len(notes(made))) == (1, 1)
    assert len(made) > 40_000


def test_the_limit_is_kept_to_the_octet() -> None:
    raw = message(TEXT, attached(90_000), attached(40_000))
    room = LIMIT - len(trimmed(raw)[0])
    for more, count in ((room, 1), (room + 1, 2)):
        made, alteration = trimmed(raw.replace(b"Hello", b"Hello" + b"!" * more))
        assert alteration.count == count
        assert len(made) <= LIMIT


def test_no_note_takes_the_place_of_what_is_smaller_than_itself() -> None:
    long_name = 'Content-Disposition: attachment; filename="' + "日" * 90 + '"\n'
    text = crlf("Content-Type: text/plain\n\n") + b"words\r\n" * 9_400
    raw = message(text, attached(780, more=long_name), attached(936, more=""))
    raw = raw.replace(b"words\r\n", b"", (len(raw) - LIMIT - 100) // 7)  # a hundred octets too large
    made, alteration = trimmed(raw)
    assert [one.name for one in alteration.replaced] == [""]
    assert "日".encode() * 90 in made


def test_what_fits_stays_as_it_is() -> None:
    raw = message(TEXT, attached(LIMIT - 1_000))
    assert len(raw) <= LIMIT
    assert trimmed(raw) == (raw, Alteration())
    assert not trims(TRIMMING, LIMIT)
    assert trims(TRIMMING, LIMIT + 1)
    assert not trims(replace(TRIMMING, over_send_size=OverSendSize.REFUSE), LIMIT + 1)
    assert not trims(replace(TRIMMING, max_send_size=None), 2**40)


def test_the_note_says_what_stood_there() -> None:
    raw = message(
        TEXT, attached(104_000, more="Content-Disposition: attachment; filename*=utf-8''%E2%82%AC%20rates.pdf\n")
    )
    made, alteration = trimmed(raw)
    assert alteration.replaced == (Replaced("€ rates.pdf", "application/pdf", alteration.size),)
    (note,) = notes(made)
    assert "    Name: € rates.pdf\n    Type: application/pdf\n    Size: 74.2 KB" in note


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("Content-Disposition: attachment; filename=plain.pdf", "plain.pdf"),
        ('Content-Disposition: attachment; filename="a \\"b\\".pdf"', 'a "b".pdf'),
        ('Content-Disposition: attachment; filename*0="long "; filename*1=name.pdf', "long name.pdf"),
        ("Content-Disposition: attachment; filename*0*=utf-8''%C3%A9; filename*1=%41.pdf", "é%41.pdf"),
        ("Content-Disposition: attachment; filename*=iso-8859-1'en'%E9.pdf", "é.pdf"),
        ('Content-Disposition: attachment; filename="=?utf-8?q?=C3=A9?= =?utf-8?b?w6k=?=.pdf"', "éé.pdf"),
        ("X-None: y", "inner.pdf"),
        ('Content-Disposition: attachment; filename="exe\u202efdp.x\u200f"', "exefdp.x"),
        ("Content-Disposition: attachment; filename*=utf-8''%0D%0ABcc:%20x%00%1B.pdf", "Bcc: x .pdf"),
        ('Content-Disposition: attachment; filename="' + "n" * 500 + '"', "n" * 99 + "…"),
        ("Content-Disposition: attachment; filename*=rot13''nop", "nop"),
        ("Content-Disposition: attachment; filename*=utf-8''%FF%FE", "ÿþ"),
    ],
)
def test_names_of_files(field: str, name: str) -> None:
    raw = message(TEXT, attached(100_000, 'application/pdf; name="inner.pdf"', f"{field}\n"))
    made, alteration = trimmed(raw)
    assert alteration.replaced[0].name == name
    assert len(notes(made)) == 1


@pytest.mark.parametrize(
    ("part", "is_attachment"),
    [
        ("Content-Type: image/png", True),
        ("Content-Type: image/png\nContent-Disposition: inline", True),
        ("Content-Type: message/rfc822", True),
        ("Content-Type: text/plain\nContent-Disposition: attachment", True),
        ("Content-Type: text/x-patch; name=a.diff", True),
        ("Content-Type: text/plain; name*=utf-8''a\nContent-Disposition: inline", True),
        ("Content-Type: text/plain", False),
        ("Content-Type: text/html\nContent-Disposition: inline", False),
        ("X-No: type", False),
        ("Content-Type: application/pkcs7-mime; name=smime.p7m", False),
        ("Content-Type: multipart/signed; boundary=s", False),
        ("Content-Type: multipart/encrypted; boundary=s", False),
    ],
)
def test_what_is_an_attachment(part: str, is_attachment: bool) -> None:
    root = mime.read(message(TEXT, crlf(f"{part}\n\n--s\n\nx\n--s--\n")))
    assert (root.children[1] in list(attachments(root))) is is_attachment


def test_alternatives_and_the_root_of_what_belongs_together_are_text() -> None:
    for kind, found in (("multipart/alternative", 0), ("multipart/related", 1), ("multipart/mixed", 2)):
        raw = message(attached(100, more=""), attached(100, more=""), kind=kind)
        assert len(list(attachments(mime.read(raw)))) == found
    named = message(
        attached(100, more=""), attached(100, more="Content-ID: <r>\n"), kind='multipart/related; start="<r>"'
    )
    root = mime.read(named)
    assert list(attachments(root)) == [root.children[0]]


def test_a_forwarded_message_goes_whole() -> None:
    forwarded = b"Content-Type: message/rfc822\r\n\r\n" + message(TEXT, attached(90_000)).replace(
        b"--b", b"--inner"
    ).replace(b"=b", b"=inner")
    made, alteration = trimmed(message(TEXT, forwarded))
    assert [(one.kind, one.name) for one in alteration.replaced] == [("message/rfc822", "")]
    assert "Name: (none)" in notes(made)[0]


@pytest.mark.parametrize("version", ["MIME-Version: 1.0\n", ""])
def test_a_message_that_is_nothing_but_an_attachment(version: str) -> None:
    raw = crlf(f"From: a@example.com\n{version}") + attached(
        100_000, more="Content-Disposition: attachment\nSubject: Scan\n"
    )
    made, alteration = trimmed(raw)
    seen: EmailMessage = message_from_bytes(made, policy=policy.default)
    assert alteration.count == 1
    assert "left out here" in seen.get_content()
    assert (seen["Subject"], seen["MIME-Version"], seen["Content-Disposition"]) == ("Scan", "1.0", "inline")
    assert len(seen.get_all("Content-Type") or []) == len(seen.get_all("Content-Transfer-Encoding") or []) == 1


@pytest.mark.parametrize(
    "raw",
    [
        message(TEXT, crlf("Content-Type: text/plain\n\n" + "words\n" * 20_000), attached(1_000)),
        message(TEXT, b"Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n" + attached(90_000) + b"\r\n--s--"),
        message(TEXT, attached(90_000)).replace(b"--b--", b""). replace(b"--b\r\n", b"--c\r\n"),
        message(TEXT, *[attached(100)] * 400),  # each note is larger than what it stands for
        message(*[b"\r\n"] * 100_000),
        crlf("From: a@example.com\nContent-Type: application/pkcs7-mime\n\n") + attached(90_000),
        crlf("From: a@example.com\n\n") + b"x" * 90_000,
    ],
    ids=["text", "signed", "malformed", "crumbs", "parts", "opaque", "plain"],
)  # fmt: skip
def test_what_cannot_be_made_to_fit_stays_as_it_is(raw: bytes) -> None:
    assert trimmed(raw) == (raw, Alteration())
    assert fitting(raw, [TRIMMING]) == frozenset()


def test_each_group_by_its_own_limit() -> None:
    raw = message(TEXT, crlf("Content-Type: text/plain\n\n" + "words\n" * 13_000), attached(50_000))
    larger = replace(TRIMMING, group_id=2, max_send_size=40_000)
    refusing = replace(larger, group_id=3, over_send_size=OverSendSize.REFUSE)
    roomy = replace(TRIMMING, group_id=4, max_send_size=2**20)
    assert fitting(raw, [TRIMMING, larger, refusing, roomy]) == frozenset({2})


def test_the_report_names_the_first_and_counts_all() -> None:
    raw = message(TEXT, *[attached(3_000 + 78 * n) for n in range(KEPT + 20)])
    made, alteration = trimmed(raw)
    assert alteration.count == len(notes(made)) > KEPT
    assert len(alteration.replaced) == KEPT
    assert Alteration.from_json(alteration.as_json()) == alteration


@given(st.lists(st.integers(78, 60_000), min_size=1, max_size=12), st.integers(1_024, 60_000))
def test_as_large_as_may_be_and_the_rest_untouched(sizes: list[int], limit: int) -> None:
    group = replace(TRIMMING, max_send_size=limit)
    parts = [attached(size, more=f"Content-Disposition: attachment; filename={at}\n") for at, size in enumerate(sizes)]
    raw = message(TEXT, *parts)
    made, alteration = trimmed(raw, group)
    if not alteration:
        assert made is raw
        return
    assert len(made) <= wire_limit(limit) < len(raw)
    gone = {int(one.name) for one in alteration.replaced}
    kept = [part for at, part in enumerate(parts) if at not in gone]
    left = mime.read(made).children[1:]
    assert [made[part.start : part.end] for at, part in enumerate(left) if at not in gone] == kept
    # None that stayed is larger than one that went.
    assert max((len(one) for one in kept), default=0) <= min(len(parts[at]) for at in gone)
    # Without the last of them it would not fit.
    last = parts[int(alteration.replaced[-1].name)]
    assert len(made) + len(last) - len(notes(made)[-1]) > wire_limit(limit) - 1_000


@pytest.mark.no_cover  # counting branches would be half of the time
def test_a_thousand_attachments_and_a_thousand_groups_take_less_than_a_second_a_megabyte() -> None:
    raw = message(TEXT, *[attached(1_100, more=f"Content-Disposition: attachment; filename={n}\n") for n in range(990)])
    groups = [replace(TRIMMING, group_id=n, max_send_size=1_024 + n) for n in range(100)]
    start = process_time()
    assert fitting(raw, groups) == frozenset()  # all notes together are too large
    spent = process_time() - start
    print(f"{spent / len(raw) * 2**20:.3f} s a megabyte")
    assert spent < len(raw) / 2**20
