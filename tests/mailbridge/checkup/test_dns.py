"""What is made of the DNS: our way out, MX, SPF, keys, DMARC, reverse names. Facts in, findings out."""

from __future__ import annotations

import pytest

from mailbridge.checkup import dkim, dmarc, mx, ptr, spf, way
from mailbridge.checkup.mx import Exchange
from mailbridge.checkup.way import Way
from mailbridge.proof.spf import Spf
from mailbridge.providers import behind
from mailbridge.rewrite.keys import Algorithm
from store.findings import Finding
from tests.mailbridge.rewrite.oracle import key

DOMAIN, HOST, OURS = "example.org", "mail.example.org", "198.51.100.7"


def names(found: list[Finding]) -> list[str]:
    return [one.name for one in found]


@pytest.mark.parametrize(
    ("relay", "host", "seen", "wanted"),
    [
        (None, [OURS], "", Way((OURS,), f"ip4:{OURS}")),
        (None, [OURS], "10.0.0.5", Way((OURS,), f"ip4:{OURS}")),  # behind a translation of addresses
        (None, [OURS], "8.8.4.4", Way(("8.8.4.4",), "ip4:8.8.4.4")),
        (None, ["2001:db8::7", OURS], "", Way((OURS, "2001:db8::7"), f"ip4:{OURS} ip6:2001:db8::7")),
        (["127.0.0.1", "::1"], [OURS], "", Way((OURS,), f"ip4:{OURS}")),
        (["9.9.9.9"], [OURS], "", Way(("9.9.9.9",), "ip4:9.9.9.9")),
        (["10.0.0.9"], [OURS], "", Way((), "")),
        (None, ["10.0.0.5"], "", Way((), "")),  # as the DNS of the house says: to publish that would help nobody
        (None, ["10.0.0.5"], "8.8.4.4", Way(("8.8.4.4",), "ip4:8.8.4.4")),
        (["127.0.0.1"], ["192.168.1.5", "fd00::5", OURS], "", Way((OURS,), f"ip4:{OURS}")),
    ],
)
def test_the_way_out(relay: list[str] | None, host: list[str], seen: str, wanted: Way) -> None:
    assert way.out(provider=None, relay=relay, host=host, seen=seen) == wanted


def test_through_a_provider_its_own_record_counts() -> None:
    found = way.out(provider=behind("smtp.office365.com"), relay=["52.97.1.1"], host=[OURS], seen="")
    assert found == Way(("40.92.0.1",), "include:spf.protection.outlook.com")


@pytest.mark.parametrize(
    ("records", "addresses", "wanted"),
    [
        ([(10, HOST)], {HOST: [OURS]}, "mx_ok"),
        ([(10, "mx.example.org")], {"mx.example.org": [OURS]}, "mx_ok"),
        ([(10, HOST)], {HOST: []}, "mx_unresolved"),
        ([(10, HOST), (20, "b.example.net")], {HOST: [OURS], "b.example.net": ["203.0.113.1"]}, "mx_mixed"),
        ([(10, "b.example.net")], {"b.example.net": ["203.0.113.1"]}, "mx_elsewhere"),
        ([(10, "b.example.net")], {"b.example.net": []}, "mx_elsewhere"),
        ([(10, "b.example.net")], {"b.example.net": None}, "unanswered"),
        ([], {DOMAIN: [OURS]}, "mx_implicit"),
        ([], {DOMAIN: ["203.0.113.1"]}, "mx_missing"),
        ([], {DOMAIN: []}, "mx_missing"),
        ([(0, "")], {}, "mx_null"),
        ([(10, OURS)], {OURS: [OURS]}, "mx_address"),  # a label of digits is no address (RFC 5321 5.1)
        (None, {}, "unanswered"),
    ],
)
def test_mx_of_a_served_domain(
    records: list[tuple[int, str]] | None, addresses: dict[str, list[str] | None], wanted: str
) -> None:
    assert names(mx.served(DOMAIN, Exchange(records, addresses), HOST, {OURS})) == [wanted]


@pytest.mark.parametrize(
    ("records", "wanted"),
    [([(10, "mx.example.com")], "mx_published"), ([], "mx_missing"), ([(0, "")], "mx_null"), (None, "unanswered")],
)
def test_mx_of_a_domain_published_elsewhere(records: list[tuple[int, str]] | None, wanted: str) -> None:
    assert names(mx.published(DOMAIN, Exchange(records, {}))) == [wanted]


