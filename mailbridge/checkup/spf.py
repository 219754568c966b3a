"""SPF of the domains our return paths are on (RFC 7208), judged by the engine that judges others' mail."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from mailbridge.checkup.record import txt
from mailbridge.checkup.way import Way
from mailbridge.proof.spf import Spf
from store.findings import Check, Finding

# Nobody's (RFC 5737): a record that passes it passes everybody, and asked for it every term is read.
STRANGER = "192.0.2.1"
_VERSION = b"v=spf1"
_TOO_MANY = "Too many"
_ALL: Final = re.compile(r"[-~?+]?all", re.IGNORECASE)
_REDIRECT: Final = re.compile(r"redirect=", re.IGNORECASE)


def records(texts: Sequence[bytes]) -> list[str]:
    """The SPF records among TXT records (RFC 7208 4.5), in an order of their own: the DNS has none."""
    return sorted(text.decode("ascii", "replace") for text in texts if text.split(b" ")[0].lower() == _VERSION)


def judge(domain: str, texts: Sequence[bytes] | None, way: Way, results: Mapping[str, Spf]) -> list[Finding]:
    """`texts` are the domain's TXT records, `results` the engine's, by address: those of our way, and STRANGER."""
    if texts is None:
        return [Finding("unanswered", domain, {"asked": "TXT"}, Check.SPF)]
    found = records(texts)
    if not found:
        wanted = f"v=spf1 {way.mechanisms} -all" if way.mechanisms else "v=spf1 … -all"
        return [Finding("spf_missing", domain, {"record": txt(domain, wanted)})]
    values = {"spf": found[0], "record": txt(domain, _with(found[0], way.mechanisms))}
    if len(found) > 1:
        return [Finding("spf_two", domain, {"count": str(len(found)), "record": txt(domain, _merged(found))})]
    stranger = results[STRANGER]
    if stranger.result == "permerror":
        values["problem"] = stranger.problem
        if _TOO_MANY in stranger.problem:
            return [Finding("spf_lookups", domain, values)]
        values["record"] = txt(domain, _with(_without(found[0], stranger.problem), way.mechanisms))
        return [Finding("spf_broken", domain, values)]
    if stranger.result == "pass":
        closed = txt(domain, f"v=spf1 {way.mechanisms or '…'} -all")
        return [Finding("spf_everybody", domain, {"spf": found[0], "record": closed})]
    if not way.addresses:
        # A provider without published ranges is covered by its include or not at all.
        if way.mechanisms and way.mechanisms in found[0].split():
            return [Finding("spf_ok", domain, {"addresses": way.mechanisms})]
        if way.mechanisms:
            return [Finding("spf_fails", domain, {**values, "address": way.mechanisms, "result": "neutral"})]
        return [Finding("spf_unknown_way", domain)]
    for address in way.addresses:
        result = results[address].result
        if result == "temperror":
            return [Finding("unanswered", domain, {"asked": "TXT"}, Check.SPF)]
        if result != "pass":
            return [Finding("spf_fails", domain, {**values, "address": address, "result": result})]
    return [Finding("spf_ok", domain, {"addresses": ", ".join(way.addresses)})]


def _with(record: str, mechanisms: str) -> str:
    """The record with our way out in it, first: what stands before it could end the search."""
    version, *terms = record.split()
    ours = mechanisms.split()
    return " ".join([version, *ours, *(term for term in terms if term not in ours)])


def _without(record: str, problem: str) -> str:
    """The record without the term that the engine names at the end of its problem: what is proposed is to be right."""
    version, *terms = record.split()
    named = problem.rpartition(": ")[2].lstrip("-~?+").lower()
    return " ".join([version, *(term for term in terms if term.lstrip("-~?+").lower() != named)])


def _merged(found: Sequence[str]) -> str:
    """One record of several: every term once, an `all` only at the end, and the strictest of them.

    A redirect counts where nothing else does (RFC 7208 6.1); beside other terms it is what it redirects to, included.
    """
    terms = [_REDIRECT.sub("include:", term) for record in found for term in record.split()[1:]]
    ends = [term for term in terms if _ALL.fullmatch(term)]
    rest = [term for term in dict.fromkeys(terms) if term not in ends]
    end = min(ends, key=lambda term: "-~?+a".index(term[0].lower())) if ends else "-all"
    return " ".join(["v=spf1", *rest, end])
