"""How mail and clicks come to us: our name, the MX, our doors with their certificate, the one-click page."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from ipaddress import ip_address
from typing import TYPE_CHECKING

from mailbridge.checkup import door
from mailbridge.checkup import mx as exchanges
from mailbridge.checkup.mx import Exchange
from mailbridge.settings import BridgeSettings
from store.findings import Finding

if TYPE_CHECKING:
    from mailbridge.doctor.round import Round

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


async def host(round_: Round) -> list[Finding]:
    """The addresses of our own name."""
    return exchanges.host(round_.case.settings.name, await asyncio.shield(round_.way.host))


async def mx(round_: Round) -> list[Finding]:
    """Where each domain's mail goes."""
    settings, names = round_.case.settings, round_.case.names
    found = await asyncio.gather(*map(names.exchange, (*settings.domains, *settings.published_domains)))
    ours = await asyncio.shield(round_.way.host) or []
    findings: list[Finding] = []
    for domain, exchange in zip((*settings.domains, *settings.published_domains), found, strict=True):
        if domain in settings.domains:
            leading = _leading(settings, exchange, ours)
            findings += exchanges.served(domain, exchange, settings.name, leading)
        else:
            findings += exchanges.published(domain, exchange)
    return findings


def _leading(settings: BridgeSettings, exchange: Exchange, ours: Collection[str]) -> set[str]:
    """Of the addresses a domain's mail goes to, those that bring it here."""
    networks = (*settings.trusted_relays, *settings.proxy_from)
    found = {address for addresses in exchange.addresses.values() for address in addresses or ()}
    return {one for one in found if one in ours or any(ip_address(one) in network for network in networks)}


async def doors(round_: Round) -> list[Finding]:
    """Each door we listen at."""
    settings = round_.case.settings
    if not round_.case.listens:
        return [Finding("door_elsewhere", "POSTROOM_SMTP_LISTEN")]
    heard = await asyncio.shield(round_.way.doors)
    alone = not (settings.trusted_relays or settings.proxy_from or settings.lmtp_listen)
    private = [str(each) for each in settings.smtp_listen] if alone and _local(settings) else []
    return door.doors(heard, encrypts=round_.way.encrypts, private=private)


async def tls(round_: Round) -> list[Finding]:
    """The certificate, in its files and at our doors."""
    if not round_.case.listens:
        return []
    settings = round_.case.settings
    heard = await asyncio.shield(round_.way.doors)
    pair, now = await round_.way.pair(), round_.case.clock()
    return door.tls(pair, heard, settings.name, now, local=_local(settings))


def _local(settings: BridgeSettings) -> bool:
    """Whether every door is reached from this machine alone."""
    return all(each.path or each.host in _LOOPBACK for each in settings.smtp_listen)


async def web(round_: Round) -> list[Finding]:
    """The one-click page."""
    findings, _ = await asyncio.shield(round_.way.web)
    return findings
