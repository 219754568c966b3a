"""What is made of a rendered mail: whether it verifies, is aligned, and has its unsubscribe link signed."""

from __future__ import annotations

import pytest

from mailbridge.checkup import mail
from mailbridge.proof.dkim import Checked
from mailbridge.proof.dmarc import Result, Verdict
from mailbridge.proof.judgement import Evidence
from store.findings import Check, Finding

DOMAIN = "example.org"
SIGNATURE = (
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s;\r\n"
    "\th=from:subject{more}; bh=YWJj; b=YWJj\r\n"
)
LINK = ":list-unsubscribe"


def raw(more: str = LINK) -> bytes:
    return f"{SIGNATURE.format(more=more)}From: a@example.org\r\nSubject: x\r\n\r\nbody\r\n".encode()


def evidence(reason: str = "", aligned: str = "dkim") -> Evidence:
    verdict = Verdict(Result.PASS if aligned else Result.NONE, aligned, None)
    return Evidence(dkim=(Checked(DOMAIN, "s", "YWJj", reason),), dmarc=verdict)


@pytest.mark.parametrize(
    ("more", "found", "wanted"),
    [
        (LINK, evidence(), "mail_ok"),
        ("", evidence(), "mail_unsigned_link"),
        (LINK, evidence("body"), "mail_broken"),
        (LINK, evidence(aligned=""), "mail_broken"),
        (LINK, Evidence(), "mail_broken"),
    ],
)
def test_a_mail(more: str, found: Evidence, wanted: str) -> None:
    assert [one.name for one in mail.judge(DOMAIN, raw(more), found)] == [wanted]


def test_what_is_to_be_mended_first() -> None:
    assert not mail.waits([Finding("dkim_ok", "x"), Finding("dmarc_ok", DOMAIN), Finding("dkim_warned", "x")])
    for told in (
        Finding("dkim_missing", "x"),
        Finding("dmarc_missing", DOMAIN),
        Finding("dkim_none", DOMAIN),
        Finding("unanswered", "x", {"asked": "TXT"}, Check.DKIM),
    ):
        assert mail.waits([Finding("dkim_ok", "x"), told])
