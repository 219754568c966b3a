"""Where mail goes: the setting POSTROOM_RELAY, lanes of addresses, and the hops of a lane."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from mailbridge.deliver.hop import Hop, Security
from mailbridge.resolver import NoSuchName, Resolver, Unanswered
from store.terms import Fault, Reply

RELAY = "relay"
MX_PREFIX = "mx:"
RELAY_CONNECTIONS = 10
MX_CONNECTIONS = 3
MOST_HOPS = 10  # of a domain; RFC 5321 5.1 asks for at least two

_RATE = re.compile(r"(\d+(?:\.\d+)?)(?:/(s|m|h))?")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_TLS: dict[str, Security] = {"none": "none", "opportunistic": "opportunistic", "required": "required"}


class RouteRefused(ValueError):  # noqa: N818 - about a setting
    """The setting cannot be used; the message is one line that says why, without the password."""


class Unroutable(Exception):  # noqa: N818 - an answer
    """No hop can be had for a lane. With fault RECIPIENT the domain takes no mail, ever; else try again later."""

    def __init__(self, reply: Reply, fault: Fault) -> None:
        super().__init__(str(reply))
        self.reply = reply
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Relay:
    """All mail goes to one server. `rate` is recipients a second, `daily` recipients a day; None where unlimited."""

    host: str
    port: int
    security: Security
    username: str = ""
    password: str = field(default="", repr=False)
    rate: float | None = None
    daily: int | None = None
    connections: int = RELAY_CONNECTIONS

    def lane(self, domain: str) -> str:
        """The lane key of a domain's mail: one for all."""
        del domain
        return RELAY

    async def hops(self, lane: str, helo: str, resolver: Resolver | None = None) -> list[Hop]:
        """The relay itself; its name is looked up by the machine, so that the machine's own names work."""
        del lane, resolver
        return [Hop(self.host, self.port, self.security, self.username, self.password, helo)]


@dataclass(frozen=True, slots=True)
class Mx:
    """Each domain's own servers. `allow` are networks that may be connected to though they are not public."""

    port: int = 25
    allow: tuple[IPv4Network | IPv6Network, ...] = ()
    rate: float | None = None
    daily: int | None = None
    connections: int = MX_CONNECTIONS

    def lane(self, domain: str) -> str:
        """The lane key of a domain's mail: its own."""
        return MX_PREFIX + domain

    async def hops(self, lane: str, helo: str, resolver: Resolver | None = None) -> list[Hop]:
        """The lane's servers by preference, at most ten, as addresses (RFC 5321 5.1). Raises Unroutable."""
        assert resolver is not None
        domain = lane.removeprefix(MX_PREFIX)
        try:
            hosts = _usable(domain, await resolver.mx(domain), helo)
        except NoSuchName as error:
            raise Unroutable(Reply(550, "5.1.2", f"The domain {domain} does not exist"), Fault.RECIPIENT) from error
        except Unanswered as error:
            raise Unroutable(Reply(451, "4.4.3", f"DNS did not say where {domain} takes mail"), Fault.NOBODY) from error
        hops, private, unknown = await self._addresses(hosts, helo, resolver)
        if hops:
            return hops[:MOST_HOPS]
        if unknown:
            reply = Reply(451, "4.4.3", f"DNS did not give the address of {domain}'s mail servers")
            raise Unroutable(reply, Fault.NOBODY)
        if private:
            # A mail must not be a way to talk to what stands behind our firewall, or to ourselves.
            reply = Reply(550, "5.4.4", f"The mail servers of {domain} are not on the public network")
            raise Unroutable(reply, Fault.RECIPIENT)
        raise Unroutable(Reply(550, "5.4.4", f"The mail servers of {domain} do not exist"), Fault.RECIPIENT)

    async def _addresses(self, hosts: Sequence[str], helo: str, resolver: Resolver) -> tuple[list[Hop], bool, bool]:
        hops: list[Hop] = []
        private = unknown = False
        for host in hosts[:MOST_HOPS]:
            try:
                addresses = await resolver.addresses(host)
            except NoSuchName:
                continue
            except Unanswered:
                unknown = True
                continue
            for address in addresses:
                if self.reachable(address):
                    hops.append(Hop(address, self.port, "opportunistic", helo=helo, name=host))
                else:
                    private = True
        return hops, private, unknown

    def reachable(self, address: str) -> bool:
        """True if the address is public, or in a network that is allowed."""
        ip = ip_address(address)
        ip = getattr(ip, "ipv4_mapped", None) or ip  # ::ffff:127.0.0.1 is the loopback too
        public = ip.is_global and not ip.is_multicast
        return public or any(ip in network for network in self.allow if network.version == ip.version)


