"""What a group's settings cost: which of them break the author's signature, and who stands in From then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mailbridge import headers
from mailbridge.rewrite.author import Writer
from mailbridge.rewrite.edition import edition
from mailbridge.rewrite.wire import unstuffed
from store.alteration import Unfooted
from store.terms import Origin, OverSendSize, ReplyTo
from tests.mailbridge.proof.signing import Signer
from tests.mailbridge.rewrite.test_survival import GROUP, MOMENT, OFFERS, TRACE, by_dkimpy
from tests.mailbridge.rewrite.test_trim import TEXT, attached, message

ADA = Writer("ada@example.com", "Ada", proven=True)
SIGNER = Signer("example.com")
ASKS = Origin(asks=True, signed=(0,), own=(0,), chain="none")
TRIM: dict[str, Any] = {"max_send_size": 1_024, "over_send_size": OverSendSize.TRIM}
HEAD = b"From: ada@example.com\r\nDate: x\r\nMessage-ID: <1@example.com>"
LARGE = message(TEXT, attached(90_000)).replace(b"From: a@example.com", HEAD)
SIGNED = message(TEXT, kind="multipart/signed").replace(b"From: a@example.com", HEAD)


@pytest.mark.parametrize(
    ("raw", "settings", "stays"),
    [
        (LARGE, {}, True),
        (LARGE, {"max_send_size": 1_024}, True),  # released all the same, and whole
        (LARGE, {"max_send_size": 10**6, "over_send_size": OverSendSize.TRIM}, True),
        (LARGE, TRIM, False),
        (LARGE, {"footer": "Be kind."}, False),
        (LARGE, {"subject_tag": "Team"}, False),
        (LARGE.replace(b"Subject: x", b"Subject: Re: [team] x"), {"subject_tag": "Team"}, True),
        (LARGE, {"reply_to": ReplyTo.AUTHOR}, True),
        (SIGNED, {"footer": "Be kind."}, True),
        (SIGNED.replace(b"boundary=b", b"boundary=lie"), {"footer": "Be kind."}, True),
    ],
)
def test_from_stays_where_the_signature_does(raw: bytes, settings: dict[str, Any], stays: bool) -> None:
    signed = SIGNER.sign(raw)
    made = edition(signed, replace(GROUP, **settings), TRACE, OFFERS, ADA, ASKS)
    copy = unstuffed(made.wire)
    names = [field.name for field in headers.fields(headers.split(copy)[0])]
    assert (b"x-original-from" not in names) is stays
    # A signature that no longer holds is not there to tell of a forgery that is none.
    assert (b"dkim-signature" in names) is stays
    if stays:
        start = copy.index(b"DKIM-Signature:")
        assert by_dkimpy(copy[start:])


def test_what_is_left_out_and_what_is_not_there_are_both_told() -> None:
    sealed = message(SIGNED.partition(b"\r\n\r\n")[2], kind="multipart/signed")
    made = edition(sealed, replace(GROUP, footer="Be kind.", **TRIM), TRACE, OFFERS)
    assert (made.alteration.count, made.alteration.unfooted) == (0, Unfooted.SEALED)
    made = edition(LARGE, replace(GROUP, footer="Be kind.", **TRIM), TRACE, OFFERS)
    assert (made.alteration.count, made.alteration.unfooted) == (1, None)
    assert b"Be kind." in made.wire
    assert edition(LARGE, GROUP, replace(TRACE, accepted_at=MOMENT), OFFERS).alteration.count == 0
