"""What the checks found, in the words of Authentication-Results (RFC 8601 2.2).

Domains and selectors are a stranger's text. What is not plainly a name is quoted, and what cannot be quoted is left
out, so that no value can end its own and begin another (espoofer a4-a6).
"""

from __future__ import annotations

import re

from mailbridge.proof.judgement import Evidence

_PLAIN = re.compile(r"(?:[A-Za-z0-9._+-]+@)?[A-Za-z0-9._-]+")
_UNQUOTABLE = re.compile(r"[^\x21-\x7e ]")
_LONGEST = 255
_FRAGMENT = 8  # RFC 6008 4


def findings(author: str, evidence: Evidence) -> tuple[str, ...]:
    """Each finding as `method=result property=value …`, without the semicolons between them."""
    found: list[str] = []
    if evidence.spf is not None:
        spf = evidence.spf
        found.append(f"spf={spf.result}" + _property("smtp.helo" if spf.helo else "smtp.mailfrom", spf.domain))
    found += _signatures(evidence) if evidence.dkim else ["dkim=none", *_signatures(evidence)]
    if evidence.dmarc is not None:
        found.append(f"dmarc={evidence.dmarc.result}" + _property("header.from", author))
    return tuple(found)


def relayed(author: str, evidence: Evidence, *, passed: bool) -> tuple[str, ...]:
    """The finding of a front relay of ours, taken over, behind what the signatures say."""
    return (*_signatures(evidence), f"dmarc={'pass' if passed else 'fail'}" + _property("header.from", author))


def _signatures(evidence: Evidence) -> list[str]:
    found = [
        f"dkim={one.result}"
        + _property("header.d", one.domain)
        + _property("header.s", one.selector)
        + _property("header.b", one.fragment[:_FRAGMENT])
        for one in evidence.dkim
    ]
    if evidence.arc.result != "none":
        found.append(f"arc={evidence.arc.result}" + _property("header.d", evidence.arc.sealer))
    return found


def signed_in(address: str, evidence: Evidence) -> tuple[str, ...]:
    """That the author has signed in to us (RFC 8601 2.7.4; `smtp.auth` is the name they did it by), and what the
    signatures say."""
    return ("auth=pass" + _property("smtp.auth", address), *_signatures(evidence))


def _property(name: str, value: str) -> str:
    value = _UNQUOTABLE.sub("", value)[:_LONGEST]
    if not value:
        return ""
    if _PLAIN.fullmatch(value):
        return f" {name}={value}"
    quoted = re.sub(r'(["\\])', r"\\\1", value)
    return f' {name}="{quoted}"'