def _usable(domain: str, records: Sequence[tuple[int, str]], helo: str) -> list[str]:
    """The hosts to try. Those as preferred as ourselves or less are left out, or mail would loop (RFC 5321 5.1)."""
    if not records:
        return [domain]  # the implicit MX
    if all(not host for _, host in records):
        raise Unroutable(Reply(556, "5.1.10", f"The domain {domain} takes no mail (null MX)"), Fault.RECIPIENT)
    own = min((preference for preference, host in records if host == helo.lower()), default=None)
    hosts = [host for preference, host in records if host and (own is None or preference < own)]
    if not hosts:
        raise Unroutable(Reply(550, "5.4.6", f"Mail for {domain} comes back to this server"), Fault.RECIPIENT)
    return hosts


Route = Relay | Mx


def parse(text: str, *, mx_port: int = 25, mx_allow: Sequence[IPv4Network | IPv6Network] = ()) -> Route:
    """A route from POSTROOM_RELAY. Raises RouteRefused.

    `smtp://user:password@host:port?tls=required&rate=30/m&daily=10000&connections=3`, `smtps://…`, or `mx`. User and
    password are percent-encoded. Ports: 25, 587 with a user, 465 for smtps. TLS is required where a password is given
    to another machine, else opportunistic; `tls=none`, `opportunistic` and `required` change that.
    """
    text = text.strip()
    if text == "mx" or text.startswith("mx?"):
        limits = _limits(text.partition("?")[2], ("rate", "daily", "connections"))
        return Mx(mx_port, tuple(mx_allow), limits.rate, limits.daily, limits.connections or MX_CONNECTIONS)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise RouteRefused("the port must be a number up to 65535; percent-encode the password") from error
    if parts.scheme not in ("smtp", "smtps"):
        raise RouteRefused('it must be "smtp://host:port", "smtps://host:port" or "mx"')
    if not parts.hostname or parts.path not in ("", "/") or parts.fragment or port == 0:
        raise RouteRefused("it must name one host, like smtp://relay.example:25; percent-encode the password")
    limits = _limits(parts.query, ("rate", "daily", "connections", "tls"))
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(username) != bool(password):
        raise RouteRefused("it must give both user and password, or neither")
    return Relay(
        parts.hostname,
        port or (465 if parts.scheme == "smtps" else 587 if username else 25),
        _security(parts, limits.tls, username),
        username,
        password,
        limits.rate,
        limits.daily,
        limits.connections or RELAY_CONNECTIONS,
    )


@dataclass(frozen=True, slots=True)
class _Limits:
    rate: float | None = None
    daily: int | None = None
    connections: int | None = None
    tls: str = ""


def _limits(query: str, names: Sequence[str]) -> _Limits:
    readers: dict[str, Callable[[str], object]] = {"rate": _rate, "daily": _count, "connections": _count, "tls": str}
    given: dict[str, object] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in names:
            raise RouteRefused(f'"{name}" is not an option; it may have {", ".join(names)}')
        try:
            given[name] = readers[name](value)
        except ValueError as error:
            raise RouteRefused(f'{name} is {error}, not "{value}"') from error
    return _Limits(**given)  # type: ignore[arg-type]  # each value is of its reader's type


def _rate(text: str) -> float:
    match = _RATE.fullmatch(text)
    if not match or float(match[1]) <= 0:
        raise ValueError("a number of recipients per s, m or h, like 30/m")
    return float(match[1]) / _SECONDS[match[2] or "s"]


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10**9):
        raise ValueError("a whole number above 0")
    return int(text)


def _security(parts: SplitResult, tls: str, username: str) -> Security:
    if parts.scheme == "smtps":
        if tls:
            raise RouteRefused("smtps:// is TLS from the start; leave tls out")
        return "implicit"
    if tls:
        if tls not in _TLS:
            raise RouteRefused(f'tls is one of {", ".join(_TLS)}, not "{tls}"')
        return _TLS[tls]
    return "required" if username and not Hop(parts.hostname or "", 0).loopback else "opportunistic"
