"""Which signatures survive, against dkimpy, which checks each anew: the two agree on every change and every form."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dkim
import pytest

from mailbridge import headers
from mailbridge.policy.shape import Shape, examine
from mailbridge.rewrite.author import Writer
from mailbridge.rewrite.edition import Offers, edition
from mailbridge.rewrite.survival import Content, surviving
from mailbridge.rewrite.trace import Trace
from mailbridge.rewrite.wire import unstuffed
from store.terms import GroupKind, GroupPolicy, Origin
from tests.mailbridge.proof.signing import RSA_1024, Signer
from tests.mailbridge.rewrite.test_edition import check

MOMENT = datetime(2026, 3, 2, 9, 0, 1, tzinfo=UTC)
GROUP = GroupPolicy(1, GroupKind.GROUP, "team@lists.example.org", "team@lists.example.org", "The team")
TRACE = Trace("P3K7", MOMENT, "mx.lists.example.org")
OFFERS = Offers(leave_mailto=True, one_click=True, owner=True)
CORPORA = Path(os.environ.get("POSTROOM_CORPORA", "../shared/corpora"))
ED25519, RSA = Signer("example.com"), Signer("example.com", "rsa", pem=RSA_1024)
FORMS = ("simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed")
MAIL = (
    b"From: Ada <ada@example.com>\r\nTo: team@lists.example.org\r\nSubject: Lunch  at noon\r\nDate: x\r\n"
    b"Message-ID: <1@example.com>\r\n\r\nShall we?  \r\n.\r\n\r\n"
)


def content(raw: bytes) -> Content:
    head, body = headers.split(raw)
    return Content(headers.fields(head), body)


def by_dkimpy(raw: bytes) -> bool:
    """Whether the topmost signature holds."""
    records = {one.key_name.encode() + b".": one.record for one in (ED25519, RSA)}
    try:
        return bool(dkim.DKIM(raw, minkey=512).verify(dnsfunc=lambda name, timeout=5: records.get(name, b"")))
    except dkim.DKIMException:
        return False


def by_us(before: bytes, after: bytes) -> bool:
    return surviving(content(before), content(after), (), [0], MOMENT) == {0}


CHANGES: dict[str, tuple[bytes, bytes]] = {
    "nothing": (b"Lunch", b"Lunch"),
    "a subject tag": (b"Subject: ", b"Subject: [team] "),
    "blanks in the subject": (b"Lunch  at", b"Lunch at"),
    "a name in capitals": (b"Subject:", b"SUBJECT:"),
    "a fold": (b"Lunch  at", b"Lunch\r\n  at"),
    "a footer": (b".\r\n\r\n", b".\r\n\r\n-- \r\nThe team\r\n"),
    "an empty last line": (b".\r\n\r\n", b".\r\n\r\n\r\n\r\n"),
    "a blank at a line's end": (b"we?  \r\n", b"we? \r\n"),
    "a blank line's blanks": (b".\r\n\r\n", b".\r\n \r\n"),
    "a field that is not signed": (b"To: ", b"X-Odd: 1\r\nTo: "),
    "a second field on top": (b"DKIM-", b"Subject: Dinner\r\nDKIM-"),
    "a field that is listed as absent": (b"To: ", b"List-Id: <x.y>\r\nTo: "),
    "a field gone": (b"Date: x\r\n", b""),
    "other case in the text": (b"Shall", b"shall"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("change", CHANGES)
def test_we_agree_with_a_verifier(form: str, change: str) -> None:
    for signer in (ED25519, RSA):
        for names in (("from", "subject", "date"), ("from", "from", "to", "subject", "subject", "date", "list-id")):
            signed = signer.sign(MAIL, canonical=form, names=names)
            assert by_dkimpy(signed)
            changed = signed.replace(*CHANGES[change], 1)
            assert by_us(signed, changed) is by_dkimpy(changed), names


def test_a_signature_that_is_gone_or_past_its_end_does_not_survive() -> None:
    signed = ED25519.sign(MAIL)
    assert not by_us(signed, MAIL)
    for seconds, holds in ((1, True), (-1, False)):
        end = int((MOMENT + timedelta(seconds=seconds)).timestamp())
        before = content(signed.replace(b"; d=", b"; x=%d; d=" % end))
        assert (surviving(before, before, (), [0], MOMENT) == {0}) is holds


def test_what_will_still_come_on_top_breaks_what_lists_it_as_absent() -> None:
    before = content(ED25519.sign(MAIL, names=("from", "subject", "x-more")))
    assert surviving(before, before, (b"x-other",), [0], MOMENT) == {0}
    assert surviving(before, before, (b"x-more",), [0], MOMENT) == set()


@pytest.mark.parametrize("places", [[-1], [1], [99], []])
def test_places_that_hold_no_signature_mean_nothing(places: list[int]) -> None:
    before = content(ED25519.sign(MAIL))
    assert surviving(before, before, (), places, MOMENT) == set()


def test_a_signature_over_a_broken_signature_goes_with_it() -> None:
    for covers, left in ((b"dkim-signature", 0), (b"date", 1)):
        inner = ED25519.sign(MAIL, names=("from", "subject", "list-id"))
        signing = dkim.DKIM(inner, minkey=512)
        signing.should_not_sign = set()
        line = signing.sign(b"rsa", b"example.com", RSA.pem, include_headers=[b"from", b"subject", covers])
        made = edition(line + inner, GROUP, TRACE, OFFERS, None, Origin(signed=(0, 1), own=(0, 1)))
        assert made.head.count(b"DKIM-Signature") == left


# ---------------------------------------------------------------- everything other people wrote


def corpus() -> Iterator[bytes]:
    """Every message of every collection that intake would take, as far as who may sign what is concerned."""
    for path in sorted(path for path in CORPORA.rglob("*") if path.suffix in {".eml", ".msg", ".txt"}):
        raw = re.sub(rb"\r\n|\r|\n", b"\r\n", path.read_bytes())
        raw = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
        if isinstance(examine(raw, 1_000), Shape):
            yield raw


def signed_by_dkimpy(raw: bytes, number: int) -> bytes:
    """Signed over what authors sign, of what is there, in the forms and by the kinds of key in turn."""
    there = {field.name.decode() for field in headers.fields(headers.split(raw)[0])}
    names = tuple(
        name for name in ("from", "to", "cc", "subject", "date", "message-id", "mime-version") if name in there
    )
    return (ED25519, RSA)[number % 2].sign(raw, canonical=FORMS[number // 2 % 4], names=names)


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora are not here: set POSTROOM_CORPORA")
def test_on_all_real_mail_what_held_holds_and_what_is_not_ours_is_as_it_was() -> None:
    """Signed by authors of these tests, for nobody publishes the keys of then; nothing is configured that changes a
    mail."""
    seen = 0
    for number, raw in enumerate(corpus()):
        seen += 1
        mail = signed_by_dkimpy(raw, number)
        assert by_dkimpy(mail), raw[:200]
        origin = Origin(asks=True, signed=(0,), own=(0,))
        made = edition(mail, GROUP, TRACE, OFFERS, Writer("ada@example.com", "Ada"), origin)
        copy = unstuffed(made.wire)
        assert by_dkimpy(copy), raw[:200]
        check(mail, made)
    assert seen > 420
