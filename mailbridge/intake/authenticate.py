"""Whether the author is proven: for now only by the verdict of a front relay of ours (RFC 8601, DMARC)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from mailbridge.policy import results
from mailbridge.policy.shape import Shape

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_LOOPBACK = ipaddress.ip_address("127.0.0.1")


@dataclass(frozen=True, slots=True)
class Relays:
    """The networks of our front relays and the name they sign their findings with; both empty: nobody is trusted."""

    networks: Sequence[Network] = ()
    authserv_id: str = ""

    def trust(self, client: str) -> bool:
        """Whether `client`, a network address or "" for a local socket, is one of them."""
        try:
            # Who may open a local socket is a matter of file permissions, so it counts as this machine.
            address = ipaddress.ip_address(client.partition("%")[0]) if client else _LOOPBACK
        except ValueError:
            return False
        if address.version == 6 and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address.version == network.version and address in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the From address is proven, and the name of why (`verdict.<name>` in the catalogue)."""

    authenticated: bool
    verdict: str


def authenticate(shape: Shape, client: str, relays: Relays) -> Proof:
    """Judge the author of a message that came from `client`."""
    if not relays.authserv_id or not relays.trust(client):
        return Proof(False, results.UNTRUSTED)
    verdict = results.verdict(shape.fields, shape.author.address.domain, relays.authserv_id)
    return Proof(verdict == results.PASS, verdict)
