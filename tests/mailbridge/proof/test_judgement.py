"""What the checks mean, in words and in an Authentication-Results that nobody can write into."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.policy import results
from mailbridge.proof import dmarc
from mailbridge.proof.arc import ArcResult
from mailbridge.proof.dkim import RESULTS, Checked
from mailbridge.proof.dmarc import Policy, Record, Result, Verdict
from mailbridge.proof.findings import findings
from mailbridge.proof.judgement import Evidence, judge
from mailbridge.proof.spf import Spf
from store.texts import say

CLIENT = "198.51.100.7"
REJECT = Policy(Record("reject", "", "", False, False, "u", False), "example.com", own=True)
FAIL = Verdict(Result.FAIL, "", REJECT)
SILENT = Verdict(Result.TEMPERROR, "", None)
BARE = Verdict(Result.NONE, "spf", None)
INDIRECT = "spf_indirect"


def signed(reason: str = "", domain: str = "example.com") -> Checked:
    return Checked(domain, "sel", "abc/+=12345", reason)


FOREIGN = signed(domain="evil.example")
RELATED = signed(domain="m.example.com")


@pytest.mark.parametrize(
    ("evidence", "verdict", "names"),
    [
        (Evidence(), "untrusted_peer", ["dkim_none", INDIRECT]),
        (Evidence([signed("body")], dmarc=FAIL), "checks_failed", ["dkim_body", INDIRECT, "dmarc_reject"]),
        (Evidence([FOREIGN], dmarc=FAIL), "checks_failed", ["dkim_foreign", INDIRECT, "dmarc_reject"]),
        (Evidence([signed("malformed", "")]), "checks_failed", ["dkim_unreadable", INDIRECT]),
        (Evidence(spf=Spf("fail", "example.com"), spf_counts=True), "checks_failed", ["dkim_none", "spf_fail"]),
        (Evidence(spf=Spf("pass", "evil.example"), spf_counts=True), "checks_failed", ["dkim_none", "spf_foreign"]),
        (Evidence(spf=Spf("pass", "example.com")), "checks_failed", ["dkim_none", INDIRECT]),
        (Evidence((), Spf("temperror", "mail.example.com"), True), "unchecked", ["dkim_none", "spf_temperror"]),
        (Evidence((), Spf("temperror", "evil.example"), True), "checks_failed", ["dkim_none", "spf_temperror"]),
        (Evidence([signed("unanswered")]), "unchecked", ["dkim_unanswered", INDIRECT]),
        (Evidence([signed("unanswered", "evil.example")]), "checks_failed", ["dkim_unanswered", INDIRECT]),
        (Evidence([RELATED], dmarc=SILENT), "unchecked", ["dkim_foreign", INDIRECT, "dmarc_unanswered"]),
        (Evidence([signed()], dmarc=Verdict(Result.PASS, "dkim", REJECT)), "dkim_pass", []),
        (Evidence((), Spf("pass", "example.com"), True, dmarc=BARE), "spf_pass", []),
    ],
)  # fmt: skip
def test_verdicts_and_words(evidence: Evidence, verdict: str, names: list[str]) -> None:
    proof = judge("example.com", evidence, CLIENT)
    assert (proof.verdict, [reason.name for reason in proof.checks]) == (verdict, names)
    assert proof.authenticated is verdict.endswith("_pass")
    assert proof.unchecked is (verdict == "unchecked")
    assert say("en", f"verdict.{verdict}")
    for reason in proof.checks:
        assert "{" not in say("en", f"reason.{reason.name}", **dict[str, Any](reason.values))


def test_every_finding_has_its_words() -> None:
    for reason in RESULTS:
        if reason:
            assert "example.com" in say("en", f"reason.dkim_{reason}", domain="example.com")
    for result in ("none", "neutral", "softfail", "fail", "permerror", "temperror"):
        assert "example.com" in say("en", f"reason.spf_{result}", domain="example.com", client=CLIENT)


def test_findings_as_a_header_says_them() -> None:
    evidence = Evidence(
        [signed(), signed("body", "evil.example")],
        Spf("softfail", "example.com"),
        True,
        ArcResult("pass", "relay.example"),
        dmarc.Verdict(Result.PASS, "dkim", REJECT),
    )
    assert findings("example.com", evidence) == (
        "spf=softfail smtp.mailfrom=example.com",
        'dkim=pass header.d=example.com header.s=sel header.b="abc/+=12"',
        'dkim=fail header.d=evil.example header.s=sel header.b="abc/+=12"',
        "arc=pass header.d=relay.example",
        "dmarc=pass header.from=example.com",
    )
    assert (
        findings("example.com", Evidence(spf=Spf("pass", "mx.example", helo=True)))[0]
        == "spf=pass smtp.helo=mx.example"
    )


@given(st.text(max_size=60), st.text(max_size=20))
def test_no_value_ends_its_own(domain: str, selector: str) -> None:
    """V20, espoofer a4-a6: a domain such as `evil.example(.example.com; dmarc=pass header.from=example.com`."""
    evidence = Evidence(
        [Checked(domain, selector, domain, "body")], Spf("fail", domain), True, ArcResult("fail", domain), FAIL
    )
    found = findings("example.com", evidence)
    value = "mx.example.org; " + "; ".join(found)
    assert value.isascii()
    assert value.isprintable()
    _, parsed = results.parse(value.encode())
    assert [(one.method, one.result) for one in parsed] == [
        ("spf", "fail"), ("dkim", "fail"), ("arc", "fail"), ("dmarc", "fail")
    ]  # fmt: skip
    assert set(parsed[0].properties) <= {"smtp.mailfrom"}
    assert set(parsed[1].properties) <= {"header.d", "header.s", "header.b"}