@pytest.mark.parametrize(
    ("record", "result", "stranger", "wanted", "remedy"),
    [
        (f"v=spf1 ip4:{OURS} -all", "pass", Spf("fail", DOMAIN), "spf_ok", ""),
        ("v=spf1 -all", "fail", Spf("fail", DOMAIN), "spf_fails", f'"v=spf1 ip4:{OURS} -all"'),
        ("v=spf1 a ~all", "softfail", Spf("softfail", DOMAIN), "spf_fails", f'"v=spf1 ip4:{OURS} a ~all"'),
        ("V=SPF1 a", "temperror", Spf("fail", DOMAIN), "unanswered", ""),
        ("v=spf1 +all", "pass", Spf("pass", DOMAIN), "spf_everybody", f'"v=spf1 ip4:{OURS} -all"'),
        ("v=spf1 x", "permerror", Spf("permerror", DOMAIN, problem="Unknown"), "spf_broken", "v=spf1"),
        (
            *("v=spf1 ?ipv4:1.2.3.4 mx -all", "permerror"),
            Spf("permerror", DOMAIN, problem="SPF Permanent Error: Unknown mechanism found: ipv4:1.2.3.4"),
            *("spf_broken", f'"v=spf1 ip4:{OURS} mx -all"'),
        ),
        (
            *(f"v=spf1 include:gone.example ip4:{OURS} -all", "permerror"),
            Spf("permerror", DOMAIN, problem="No valid SPF record for: include:gone.example"),
            *("spf_broken", f'"v=spf1 ip4:{OURS} -all"'),
        ),
        ("v=spf1 x", "pass", Spf("permerror", DOMAIN, problem="Too many DNS lookups"), "spf_lookups", "Remove"),
        ("v=spf10 -all", "none", Spf("none", DOMAIN), "spf_missing", f'"v=spf1 ip4:{OURS} -all"'),
    ],
)
def test_spf(record: str, result: str, stranger: Spf, wanted: str, remedy: str) -> None:
    results = {OURS: Spf(result, DOMAIN), spf.STRANGER: stranger}
    found = spf.judge(DOMAIN, [b"other", record.encode()], way.by([OURS]), results)
    assert names(found) == [wanted]
    assert remedy in found[0].remedy("en")


def test_spf_where_the_way_out_is_not_known() -> None:
    results = {spf.STRANGER: Spf("fail", DOMAIN)}
    assert names(spf.judge(DOMAIN, [b"v=spf1 -all"], Way(), results)) == ["spf_unknown_way"]
    ovh = way.out(provider=behind("ssl0.ovh.net"), relay=["1.2.3.4"], host=[], seen="")
    assert names(spf.judge(DOMAIN, [b"v=spf1 include:mx.ovh.com -all"], ovh, results)) == ["spf_ok"]
    assert names(spf.judge(DOMAIN, [b"v=spf1 -all"], ovh, results)) == ["spf_fails"]


def test_two_spf_records_become_one_that_says_both() -> None:
    texts = [b"v=spf1 a mx ~all", b"v=spf1 mx ip4:203.0.113.1 -all"]
    (found,) = spf.judge(DOMAIN, texts, way.by([OURS]), {})
    assert '"v=spf1 a mx ip4:203.0.113.1 -all"' in found.remedy("en")
    texts = [b"v=spf1 a redirect=_spf.example.net", b"v=spf1 ball mx"]
    (found,) = spf.judge(DOMAIN, texts, way.by([OURS]), {})
    assert '"v=spf1 a include:_spf.example.net ball mx -all"' in found.remedy("en")


RECORD = key(Algorithm.RSA).record()


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        ((RECORD,), "dkim_ok"),
        ((RECORD.replace("v=DKIM1; ", ""),), "dkim_ok"),  # the version is optional
        ((f"{RECORD}; t=s",), "dkim_ok"),
        ((f"{RECORD}; t=y:s",), "dkim_testing"),
        ((RECORD, RECORD), "dkim_malformed"),
        ((RECORD[:-4],), "dkim_malformed"),
        ((key(Algorithm.ED25519).record(),), "dkim_other"),
        (("v=DKIM1; p=",), "dkim_revoked"),
        (("nothing of the kind",), "dkim_missing"),
        ((), "dkim_missing"),
        (None, "unanswered"),
    ],
)
def test_a_published_key(texts: tuple[str, ...] | None, wanted: str) -> None:
    found = dkim.judge(DOMAIN, "s", RECORD, None if texts is None else tuple(text.encode() for text in texts))
    assert names(found) == [wanted]
    remedy = found[0].remedy("en").replace('" "', "")  # longer than one string of the DNS
    assert found[0].level == "ok" or f'( "{RECORD}" )' in remedy or wanted == "unanswered"


