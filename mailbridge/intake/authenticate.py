"""Whether the author is proven: by having signed in, by the verdict of a front relay of ours, or by what the message
itself carries.

Who has signed in is held to their own address before, and who writes in Slack has no other. A front relay's verdict
wins (RFC 8601): it has seen the client.
Without one, the author's own signature (DKIM) counts wherever the mail comes from, for nobody on the way can make it;
the client's address (SPF) only where the client is the author's own system, connected to us or told of by a proxy of
ours.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbridge.intake.envelope import Envelope
from mailbridge.policy import results
from mailbridge.policy.shape import Shape
from mailbridge.proof.findings import findings, relayed, signed_in
from mailbridge.proof.judgement import SIGNED_IN, UNTRUSTED, WRITTEN, Proof, judge

if TYPE_CHECKING:
    from mailbridge.intake.session import House

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_LOOPBACK = ipaddress.ip_address("127.0.0.1")
# Addresses that say nothing about who a client is: this machine, and networks that everybody has one of.
_LOCAL = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("127.0.0.0/8", "0.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("100.64.0.0/10", "::1/128", "::/128", "fc00::/7", "fe80::/10"),
    )
)


def among(networks: Sequence[Network], client: str) -> bool:
    """Whether `client`, a network address or "" for a local socket, lies in one of `networks`."""
    try:
        # Who may open a local socket is a matter of file permissions, so it counts as this machine.
        address = ipaddress.ip_address(client.partition("%")[0]) if client else _LOOPBACK
    except ValueError:
        return False
    if address.version == 6 and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address.version == network.version and address in network for network in networks)


@dataclass(frozen=True, slots=True)
class Relays:
    """The networks of our front relays and the name they sign their findings with; both empty: nobody is trusted."""

    networks: Sequence[Network] = ()
    authserv_id: str = ""

    def trust(self, client: str) -> bool:
        """Whether `client`, a network address or "" for a local socket, is one of them."""
        return among(self.networks, client)


async def authenticate(house: House, envelope: Envelope, shape: Shape, *, forwarded: bool = False) -> Proof:
    """Judge the author of a message. `forwarded`: it is for a group whose published address another system serves.

    Such a system passes on whatever it is sent, from its own addresses, which its other customers share: SPF of a
    domain that is a customer too would pass for everybody's forgeries.
    """
    if envelope.login is not None or envelope.slack:
        # Who wrote it is settled; how copies of it can be made is not.
        evidence = await house.examiner.examine(shape, "", "", "", spf_counts=False, judged=True)
        if envelope.login is None:
            return Proof(True, WRITTEN, origin=evidence.origin)
        return Proof(True, SIGNED_IN, results=signed_in(envelope.login.address, evidence), origin=evidence.origin)
    author = shape.author.address.domain
    relays = house.relays
    trusted = bool(relays.authserv_id) and relays.trust(envelope.client)
    verdict = results.verdict(shape.fields, author, relays.authserv_id) if trusted else UNTRUSTED
    if verdict in (results.PASS, results.FAIL):
        evidence = await house.examiner.examine(shape, "", "", "", spf_counts=False, judged=True)
        passed = verdict == results.PASS
        return Proof(passed, verdict, results=relayed(author, evidence, passed=passed), origin=evidence.origin)
    client = envelope.client if named(relays, envelope) else ""
    evidence = await house.examiner.examine(
        shape, envelope.return_path, envelope.helo, client, spf_counts=bool(client) and not forwarded
    )
    proof = replace(judge(author, evidence, client), results=findings(author, evidence), origin=evidence.origin)
    if proof.authenticated or not trusted:
        return proof
    return replace(proof, verdict=verdict, unchecked=proof.unchecked or verdict == results.UNCHECKED)


def named(relays: Relays, envelope: Envelope) -> bool:
    """Whether the client is the system that the mail came from, and not one of ours or of this machine."""
    try:
        ipaddress.ip_address(envelope.client)
    except ValueError:
        return False
    return not (envelope.lmtp or relays.trust(envelope.client) or among(_LOCAL, envelope.client))
