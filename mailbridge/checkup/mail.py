"""A rendered mail of ours as receivers judge it: by our own verifier, with the keys that the DNS publishes."""

from __future__ import annotations

from collections.abc import Sequence

from mailbridge.headers import fields, split
from mailbridge.proof import dkim
from mailbridge.proof.judgement import Evidence
from store.findings import Finding, Level

_LINK = "list-unsubscribe"
_FIRST = frozenset({"dkim_none", "dkim_unsigned", "unanswered"})  # no faults, and no signature to look at


def waits(told: Sequence[Finding]) -> bool:
    """Whether what was found about keys and policies is to be mended first: it is not said again."""
    return any(one.level is Level.FAULT or one.name in _FIRST for one in told)


def judge(domain: str, raw: bytes, evidence: Evidence) -> list[Finding]:
    """What `evidence` says of the mail `raw`, from `domain`."""
    passed = [one for one in evidence.dkim if one.reason == ""]
    if not passed or evidence.dmarc is None or not evidence.dmarc.aligned:
        why = ", ".join(f"{one.domain}: {one.reason or 'foreign'}" for one in evidence.dkim) or "unsigned"
        return [Finding("mail_broken", domain, {"why": why})]
    found, _ = dkim.signatures(fields(split(raw)[0]), domain)
    if not any(_LINK in one.signed for one in found):
        return [Finding("mail_unsigned_link", domain)]
    return [Finding("mail_ok", domain, {"by": ", ".join(dict.fromkeys(one.domain for one in passed))})]
