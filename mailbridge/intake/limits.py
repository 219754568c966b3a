"""What a session may cost: the table of limits, the gate that counts connections, the budget of octets in flight."""

from __future__ import annotations

import ipaddress
import shutil
from collections import Counter
from dataclasses import dataclass

MEBIBYTE = 1_048_576


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, octets and counts. The defaults are for a server open to the internet."""

    connections: int = 1_000
    connections_per_peer: int = 50
    recipients: int = 1_000  # RFC 5321 4.5.3.1.8 asks for at least 100
    errors: int = 20
    idle_commands: int = 100  # NOOP, RSET, VRFY, EHLO…: what brings no message nearer
    command_octets: int = 2_048  # RFC 5321 4.5.3.1.4 asks for 512, its extensions for some more
    command_seconds: float = 300.0  # RFC 5321 4.5.3.2.7
    session_seconds: float = 3_600.0
    stall_seconds: float = 180.0  # RFC 5321 4.5.3.2.5
    # A deadline on the whole of DATA cuts honest slow senders and no deadline feeds slow-loris: each octet buys time.
    grace_seconds: float = 60.0
    octets_per_second: int = 500
    header_octets: int = 262_144
    header_fields: int = 1_000
    line_octets: int = MEBIBYTE
    in_flight_octets: int = 256 * MEBIBYTE


class Gate:
    """Counts open connections, in all and by peer."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._peers: Counter[str] = Counter()
        self._open = 0

    def enter(self, peer: str, *, trusted: bool = False) -> bool:
        """Count a connection in, or say False. A trusted relay carries everybody's mail, so only the total binds it."""
        room = self._open < self._limits.connections
        if not room or (not trusted and self._peers[neighbourhood(peer)] >= self._limits.connections_per_peer):
            return False
        self._open += 1
        self._peers[neighbourhood(peer)] += 1
        return True

    def leave(self, peer: str) -> None:
        """Count a connection that entered out."""
        self._open -= 1
        key = neighbourhood(peer)
        self._peers[key] -= 1
        if not self._peers[key]:
            del self._peers[key]


def has_room(folder: str, octets: int) -> bool:
    """Whether the disk of `folder` has half as much again free as a message of `octets` needs, as Postfix asks."""
    try:
        return shutil.disk_usage(folder).free >= octets * 3 // 2
    except OSError:
        return False


class Budget:
    """Octets of messages being received by all sessions together: a thousand big mails must not fill the memory.

    What a client declares (RFC 1870) is promised before its transfer, so that a mail that would find no room at its end
    is not sent at all. A word costs nothing, though: beside others, promises leave a quarter to what is here.
    """

    def __init__(self, octets: int) -> None:
        self._all = self._left = octets

    def promise(self, octets: int) -> bool:
        """Reserve for a message that is about to come, or say False and reserve nothing."""
        alone = self._left == self._all
        return (alone or self._left - octets >= self._all // 4) and self.take(octets)

    def take(self, octets: int) -> bool:
        """Reserve for octets that are here, or say False and reserve nothing."""
        if octets > self._left:
            return False
        self._left -= octets
        return True

    def give_back(self, octets: int) -> None:
        self._left += octets


def neighbourhood(peer: str) -> str:
    """What shares one allowance: an IPv4 address, or an IPv6 /64, since one customer holds all of that."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