@pytest.mark.parametrize(
    ("own", "above", "signed", "wanted"),
    [
        (["v=DMARC1; p=reject"], [], DOMAIN, "dmarc_ok"),
        ([], ["v=DMARC1; p=reject; sp=none"], DOMAIN, "dmarc_ok"),
        (["v=DMARC1;p=none"], [], DOMAIN, "dmarc_ok"),
        (["v=DMARC1; p=none; adkim=s; rua=mailto:a@b.example;"], [], DOMAIN, "dmarc_ok"),
        ([], [], DOMAIN, "dmarc_missing"),
        (["v=DMARC1; p=none", "v=DMARC1; p=none"], [], DOMAIN, "dmarc_two"),
        ([], ["v=DMARC1; p=none", "v=DMARC1; p=none"], DOMAIN, "dmarc_two"),
        (["v=DMARC1 p=none"], [], DOMAIN, "dmarc_malformed"),
        (["v=dmarc1; p=none"], [], DOMAIN, "dmarc_malformed"),
        (["p=none; v=DMARC1"], ["v=DMARC1; p=none"], DOMAIN, "dmarc_malformed"),
        (["v=DMARC1; p=rejct"], [], DOMAIN, "dmarc_malformed"),
        (["v=DMARC1; p=none; adkim=strict"], [], DOMAIN, "dmarc_malformed"),
        (["v=DMARC1; p=none; nonsense"], [], DOMAIN, "dmarc_malformed"),
        (["v=DMARC1; p=none"], [], "example.net", "dmarc_unaligned"),
        ([], ["v=DMARC1; p=none"], "example.com", "dmarc_ok"),
        (["v=DMARC1; p=none; adkim=s; aspf=s"], ["v=DMARC1; p=none"], "example.com", "dmarc_unaligned"),
    ],
)
def test_dmarc(own: list[str], above: list[str], signed: str, wanted: str) -> None:
    domain = "lists.example.com" if signed == "example.com" or above else DOMAIN
    signer = domain if signed == DOMAIN else signed
    texts = {
        f"_dmarc.{domain}": tuple(text.encode() for text in own),
        "_dmarc.example.com": tuple(text.encode() for text in above),
        "_dmarc.example.org": tuple(text.encode() for text in own) if domain == DOMAIN else (),
    } | {f"_dmarc.{at}": () for at in ("org", "com", "net", "example.net")}
    found = dmarc.judge(domain, [signer], signer, texts)
    assert names(found) == [wanted]


def test_dmarc_that_nobody_answers_about_is_no_fault() -> None:
    (found,) = dmarc.judge(DOMAIN, [], DOMAIN, {f"_dmarc.{DOMAIN}": None, "_dmarc.org": ()})
    assert (found.name, found.level) == ("unanswered", "warning")


@pytest.mark.parametrize(
    ("called", "forward", "wanted"),
    [
        ([HOST], {HOST: [OURS]}, "ptr_ok"),
        (["a.example", HOST], {"a.example": ["203.0.113.1"], HOST: [OURS]}, "ptr_ok"),
        ([], {}, "ptr_missing"),
        ([HOST], {HOST: ["203.0.113.1"]}, "ptr_unconfirmed"),
        ([HOST], {HOST: []}, "ptr_unconfirmed"),
        ([HOST], {HOST: None}, "unanswered"),
        (None, {}, "unanswered"),
    ],
)
def test_the_reverse_dns(called: list[str] | None, forward: dict[str, list[str] | None], wanted: str) -> None:
    found = ptr.judge(OURS, called, forward, HOST)
    assert names(found) == [wanted]
    assert wanted in ("ptr_ok", "unanswered") or f"7.100.51.198.in-addr.arpa. IN PTR {HOST}." in found[0].remedy("en")


def test_our_own_name() -> None:
    assert names(mx.host(HOST, [OURS])) == ["host_ok"]
    assert names(mx.host(HOST, [])) == ["host_missing"]
    assert names(mx.host(HOST, ["10.0.0.5", "fe80::1"])) == ["host_private"]
    assert names(mx.host(HOST, ["10.0.0.5", OURS])) == ["host_ok"]
    assert names(mx.host(HOST, None)) == ["unanswered"]
