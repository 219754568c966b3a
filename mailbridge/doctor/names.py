"""The DNS as a checkup asks it: no such name is an empty answer, no answer is None."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any

from mailbridge.checkup.mx import Exchange
from mailbridge.proof import spf
from mailbridge.proof.answers import TextsOf
from mailbridge.resolver import NoSuchName, Resolver, Unanswered


class Names:
    """Questions to the bridge's own resolver. What was asked once is not asked again."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver

    async def ask(self, name: str, kind: str) -> tuple[Any, ...] | None:
        """Records of one kind."""
        try:
            return await self.resolver.lookup(name, kind)
        except NoSuchName:
            return ()
        except Unanswered:
            return None

    async def addresses(self, host: str) -> list[str] | None:
        """The addresses of a host, or the one that `host` is."""
        try:
            return [str(ip_address(host))]
        except ValueError:
            pass
        try:
            return await self.resolver.addresses(host)
        except NoSuchName:
            return []
        except Unanswered:
            return None

    async def exchange(self, domain: str) -> Exchange:
        """A domain's MX records, and the addresses they lead to."""
        records = await self.ask(domain, "MX")
        hosts = [host for _, host in records or () if host] or [domain]
        found = await asyncio.gather(*map(self.addresses, hosts))
        return Exchange(None if records is None else sorted(records), dict(zip(hosts, found, strict=True)))

    async def texts(self, names: Iterable[str]) -> TextsOf:
        """TXT records of each name."""
        ordered = list(dict.fromkeys(names))
        return dict(zip(ordered, await asyncio.gather(*(self.ask(name, "TXT") for name in ordered)), strict=True))

    async def spf_of(self, domain: str, addresses: Iterable[str], helo: str) -> Mapping[str, spf.Spf]:
        """What SPF says of a return path on `domain`, from each address."""
        known: dict[tuple[str, str], tuple[Any, ...] | None] = {}
        return {address: await self._spf(f"bounces@{domain}", address, helo, known) for address in addresses}

    async def _spf(
        self, sender: str, address: str, helo: str, known: dict[tuple[str, str], tuple[Any, ...] | None]
    ) -> spf.Spf:
        while len(known) < spf.MOST_QUESTIONS:
            try:
                return spf.check(address, sender, helo, known)
            except spf.Question as question:
                known[question.name, question.kind] = await self.ask(question.name, question.kind)
        return spf.Spf("permerror", sender.rpartition("@")[2], problem="Too many questions")


async def machine(host: str) -> list[str]:
    """A host's addresses as this machine knows them, its own names included; empty if it knows none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return list(dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found))
