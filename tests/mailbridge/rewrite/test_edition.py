"""The Edition's promises for any message: what is ours on top, what goes, and that the rest is untouched."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge import headers
from mailbridge.rewrite.edition import Edition, Offers, edition
from mailbridge.rewrite.trace import Trace
from store.terms import GroupKind, GroupPolicy

GROUP = GroupPolicy(1, GroupKind.GROUP, "team@lists.example.org", "team@lists.example.org", "The team")
TRACE = Trace(
    "P3K7", datetime(2026, 3, 2, 9, 0, 1, tzinfo=UTC), "mx.lists.example.org", "peer.example.com", "192.0.2.7"
)
OFFERS = Offers(leave_mailto=True, one_click=True, owner=True)
OURS = [b"received", b"list-id", b"list-post", b"list-owner", b"precedence", b"x-loop"]
# Said again here, not taken from the code: a name that vanishes from the code's table must be missed.
GOES = re.compile(
    rb"list-.*|precedence|return-receipt-to|disposition-notification-to|disposition-notification-options"
    rb"|x-confirm-reading-to|x-pmrqc|approved?|x-approved?|return-path|(resent-)?bcc"
)
CORPORA = Path(os.environ.get("POSTROOM_CORPORA", "../shared/corpora"))


def unstuff(wire: bytes) -> bytes:
    return re.sub(rb"(?m)^\.", b"", wire)


def check(raw: bytes, made: Edition) -> None:
    """Whatever `raw` was: the names are ours and what stays, in order, the rest of the octets are the same."""
    head, body = headers.split(raw)
    empty = {b"message-id", b"date"}
    stays = [
        field
        for field in headers.fields(head)
        if not GOES.fullmatch(field.name) and (field.value or field.name not in empty)
    ]
    had = {field.name for field in stays}
    added = [name for name in (b"message-id", b"date") if name not in had]
    whole = unstuff(made.wire)
    new_head, new_body = headers.split(whole)
    expected = OURS + added + [field.name for field in stays]
    assert [field.name for field in headers.fields(new_head)] == expected
    assert new_head.endswith(b"".join(field.raw for field in stays))
    assert new_body == (body if body.startswith(b"\r\n") else b"\r\n" + body)
    assert made.head == new_head + b"\r\n"
    assert made.size == len(whole)
    assert made.wire.endswith(b"\r\n")
    assert made.eight_bit is any(octet > 127 for octet in whole)
    assert b"\r\n.\r\n" not in b"\r\n" + made.wire
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", made.wire) is None


TRICKY = """
.
..
.Dot: 1
 folded
