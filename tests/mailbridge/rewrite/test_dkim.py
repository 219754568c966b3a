"""Signed copies as dkimpy sees them: whole they verify, and whatever a forger would change breaks them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import dkim
import pytest

from mailbridge import headers
from mailbridge.rewrite.copy import prefix
from mailbridge.rewrite.covered import OVERSIGNED, body_hash
from mailbridge.rewrite.dkim import PER_COPY, templates
from mailbridge.rewrite.edition import Edition, Offers, edition
from mailbridge.rewrite.trace import Trace
from mailbridge.rewrite.wire import unstuffed
from store.terms import Copies, GroupKind, GroupPolicy
from tests.mailbridge.rewrite.oracle import DOMAIN, identities, sign, verdicts
from tests.mailbridge.rewrite.test_edition import corpus

GROUP = GroupPolicy(1, GroupKind.GROUP, f"team@{DOMAIN}", f"team@{DOMAIN}", "The team")
MOMENT = datetime(2026, 3, 2, 9, 0, 1, tzinfo=UTC)
TRACE = Trace("P3K7", MOMENT, f"mx.{DOMAIN}", "peer.example.com", "192.0.2.7")
OFFERS = Offers(leave_mailto=True, one_click=True, owner=True)
TOKEN = "abcdefghijklmnopqrstuvwx"
HEAD = (
    b"From: Ada <ada@example.com>\r\nTo: team@lists.example.org\r\nSubject: Lunch\r\nDate: x\r\nMessage-ID: <1@x>\r\n"
)


def top(made: Edition, own: bytes) -> bytes:
    """The copy's prefix, with a signature of each kind on it."""
    found = templates(made.head, body_hash(made.head, made.wire), identities().speaking_for(DOMAIN), MOMENT)
    assert len(found) == 2
    return b"".join(each.field(sign(each.identity.number, each.digest(own))) for each in found) + own


def signed(raw: bytes, group: GroupPolicy = GROUP, *, token: str | None = TOKEN) -> bytes:
    """One contact's copy of `raw`, as a mailbox gets it."""
    made = edition(raw, group, TRACE, OFFERS)
    return unstuffed(top(made, prefix(group, leave_token=token, public_url="https://groups.example.org")) + made.wire)


SHAPES = {
    "plain": HEAD + b"\r\nHello.\r\n",
    "without a body": HEAD + b"\r\n",
    "without a blank line": HEAD,
    "of blank lines only": HEAD + b"\r\n" * 5,
    "blank lines at the end": HEAD + b"\r\nHello.\r\n\r\n \r\n\t\r\n\r\n",
    "blanks at line ends": HEAD + b"\r\nHello \t \r\n  two   words\t\tmore \r\n",
    "dots": HEAD + b"\r\n.\r\n..\r\n.Hello\r\n...\r\n",
    "dots first": b".Dot: 1\r\n" + HEAD + b"\r\n.\r\n",
    "8-bit": HEAD.replace(b"Lunch", b"D\xc3\xa9jeuner") + b"\r\nCaf\xe9 \xc3\xa9t\xc3\xa9\r\n",
    "long lines": HEAD + b"\r\n" + b"x" * 5_000 + b" \r\n" + b"y z" * 2_000 + b"\r\n",
    "without a line end": HEAD + b"\r\nHello",
    "folded": HEAD.replace(b"Lunch", b"Lunch\r\n\tat  noon \r\n \tor   later") + b"Cc: a@x,\r\n\tc@x\r\n\r\nHi\r\n",
    "an empty subject": HEAD.replace(b" Lunch", b"") + b"\r\nHi\r\n",
    "a subject of blanks": HEAD.replace(b" Lunch", b" \t ") + b"\r\nHi\r\n",
    "odd capitals": HEAD.replace(b"From:", b"fROM:").replace(b"To:", b"TO:") + b"\r\nHi\r\n",
    "several of a kind": HEAD + b"To: second@x\r\nReferences: <a@x>\r\nReferences: <b@x>\r\nCc: c@x\r\n\r\nHi\r\n",
    "signed before": HEAD + b"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=k; h=from; bh=x; b=y\r\n\r\nHi\r\n",
    "no subject, no date, no id": b"From: a@example.com\r\n\r\nHi\r\n",
    "resent": HEAD + b"Resent-From: b@x\r\nResent-To: c@x\r\nSender: d@x\r\nAuto-Submitted: no\r\n\r\nHi\r\n",
    "MIME": HEAD + b"Content-Type: multipart/mixed;\r\n boundary=b\r\n\r\n--b\r\n\r\nHi\r\n--b--\r\n",
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_a_copy_verifies(shape: str) -> None:
    personal = signed(SHAPES[shape])
    assert verdicts(personal) == [True, True]
    assert b"List-Unsubscribe-Post:" in personal
    assert verdicts(signed(SHAPES[shape], replace(GROUP, copies=Copies.SHARED), token=None)) == [True, True]


@pytest.mark.skipif(not next(corpus(), None), reason="the corpora are not here: set POSTROOM_CORPORA")
def test_copies_of_real_mail_verify() -> None:
    """Of every message dkimpy can read."""
    seen = unread = 0
    wrong: list[str] = []
    for path in corpus():
        raw = re.sub(rb"\r\n|\r|\n", b"\r\n", path.read_bytes())
        try:
            if verdicts(signed(raw)) != [True, True]:
                wrong.append(path.name)
            seen += 1
        except dkim.DKIMException:
            unread += 1
    assert wrong == []
    print(f"{seen} verify, {unread} cannot be read")
    assert seen > 500
    assert unread < 5


# ---------------------------------------------------------------- what breaks it

COPY = signed(SHAPES["MIME"])


@pytest.mark.parametrize("name", [*OVERSIGNED, *PER_COPY])
def test_one_more_of_a_field_breaks_it(name: str) -> None:
    """Above what is there, where most programs look for it, and below, where signatures begin to count."""
    field = f"{name}: <https://evil.example/x>\r\n".encode()
    assert verdicts(COPY) == [True, True]
    head, body = headers.split(COPY)
    assert verdicts(head + field + body) == [False, False]
    assert verdicts(field + COPY) == [False, False]


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (TOKEN.encode(), b"bbcdefghijklmnopqrstuvwx"),
        (b"/leave/", b"/leave/x"),
        (b"One-Click", b"One-Clack"),
        (b"Lunch", b"Munch"),
        (b"ada@", b"eve@"),
        (b"<team.lists", b"<tram.lists"),
        (b"\r\nHi", b"\r\nHo"),
        (b"--b--\r\n", b"--b--\r\nmore\r\n"),
        (b"boundary", b"foundary"),
    ],
)
def test_a_changed_octet_breaks_it(was: bytes, becomes: bytes) -> None:
    changed = COPY.replace(was, becomes)
    assert changed != COPY
    assert verdicts(changed) == [False, False]


