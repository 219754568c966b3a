"""Sealed editions as dkimpy and our own validator see them: whole they pass, and whatever is changed breaks them."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dkim
import pytest
import yaml

from mailbridge import headers
from mailbridge.proof import arc as proof
from mailbridge.proof.body import Body
from mailbridge.rewrite.arc import MOST_INSTANCES, Seal, seal
from mailbridge.rewrite.copy import prefix
from mailbridge.rewrite.covered import OVERSIGNED, body_hash
from mailbridge.rewrite.dkim import Identity, templates
from mailbridge.rewrite.edition import Edition, Offers, edition
from mailbridge.rewrite.keys import Algorithm
from mailbridge.rewrite.trace import Trace
from mailbridge.rewrite.wire import unstuffed
from store.terms import GroupKind, GroupPolicy
from tests.mailbridge.rewrite import oracle
from tests.mailbridge.rewrite.oracle import DOMAIN, identities, sign, verdicts
from tests.mailbridge.rewrite.test_dkim import SHAPES

GROUP = GroupPolicy(1, GroupKind.GROUP, f"team@{DOMAIN}", f"team@{DOMAIN}", "The team")
MOMENT = datetime(2026, 3, 2, 9, 0, 1, tzinfo=UTC)
RESULTS = ("spf=none smtp.mailfrom=example.com", "dkim=none", "dmarc=fail header.from=example.com")
TRACE = Trace("P3K7", MOMENT, f"mx.{DOMAIN}", "peer.example.com", "192.0.2.7", results=RESULTS)
OFFERS = Offers(leave_mailto=True, one_click=True, owner=True)
TOKEN = "abcdefghijklmnopqrstuvwx"
SUITE = Path(os.environ.get("POSTROOM_CORPORA", "../shared/corpora")) / "arc" / "arc-draft-validation-tests.yml"
PLAIN = SHAPES["plain"]


def drawn(made: Edition, chain: str = "none", **changes: Any) -> Seal | None:
    given = {"identities": identities().speaking_for(DOMAIN), "moment": MOMENT, "trace": TRACE, **changes}
    return seal(made.head, body_hash(made.head, made.wire), given["trace"], chain, given["identities"], given["moment"])


def fields(one: Seal) -> bytes:
    """The set, signed as the signers do."""
    message = sign(one.identity.number, one.message_digest())
    return one.fields(message, sign(one.identity.number, one.seal_digest(message)))


def sealed(raw: bytes, chain: str = "none") -> bytes:
    """One contact's copy of `raw`, as a mailbox gets it: signed, with the lines that are the contact's own, sealed."""
    made = edition(raw, GROUP, TRACE, OFFERS)
    one = drawn(made, chain)
    assert one is not None
    own = prefix(GROUP, leave_token=TOKEN, public_url="https://groups.example.org")
    signatures = templates(made.head, body_hash(made.head, made.wire), identities().speaking_for(DOMAIN), MOMENT)
    top = b"".join(each.field(sign(each.identity.number, each.digest(own))) for each in signatures) + own
    return unstuffed(top + fields(one) + made.wire)


def record(zone: dict[str, str]) -> Any:
    """The records of `zone`, and of our own keys."""

    def ask(name: bytes, timeout: int = 5) -> bytes:
        text = zone.get(name.decode().rstrip("."))
        return oracle.record(name) if name.startswith(oracle.SELECTOR.encode()) else (text or "").encode()

    return ask


def by_dkimpy(raw: bytes, zone: dict[str, str] | None = None) -> tuple[bytes | None, int]:
    """The chain's state, and how many sets it has."""
    state, sets, _ = dkim.ARC(raw).verify(dnsfunc=record(zone or {}))
    return state, sets[0]["instance"] if sets else 0


def by_us(raw: bytes, zone: dict[str, str] | None = None) -> proof.ArcResult:
    head, _ = headers.split(raw)
    found = headers.fields(head)
    names = proof.key_names(found) or ()
    texts = {name: ((text,) if (text := record(zone or {})(name.encode())) else ()) for name in names}
    return proof.validate(found, Body(raw, len(head) + 2), texts)


