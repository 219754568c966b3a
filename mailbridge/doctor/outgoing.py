"""How our mail goes out: SPF and PTR of our way, the relay or port 25, and a probe."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from typing import TYPE_CHECKING

from mailbridge.checkup import ptr as reverse
from mailbridge.checkup import relay as hops
from mailbridge.checkup import spf as policies
from mailbridge.deliver.client import Unopened
from mailbridge.deliver.route import RELAY, Mx, Relay
from mailbridge.doctor import nexthop
from mailbridge.doctor.surroundings import OUTSIDE
from store.findings import Check, Finding, Level

if TYPE_CHECKING:
    from mailbridge.doctor.round import Round


async def spf(round_: Round) -> list[Finding]:
    """Each domain that return paths are on."""
    settings, names = round_.case.settings, round_.case.names
    way = await asyncio.shield(round_.way.out)
    texts = await names.texts(settings.domains)
    found: list[Finding] = []
    for domain in settings.domains:
        # Without the record itself there is nothing to try, and a silent server is not asked twice.
        asked = (*way.addresses, policies.STRANGER) if texts[domain] is not None else ()
        found += policies.judge(domain, texts[domain], way, await names.spf_of(domain, asked, settings.name))
    return found


async def ptr(round_: Round) -> list[Finding]:
    """The names of the addresses we go out by; a relay's are its own affair."""
    if not isinstance(round_.case.route, Mx):
        return []
    names, found = round_.case.names, []
    for address in (await asyncio.shield(round_.way.out)).addresses:
        called = await names.ask(ip_address(address).reverse_pointer, "PTR")
        forward = {name: await names.addresses(name) for name in called or ()}
        found += reverse.judge(address, called, forward, round_.case.settings.name)
    return found


async def relay(round_: Round) -> list[Finding]:
    """Whether the relay opens to us, under TLS and with our password, as the setting asks."""
    route = round_.case.route
    if not isinstance(route, Relay):
        return []
    (hop,) = await route.hops(RELAY, round_.case.settings.name)
    try:
        secured = await nexthop.opens(hop)
    except Unopened as error:
        return hops.unopened(str(hop), error.stage, error.reply)
    if secured:
        return [Finding("relay_ok", str(hop))]
    return [Finding("relay_local" if hop.loopback else "relay_plain", str(hop))]


async def outbound(round_: Round) -> list[Finding]:
    """Whether port 25 of others can be reached, where mail goes straight to them."""
    route = round_.case.route
    if not isinstance(route, Mx):
        return []
    address, problem = await asyncio.shield(round_.way.outside)
    if not address and not problem:  # nobody said whom to try: nothing is known about the port
        return [Finding("unanswered", OUTSIDE[0], {"asked": "MX"}, Check.OUTBOUND)]
    values = {"port": str(route.port), "problem": problem, "address": address}
    return [Finding("outbound_blocked" if problem else "outbound_ok", f"port {route.port}", values)]


async def probe(round_: Round) -> list[Finding]:
    """A mail to the address that was given."""
    case = round_.case
    if not case.probe:
        return [Finding("probe_none", "")]
    if any(one.level is Level.FAULT for one in await round_.of(Check.RELAY, Check.OUTBOUND)):
        return [Finding("probe_unsent", case.probe)]
    domain = case.settings.domains[0]
    mail = round_.press.mail(domain, case.probe, round_.identifier, case.clock())
    ours = {case.settings.name, *case.settings.domains, *case.settings.published_domains}
    outcome = await nexthop.probe(case.route, mail, case.probe, case.settings.name, case.names.resolver)
    return hops.probed(case.probe, mail.mail_from, outcome, ours)
