"""Our signing keys against what the DNS publishes of them (RFC 6376 3.6), read as receivers read it."""

from __future__ import annotations

from mailbridge.checkup.record import txt
from mailbridge.proof import keys
from mailbridge.proof.answers import Texts
from mailbridge.proof.tags import compact, parse
from store.findings import Check, Finding

# Why a published key is of no use, and what is said of it.
_BAD = {"missing": "dkim_missing", "revoked": "dkim_revoked", "malformed": "dkim_malformed", "weak": "dkim_other"}


def name(domain: str, selector: str) -> str:
    """Where a key is published."""
    return f"{selector}._domainkey.{domain}"


def judge(domain: str, selector: str, ours: str, texts: Texts) -> list[Finding]:
    """`ours` is the value of the record that our private key asks for, `texts` what stands at its name."""
    at = name(domain, selector)
    values = {"record": txt(at, ours)}
    try:
        published = keys.read(texts)
    except keys.BadKey as bad:
        if bad.reason == "unanswered":
            return [Finding("unanswered", at, {"asked": "TXT"}, Check.DKIM)]
        return [Finding(_BAD[bad.reason], at, values)]
    tags = parse(published.record)
    if compact(tags["p"]) != compact(parse(ours.encode())["p"]):
        return [Finding("dkim_other", at, values)]
    found = [Finding("dkim_ok", at)]
    if "y" in tags.get("t", "").replace(" ", "").split(":"):
        found = [Finding("dkim_testing", at, values)]
    return found