# The shapes of mail in the signing half of the ARC suite, by its names; its chains are those of its other half, below.
BASE = (
    b"MIME-Version: 1.0\r\nReceived: by 10.157.14.6 with HTTP; Tue, 3 Jan 2017 12:22:54 -0800 (PST)\r\n"
    b"Message-ID: <1@d1.example>\r\nDate: Thu, 14 Jan 2015 15:00:01 -0800\r\nFrom: John Q Doe <jqd@d1.example>\r\n"
    b"To: arc@dmarc.example\r\nSubject: Example 1\r\n\r\nHey gang,\r\nThis is a test message.\r\n--J.\r\n"
)
SIGNING = {
    "message_body_eol_wsp": BASE.replace(b"gang,", b"gang,  "),
    "message_body_inl_wsp": BASE.replace(b"Hey gang", b"Hey   gang"),
    "message_body_end_lines": BASE + b"\r\n\r\n",
    "message_body_trail_crlf": BASE[:-2],
    "headers_field_name_case": BASE.replace(b"From:", b"FROM:").replace(b"To:", b"to:"),
    "headers_field_unfold": BASE.replace(b"Doe <", b"Doe\r\n  <"),
    "headers_eol_wsp": BASE.replace(b"MIME-Version: 1.0", b"MIME-Version: 1.0   "),
    "headers_inl_wsp": BASE.replace(b"Jan 2015", b"Jan   2015"),
    "headers_col_wsp": BASE.replace(b"From: ", b"From:   "),
    "header_dup_ord1": BASE.replace(b"To: arc", b"To: one@dmarc.example\r\nTo: two"),
    "header_dup_ord2": BASE.replace(b"To: arc", b"To: two@dmarc.example\r\nTo: one"),
    "header_dup_blank": BASE.replace(b"To: arc@dmarc.example", b"To: one@dmarc.example      \r\nTo: two@dmarc.example"),
    "header_non": BASE.replace(b"MIME-Version: 1.0\r\n", b""),
    "i0_base": BASE,
}


@pytest.mark.parametrize("raw", [*SHAPES.values(), *SIGNING.values()], ids=[*SHAPES, *SIGNING])
def test_a_copy_s_seal_and_its_signatures_hold(raw: bytes) -> None:
    copy = sealed(raw)
    assert by_dkimpy(copy) == (dkim.CV_Pass, 1)
    assert by_us(copy) == proof.ArcResult("pass", DOMAIN)
    assert verdicts(copy) == [True, True]


def test_what_was_found_stands_in_it() -> None:
    head = sealed(PLAIN).partition(b"\r\n\r\n")[0]
    assert (
        b"ARC-Authentication-Results: i=1; mx.lists.example.org;\r\n\tspf=none smtp.mailfrom=example.com;\r\n"
        b"\tdkim=none;\r\n\tdmarc=fail header.from=example.com\r\n"
    ) in head
    made = edition(PLAIN, GROUP, replace(TRACE, results=()), OFFERS)
    one = drawn(made, trace=replace(TRACE, results=()))
    assert one is not None
    assert one.results == b"ARC-Authentication-Results: i=1; mx.lists.example.org;\r\n\tnone\r\n"


def altered() -> list[tuple[str, bytes, bytes]]:
    added = [(f"a second {name}", b"MIME-Version", f"{name}: x\r\nMIME-Version".encode()) for name in OVERSIGNED]
    return [
        *added,
        ("the text", b"test message", b"test massage"),
        ("the subject", b"Example 1", b"Example 2"),
        ("what we found", b"dmarc=fail header.from=example.com\r\nARC", b"dmarc=pass header.from=example.com\r\nARC"),
        ("the state", b"cv=none", b"cv=pass"),
        ("the author's signature gone", b"DKIM-Signature: v=1; a=x\r\n", b""),
        ("a field of the author's", b"X-Original-From: Q", b"X-Original-From: Z"),
    ]


@pytest.mark.parametrize(("what", "before", "after"), altered(), ids=[what for what, *_ in altered()])
def test_what_is_changed_breaks_it(what: str, before: bytes, after: bytes) -> None:
    raw = b"DKIM-Signature: v=1; a=x\r\nX-Original-From: Q <q@x>\r\n" + BASE
    copy = sealed(raw)
    # Our own Authentication-Results says the same below.
    changed = (
        copy.replace(before, after)
        if what != "what we found"
        else copy.replace(
            b"ARC-Authentication-Results: i=1; mx.lists.example.org;",
            b"ARC-Authentication-Results: i=1; mx.evil.example;",
        )
    )
    assert changed != copy, what
    assert by_dkimpy(copy) == (dkim.CV_Pass, 1)
    assert by_us(changed).result == "fail"
    assert by_dkimpy(changed)[0] != dkim.CV_Pass


def test_what_differs_between_copies_does_not() -> None:
    copy = sealed(PLAIN)
    below = copy[copy.index(b"ARC-Seal:") :]
    for top in (b"", b"List-Unsubscribe: <mailto:x@y>\r\n", b"DKIM-Signature: v=1\r\n", b"Received: from x\r\n" * 30):
        assert by_dkimpy(top + below) == (dkim.CV_Pass, 1)


