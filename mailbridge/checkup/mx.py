"""Where mail comes in, as the DNS says it: our own name's addresses, and the MX of each domain (RFC 5321 5.1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mailbridge.checkup import way
from store.findings import Check, Finding


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the DNS says about a domain. `records` are (preference, host), "" for the root; `addresses` of each host and
    of the domain itself. None where nobody answered."""

    records: Sequence[tuple[int, str]] | None
    addresses: Mapping[str, Sequence[str] | None]


def host(name: str, addresses: Sequence[str] | None) -> list[Finding]:
    """Whether our own name leads anywhere."""
    if addresses is None:
        return [Finding("unanswered", name, {"asked": "A"}, Check.HOST)]
    if not addresses:
        return [Finding("host_missing", name)]
    if not way.public(addresses):
        return [Finding("host_private", name, {"addresses": ", ".join(addresses)})]
    return [Finding("host_ok", name, {"addresses": ", ".join(addresses)})]


def served(domain: str, found: Exchange, name: str, ours: Collection[str]) -> list[Finding]:
    """Whether mail for a domain that we serve comes to us. `ours` are the addresses that lead to us: our own, and those
    of the front relays and proxies that hand on to us."""
    if found.records is None:
        return [Finding("unanswered", domain, {"asked": "MX"}, Check.MX)]
    record = {"record": f"{domain}. IN MX 10 {name}."}
    if not found.records:
        leads = any(address in ours for address in found.addresses.get(domain) or ())
        return [Finding("mx_implicit" if leads else "mx_missing", domain, record)]
    hosts = [host for _, host in found.records]
    if not any(hosts):
        return [Finding("mx_null", domain, record)]
    if numbers := [one for one in hosts if way.is_address(one)]:
        return [Finding("mx_address", domain, {"address": numbers[0], **record})]
    here = [one for one in hosts if _leads(one, found, name, ours)]
    listed = {"hosts": ", ".join(one for one in hosts if one), **record}
    if here == hosts:
        lost = [one for one in hosts if found.addresses.get(one) == []]
        if lost:
            return [Finding("mx_unresolved", domain, {"host": lost[0]})]
        return [Finding("mx_ok", domain, listed)]
    if here:
        others = ", ".join(one for one in hosts if one not in here)
        return [Finding("mx_mixed", domain, {**listed, "others": others})]
    unsaid = next((one for one in hosts if found.addresses.get(one) is None), None)
    if unsaid is not None:
        return [Finding("unanswered", unsaid, {"asked": "A"}, Check.MX)]
    return [Finding("mx_elsewhere", domain, listed)]


def published(domain: str, found: Exchange) -> list[Finding]:
    """A domain that another system receives for: it has to be received for by somebody."""
    if found.records is None:
        return [Finding("unanswered", domain, {"asked": "MX"}, Check.MX)]
    hosts = ", ".join(host for _, host in found.records if host)
    if not hosts:
        record = {"record": f"{domain}. IN MX 10 …"}
        return [Finding("mx_null" if found.records else "mx_missing", domain, record)]
    return [Finding("mx_published", domain, {"hosts": hosts})]


def _leads(one: str, found: Exchange, name: str, ours: Collection[str]) -> bool:
    return one == name or any(address in ours for address in found.addresses.get(one) or ())
