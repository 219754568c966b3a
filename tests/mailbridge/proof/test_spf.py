"""SPF: the suite of openspf.org for RFC 7208, asked through a nameserver over UDP and TCP, and what stays bounded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dns.exception
import dns.name
import pytest
import yaml

from mailbridge.intake.evidence import Examiner
from mailbridge.policy import shape
from mailbridge.proof import spf
from mailbridge.resolver import Resolver
from tests.mailbridge.deliver.nameserver import Nameserver

CORPORA = Path(os.environ.get("POSTROOM_CORPORA", "../shared/corpora"))
SUITE = CORPORA / "spf" / "rfc7208-tests.yml"
absent = pytest.mark.skipif(not SUITE.exists(), reason="the corpora are not here: set POSTROOM_CORPORA")


def _text(octets: bytes) -> str:
    return '"' + "".join(chr(o) if 32 < o < 127 and o not in b'"\\' else f"\\{o:03d}" for o in octets) + '"'


def _strings(value: Any) -> str:
    """A TXT record as a zone file writes it, in strings of at most 255 octets."""
    parts = value if isinstance(value, list) else [value]
    octets = [part.encode("latin-1") for part in parts]
    # The suite has a record without any string, which no server can send: the nearest is one empty string.
    return " ".join(_text(part[at : at + 255]) for part in octets for at in range(0, max(len(part), 1), 255)) or '""'


def _records(name: str, given: list[Any]) -> Iterator[tuple[str, str]]:
    """The zone's lines for one name. A record of type SPF stands for TXT where there is no TXT (the suite's rule)."""
    texts = any(isinstance(record, dict) and "TXT" in record for record in given)
    for record in given:
        if not isinstance(record, dict):
            continue
        kind, value = next(iter(record.items()))
        if kind == "SPF" and not texts:
            kind = "TXT"
        if value == "NONE" or kind == "SPF":
            continue
        match kind:
            case "TXT":
                yield kind, _strings(value)
            case "MX":
                yield kind, f"{value[0]} {value[1].rstrip('.')}."
            case "PTR" | "CNAME":
                yield kind, f"{value.rstrip('.')}."
            case _:
                yield kind, value


def _load(server: Nameserver, zone: dict[str, list[Any]]) -> None:
    for name, given in zone.items():
        try:
            key = dns.name.from_text(name).to_text(omit_final_dot=True).lower()
        except dns.exception.DNSException:
            continue  # no such name can be asked for either
        for kind, text in _records(name, given):
            server.zone.setdefault((key, kind), []).append(text)
        if "TIMEOUT" in given or any(isinstance(record, dict) and "TIMEOUT" in record for record in given):
            server.failing.add(key)


def _clock() -> datetime:
    return datetime(2026, 3, 2, tzinfo=UTC)


async def evaluated(server: Nameserver, client: str, return_path: str, helo: str) -> spf.Spf:
    message = shape.examine(b"From: a@elsewhere.test\r\n\r\n", 10)
    assert isinstance(message, shape.Shape)
    examiner = Examiner(Resolver([server.address], lifetime=2), _clock)
    found = (await examiner.examine(message, return_path, helo, client, spf_counts=True)).spf
    examiner.close()
    assert found is not None
    return found


@absent
async def test_the_suite(nameserver: Nameserver) -> None:
    """All 203. A name that the suite calls timed out is answered SERVFAIL, which means the same: nothing is known."""
    wrong: list[str] = []
    count = 0
    for document in yaml.safe_load_all(SUITE.read_text()):
        if not document:
            continue
        nameserver.zone.clear()
        nameserver.failing.clear()
        _load(nameserver, document["zonedata"])
        for name, case in document["tests"].items():
            found = await evaluated(nameserver, case["host"], case.get("mailfrom") or "", case["helo"])
            allowed = case["result"] if isinstance(case["result"], list) else [case["result"]]
            count += 1
            if found.result not in allowed:
                wrong.append(f"{name}: {found.result} instead of {allowed}")
    assert count == 203
    assert wrong == []


async def test_no_record_asks_for_more_than_its_share(nameserver: Nameserver) -> None:
    """Ten MX terms of ten hosts each, with a second address family to miss: the most that RFC 7208 allows."""
    terms = " ".join(f"mx:d{number}.test" for number in range(10))
    nameserver.zone["greedy.test", "TXT"] = [f'"v=spf1 {terms} -all"']
    for number in range(10):
        nameserver.zone[f"d{number}.test", "MX"] = [f"10 h{host}.d{number}.test." for host in range(10)]
        for host in range(10):
            nameserver.zone[f"h{host}.d{number}.test", "A"] = ["192.0.2.1"]
    found = await evaluated(nameserver, "198.51.100.7", "a@greedy.test", "mx.test")
    assert found.result == "fail"
    assert len(nameserver.asked) <= spf.MOST_QUESTIONS


@pytest.mark.parametrize(
    ("record", "result"),
    [
        ("v=spf1 include:loop.test -all", "permerror"),  # itself, for ever
        ("v=spf1 " + "ip4:192.0.2.1 " * 400 + "-all", "permerror"),  # longer than any honest policy
        ("v=spf1 a:%{p}.%{l}.test exists:%{i} -all", "permerror"),  # three names that are not there
        ("v=spf1 a:%{x} -all", "permerror"),
    ],
)
async def test_records_that_mean_harm(nameserver: Nameserver, record: str, result: str) -> None:
    nameserver.zone["loop.test", "TXT"] = [_strings(record)]
    assert (await evaluated(nameserver, "198.51.100.7", "a@loop.test", "mx.test")).result == result


@pytest.mark.parametrize(
    "sender", ['"a b"@quoted.test', "\u00e9@quoted.test", "a@[192.0.2.1]", "a@" + "x." * 130 + "test"]
)
def test_no_return_path_raises(sender: str) -> None:
    known: dict[tuple[str, str], tuple[Any, ...] | None] = {}
    found = None
    while found is None and len(known) < 10:
        try:
            found = spf.check("198.51.100.7", sender, "mx.test", known)
        except spf.Question as question:
            known[question.name, question.kind] = ()
    assert found is not None
    assert found.result in ("none", "permerror")


async def test_a_bounce_is_judged_by_its_greeting(nameserver: Nameserver) -> None:
    nameserver.zone["mx.test", "TXT"] = ['"v=spf1 ip4:198.51.100.7 -all"']
    found = await evaluated(nameserver, "198.51.100.7", "", "mx.test")
    assert found == spf.Spf("pass", "mx.test", helo=True)
