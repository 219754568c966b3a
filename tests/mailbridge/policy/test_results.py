"""Authentication-Results: what passes, and what only looks like it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.headers import fields
from mailbridge.policy import results
from mailbridge.policy.results import Finding, Malformed, parse

OURS = "mx.example.org"


def judge(*values: str, domain: str = "example.com") -> str:
    head = "".join(f"Authentication-Results: {value}\r\n" for value in values)
    return results.verdict(fields(head.encode()), domain, OURS)


@pytest.mark.parametrize(
    "value",
    [
        f"{OURS}; dmarc=pass header.from=example.com",
        f"{OURS};dmarc=pass header.from=example.com",
        f"{OURS} 1; dmarc=pass (p=none dis=none) header.from=example.com",
        f"{OURS}; dkim=pass header.d=x.test; spf=fail smtp.mailfrom=a@x.test; dmarc=pass header.from=example.com",
        "MX.Example.ORG; DMARC=Pass Header.From=Example.COM",
        f"{OURS}; dmarc=pass policy.dmarc=none header.from=example.com",
        f'{OURS}; dmarc=pass reason="a; b=c (d)" header.from=example.com',
        f"{OURS}; dmarc = pass header . from = example.com",
        f"(a (nested) \\) comment) {OURS}; dmarc/1=pass header.from=example.com",
        f"{OURS};\r\n\tdmarc=pass\r\n header.from=example.com;",
    ],
)
def test_a_pass_for_the_authors_domain_passes(value: str) -> None:
    assert judge(value) == results.PASS


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (f"{OURS}; dmarc=fail header.from=example.com", results.FAIL),
        (f"{OURS}; dmarc=bestguesspass header.from=example.com", results.FAIL),
        (f"{OURS}; dmarc=temperror header.from=example.com", results.UNCHECKED),
        (f"{OURS}; dmarc=none header.from=example.com", results.NONE),
        (f"{OURS}; dmarc=pass header.from=evil.example", results.FAIL),
        (f"{OURS}; dmarc=pass header.from=sub.example.com", results.FAIL),
        (f"{OURS}; dmarc=pass", results.FAIL),
        (f"{OURS}; dkim=pass header.d=example.com", results.NONE),
        (f"{OURS}; none", results.NONE),
        (f"evil.example; dmarc=pass header.from=example.com ({OURS})", results.FAIL),
        ("evil.example; dmarc=pass header.from=example.com", results.NONE),
        (f"{OURS}.evil.example; dmarc=pass header.from=example.com", results.NONE),
        # espoofer a4–a6: parts of the value that came from the attacker
        (f"{OURS}; spf=fail smtp.mailfrom=a@evil.example (; dmarc=pass header.from=example.com)", results.NONE),
        (f"{OURS}; dkim=fail (x) header.d=evil.example(.example.com; dmarc=pass header.from=example.com", results.FAIL),
        (f'{OURS}; spf=pass smtp.mailfrom="a; dmarc=pass header.from=example.com"@evil.example', results.FAIL),
        (f"{OURS}; dmarc=fail header.from=evil.example; dmarc=pass header.from=example.com", results.FAIL),
        (f"{OURS}; dmarc=pass header.from=evil.example header.from=example.com", results.FAIL),
        (f"{OURS} evil; dmarc=pass header.from=example.com", results.FAIL),
        (f"{OURS}; =pass; dmarc=pass header.from=example.com", results.FAIL),
        (f"{OURS}; dmarc=pass header.from=example.com)", results.FAIL),
    ],
)
def test_what_does_not_pass(value: str, verdict: str) -> None:
    found = judge(value)
    assert found != results.PASS
    if "evil.example; dmarc" not in value:
        assert found == verdict


def test_no_field_of_ours_is_no_verdict() -> None:
    assert judge() == results.NONE


def test_the_top_most_of_ours_decides_and_a_contradiction_never_passes() -> None:
    good, bad = f"{OURS}; dmarc=pass header.from=example.com", f"{OURS}; dmarc=fail header.from=example.com"
    assert judge(good, bad) == results.FAIL
    assert judge(bad, good) == results.FAIL
    assert judge(f"{OURS}; none", good) == results.NONE
    assert judge("other.example; dmarc=fail", good) == results.PASS
    assert judge(good, f"{OURS}; dkim=pass") == results.PASS
    assert judge(good, f"{OURS}; dmarc=pass (broken") == results.FAIL


def test_what_no_relay_writes_never_passes_and_costs_little() -> None:
    good = f"{OURS}; dmarc=pass header.from=example.com"
    assert judge(*[good] * 10) == results.PASS
    assert judge(*[good] * 11) == results.FAIL
    padded = f"{OURS}; x=y{{}}; dmarc=pass header.from=example.com"
    assert judge(padded.format(f" a.b={'c' * 4_000}")) == results.PASS
    assert judge(padded.format(f" a.b={'c' * 9_000}")) == results.FAIL
    # Others may write what they like: it is not even read.
    assert judge(good, *["other.example; " + "a=b " * 20_000] * 12) == results.PASS
    with pytest.raises(Malformed, match="too long"):
        parse(b"x" * 8_193)


def test_the_domain_is_compared_as_a_label() -> None:
    assert judge(f"{OURS}; dmarc=pass header.from=bücher.example", domain="xn--bcher-kva.example") == results.PASS


def test_findings_are_read() -> None:
    assert parse(b'x.test 1; spf=pass smtp.mailfrom=a@b; dkim=fail reason="bad; sig" header.d=c') == (
        "x.test",
        [
            Finding("spf", "pass", {"smtp.mailfrom": "a@b"}),
            Finding("dkim", "fail", {"reason": "bad; sig", "header.d": "c"}),
        ],
    )


@pytest.mark.parametrize("value", [b"", b";", b"(", b'"', b"a b c; spf=pass", b"(" * 900, b"x; a", b"x; a=b c"])
def test_what_follows_no_grammar_is_malformed(value: bytes) -> None:
    with pytest.raises(Malformed):
        parse(value)


@given(st.one_of(st.binary(max_size=100), st.text(alphabet='ab;="()./\\ 1', max_size=60).map(str.encode)))
def test_any_value_is_read_or_malformed(value: bytes) -> None:
    with contextlib.suppress(Malformed):
        identity, _ = parse(value)
        assert identity == identity.lower() != ""