\tfolded
From: a@example.com
Bcc: x@example.com
List-Id: <x.y>
LIST-POST : NO
Message-ID: <1@x>
Message-ID:
Date: now
Date:
Precedence:bulk
X-Loop: z
X-Spam-Flag: YES
X-Spam-Status: Yes, score=7.2 required=5.0
X-Spamd-Result: default: True [15.30 / 15.00]
Subject: =?utf-8?q?=0ABcc:_x?=
no field here
:
From a@example.com Mon
"""
ANY = st.binary(max_size=30).map(lambda line: line.replace(b"\r", b"").replace(b"\n", b""))
LINES = st.lists(ANY | st.sampled_from(TRICKY.encode().splitlines()), max_size=12)


def test_an_empty_message_id_and_date_count_as_missing() -> None:
    raw = b"From: a@example.com\r\nMessage-ID:\r\nDate: \r\n\t\r\nX-Empty:\r\n\r\n"
    made = edition(raw, GROUP, TRACE, OFFERS)
    check(raw, made)
    found = {field.name: field.value for field in headers.fields(made.head)}
    assert found[b"message-id"].endswith(f"@{TRACE.hostname}>".encode())
    assert found[b"date"]
    assert made.head.endswith(b"\r\nFrom: a@example.com\r\nX-Empty:\r\n\r\n")


@given(LINES)
def test_what_we_do_not_touch_stays_as_it_was(lines: list[bytes]) -> None:
    raw = b"".join(line + b"\r\n" for line in lines)
    check(raw or b"\r\n", edition(raw, GROUP, TRACE, OFFERS))


def corpus() -> Iterator[Path]:
    for folder in ("mail-parser", "mikel-mail", "mime4j", "sisimai", "sisimai-not", "flufl-bounce"):
        yield from (path for path in sorted((CORPORA / folder).rglob("*")) if path.suffix in {".eml", ".msg", ".txt"})


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora are not here: set POSTROOM_CORPORA")
def test_real_mail_stays_as_it_was() -> None:
    seen = 0
    for path in corpus():
        raw = re.sub(rb"\r\n|\r|\n", b"\r\n", path.read_bytes())
        raw = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
        check(raw, edition(raw, GROUP, TRACE, OFFERS))
        seen += 1
    assert seen > 400


@given(st.text(max_size=300), st.text(max_size=60), st.text(max_size=60), st.text(max_size=20))
def test_no_text_of_a_peer_or_a_person_adds_a_header(name: str, helo: str, client: str, protocol: str) -> None:
    raw = b"From: a@example.com\r\nDate: x\r\nMessage-ID: <1@x>\r\n\r\n"
    trace = replace(TRACE, helo=helo, client=client, protocol=protocol)
    made = edition(raw, replace(GROUP, display_name=name), trace, OFFERS)
    expected = [*OURS, b"from", b"date", b"message-id"]
    assert [field.name for field in headers.fields(headers.split(made.wire)[0])] == expected
    # Another reader, one that decodes: it must see the same headers and one List-Id of ours.
    seen = message_from_bytes(made.wire, policy=policy.default)
    assert [key.lower().encode() for key in seen.keys()] == expected  # noqa: SIM118 - keys repeat, a mapping's do not
    assert seen["List-Id"].endswith("<team.lists.example.org>")
    assert all(len(line) <= 200 for line in made.head.split(b"\r\n"))


@pytest.mark.parametrize("raw", [b"A: b\n\n", b"A: b\r\n\rx\r\n", b"A: b\r\n\r\nx\n.\r\ny\r\n", b"\r", b"A: b\r\r\n"])
def test_a_line_end_that_is_none_is_never_passed_on(raw: bytes) -> None:
    with pytest.raises(ValueError, match="line end"):
        edition(raw, GROUP, TRACE, OFFERS)


def test_every_worker_builds_the_same_octets() -> None:
    raw = b"From: a@example.com\r\n\r\nHello\r\n"
    elsewhere = replace(TRACE, accepted_at=TRACE.accepted_at.astimezone(timezone(timedelta(hours=9))))
    assert edition(raw, GROUP, TRACE, OFFERS) == edition(raw, GROUP, elsewhere, OFFERS)


def test_a_message_that_lacks_its_last_line_end_gets_one() -> None:
    assert edition(b"From: a@example.com\r\n\r\nHello", GROUP, TRACE, OFFERS).wire.endswith(b"Hello\r\n")


@pytest.mark.parametrize(
    ("value", "goes"),
    [
        (b"mx.lists.example.org; dmarc=pass", True),
        (b"MX.LISTS.EXAMPLE.ORG;dmarc=pass", True),
        (b"(;) mx.lists.example.org; dmarc=pass", True),
        (b"(a (nested) one)mx.lists.example.org(b) 1; none", True),
        (b'"mx.lists.example.org"; none', True),
        (rb'"mx\.lists\.example\.org"; none', True),
        (b"mx.lists.example.org", True),
        (b"other.mx.lists.example.org; none", False),
        (b"mx.lists.example.org.example.net; none", False),
        (b"google.com; spf=pass smtp.mailfrom=x@mx.lists.example.org; dkim=none", False),
    ],
)
def test_a_verdict_in_our_name_goes(value: bytes, goes: bool) -> None:
    raw = b"From: a@example.com\r\nAuthentication-Results: " + value + b"\r\n\r\n"
    elsewhere = replace(TRACE, hostname="elsewhere.example.net")
    for ours in (TRACE, replace(elsewhere, authserv_id="mx.lists.example.org")):
        assert (b"Authentication-Results" not in edition(raw, GROUP, ours, OFFERS).head) is goes
    assert b"Authentication-Results: " + value in edition(raw, GROUP, elsewhere, OFFERS).head


def test_our_findings_stand_on_top_under_our_name() -> None:
    forged = b"Authentication-Results: mx.lists.example.org; dmarc=pass header.from=example.com\r\n"
    raw = forged + b"From: a@example.com\r\n\r\n"
    results = ("spf=none smtp.mailfrom=example.com", "dkim=none", "dmarc=fail header.from=example.com")
    head = edition(raw, GROUP, replace(TRACE, results=results), OFFERS).head
    assert head.startswith(
        b"Authentication-Results: mx.lists.example.org;\r\n\tspf=none smtp.mailfrom=example.com;\r\n\tdkim=none;\r\n"
        b"\tdmarc=fail header.from=example.com\r\nReceived: "
    )
    assert head.count(b"Authentication-Results") == 1
    # Under a name that relays of ours are trusted by, a copy that comes back would vouch for itself.
    same = replace(TRACE, results=results, authserv_id=TRACE.hostname)
    assert b"Authentication-Results" not in edition(raw, GROUP, same, OFFERS).head


@pytest.mark.parametrize(
    "wrong",
    [{"address": "a@b\r\nBcc: x"}, {"route": "team\n@lists.example.org"}, {"address": "team\0@lists.example.org"}],
)
def test_settings_that_would_break_a_line_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="header line"):
        edition(b"From: a@example.com\r\n", replace(GROUP, **wrong), TRACE, OFFERS)


def test_a_public_id_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="public id"):
        edition(b"From: a@example.com\r\n", GROUP, replace(TRACE, public_id="a b>"), OFFERS)


@pytest.mark.parametrize(
    ("field", "foreign"),
    [
        ("From: Jürgen <j@example.com>", False),
        ("From: Jürgen @ Büro <j@example.com>", False),
        ("From: <jürgen@example.com>", True),
        ('To: "jürgen k"@example.com', True),
        ("Cc: a@example.com, b@bücher.example", True),
        ("X-Other: jürgen@example.com", False),
        ('To: "Jürgen" <"j"@example.com>', False),
        ('To: "a@b" <@é.example>', True),
        ("To: é" + "a" * 300 + "@example.com", False),
        ("To: " + "é" * 1_000 + ", x@y.example", False),
    ],
)
def test_only_an_address_asks_for_smtputf8(field: str, foreign: bool) -> None:
    made = edition(f"{field}\r\n\r\n".encode(), GROUP, TRACE, OFFERS)
    assert made.utf8 is foreign
    assert made.eight_bit