@pytest.mark.parametrize("name", ["List-Unsubscribe-Post", "List-Id", "Subject", "Content-Type"])
def test_a_field_that_is_gone_breaks_it(name: str) -> None:
    head, body = headers.split(COPY)
    kept = b"".join(field.raw for field in headers.fields(head) if field.name != name.lower().encode())
    assert len(kept) < len(head)
    assert verdicts(kept + body) == [False, False]


def test_what_honest_relays_do_does_not_break_it() -> None:
    assert verdicts(b"Received: from relay by mx; now\r\nX-Spam: no\r\n" + COPY) == [True, True]
    assert verdicts(COPY.replace(b"Subject: Lunch", b"SUBJECT:\r\n\t  Lunch ") + b"\r\n\r\n") == [True, True]


# ---------------------------------------------------------------- how it is made


def test_what_is_signed_and_in_whose_name() -> None:
    first, second, *_ = headers.fields(COPY)
    assert (first.name, second.name) == (b"dkim-signature", b"dkim-signature")
    tags = dict(tag.strip().split(b"=", 1) for tag in first.value.split(b";"))
    assert tags[b"d"] == DOMAIN.encode()
    assert tags[b"c"] == b"relaxed/relaxed"
    assert tags[b"t"] == b"1772442001"
    assert b"l" not in tags  # what is appended behind a signed length is not signed
    names = re.sub(rb"\s", b"", tags[b"h"]).decode().split(":")
    assert [names.count(name) for name in ("From", "Subject", "Content-Type", "List-Id")] == [2, 2, 2, 2]
    assert [names.count(name) for name in ("Cc", "Sender")] == [1, 0]
    assert [names.count(name) for name in PER_COPY] == [2, 2]
    assert all(len(line) <= 78 for line in first.raw.split(b"\r\n") if not line.startswith(b"\tbh="))


def test_a_copy_made_again_is_the_same_copy() -> None:
    assert signed(SHAPES["MIME"]) == COPY
    other = signed(SHAPES["MIME"], token="b" * 24)
    assert other.partition(b"Received:")[2] == COPY.partition(b"Received:")[2]
    assert headers.fields(other)[0].raw != headers.fields(COPY)[0].raw


def test_a_name_of_the_longest_domain_and_selector_still_makes_a_line() -> None:
    longest = ".".join(["x" * 60] * 4)
    made = edition(SHAPES["plain"], GROUP, TRACE, OFFERS)
    hashed = body_hash(made.head, made.wire)
    (first, _) = templates(made.head, hashed, identities(longest).speaking_for(longest), MOMENT)
    assert max(map(len, first.field(b"s" * 256).split(b"\r\n"))) < 998


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (("lists.example.org",), "lists.example.org"),
        (("sub.lists.example.org",), "lists.example.org"),
        (("example.org",), "example.org"),
        (("other.example.org",), "example.org"),
        (("corp.example", "lists.example.org"), "lists.example.org"),
        (("other.example.org", "lists.example.org"), "example.org"),
        (("notexample.org",), None),
        (("org",), None),
        ((), None),
    ],
)
def test_the_nearest_parent_of_the_first_domain_with_keys_speaks(asked: tuple[str, ...], found: str | None) -> None:
    known = identities("example.org", "lists.example.org")
    assert {each.domain for each in known.speaking_for(*asked)} == ({found} if found else set())
    assert len(known.speaking_for(*asked)) == (2 if found else 0)