def test_group_after_group_makes_one_chain() -> None:
    raw = PLAIN
    for instance in range(1, 6):
        raw = sealed(raw, "pass" if instance > 1 else "none")
        assert by_dkimpy(raw) == (dkim.CV_Pass, instance)
        assert by_us(raw).result == "pass"


def test_a_broken_chain_is_said_to_be_broken_once() -> None:
    broken = sealed(sealed(PLAIN).replace(b"Hello", b"Hallo"), "fail")
    assert b"ARC-Seal: i=2;" in broken
    assert b"cv=fail" in broken
    assert by_us(broken).result == "fail"
    assert by_dkimpy(broken) == (None, 2)  # the chain is terminated
    # The seal is over the new set alone (RFC 8617 5.1.2).
    head, body = headers.split(broken)
    alone = b"".join(
        one.raw for one in headers.fields(head) if not (one.name.startswith(b"arc-") and b"i=1;" in one.value)
    )
    (newest,) = [dkim.ARC(alone + body)]
    checked = newest.verify_instance(newest.sorted_arc_headers()[1], 2, dnsfunc=record({}))
    assert (checked["ams-valid"], checked["as-valid"]) == (True, True)
    assert drawn(edition(broken, GROUP, TRACE, OFFERS), "fail") is None  # nobody goes on from there


def test_where_there_is_no_seal() -> None:
    made = edition(PLAIN, GROUP, TRACE, OFFERS)
    ed25519 = [Identity(DOMAIN, "k", Algorithm.ED25519, 1)]
    assert drawn(made, identities=ed25519) is None
    assert drawn(made, identities=()) is None
    for chain in ("", "temperror", "pass?"):
        assert drawn(made, chain) is None
        assert drawn(edition(sealed(PLAIN), GROUP, TRACE, OFFERS), chain) is None
    # A field of no chain, and a chain that is full.
    junk = edition(b"ARC-Seal: x\r\n" + PLAIN, GROUP, TRACE, OFFERS)
    assert drawn(junk, "none") is None
    for newest in (MOST_INSTANCES - 1, MOST_INSTANCES):
        full = b"ARC-Seal: a=x; i = %d; cv=pass\r\n" % newest
        found = drawn(edition(full + PLAIN, GROUP, TRACE, OFFERS), "fail")
        assert (found is None) is (newest == MOST_INSTANCES)


def test_every_worker_makes_the_same_set() -> None:
    made = edition(PLAIN, GROUP, TRACE, OFFERS)
    one, other = drawn(made), drawn(made)
    assert one is not None
    assert other is not None
    assert fields(one) == fields(other)
    assert b"t=1772442001;" in fields(one)
    assert max(map(len, fields(one).split(b"\r\n"))) < 200


def _scenarios() -> list[Any]:
    if not SUITE.exists():
        return [pytest.param({}, {}, id="absent", marks=pytest.mark.skip(reason=f"{SUITE} is not there"))]
    return [
        pytest.param(case, document["txt-records"] or {}, id=name)
        for document in yaml.safe_load_all(SUITE.read_text())
        if document
        for name, case in document["tests"].items()
    ]


@pytest.mark.parametrize(("case", "zone"), _scenarios())
def test_the_suite_s_chains_go_on(case: dict[str, Any], zone: dict[str, str]) -> None:
    """A chain that passed passes with our set on top, whatever our lines broke of the last one; others do not."""
    raw = case["message"].replace("\r\n", "\n").replace("\n", "\r\n").encode()
    before = by_us(raw, zone).result
    made = edition(raw, GROUP, TRACE, OFFERS)
    one = drawn(made, before)
    if one is None:
        assert before == "fail"  # and it says so itself, or it is full
        return
    whole = unstuffed(fields(one) + made.wire)
    after = by_us(whole, zone)
    if before == "fail":
        assert after.result == "fail"
        assert by_dkimpy_safely(whole, zone) != dkim.CV_Pass
    else:
        assert after == proof.ArcResult("pass", DOMAIN)
        assert by_dkimpy(whole, zone)[0] == dkim.CV_Pass


def by_dkimpy_safely(raw: bytes, zone: dict[str, str]) -> bytes | None:
    """dkimpy raises for some of the suite's chains what it does not document."""
    try:
        return by_dkimpy(raw, zone)[0]
    except (dkim.DKIMException, ValueError, IndexError, KeyError):
        return None
