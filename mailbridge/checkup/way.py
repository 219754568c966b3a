"""The way out: which addresses our mail reaches others from, as far as that can be known, and how SPF names them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from mailbridge.providers import Provider

# What no packet from outside reaches (RFC 1918, RFC 6598, RFC 3927, RFC 4193). `is_private` has the networks of
# examples as well, and what is published of those is to be told as it stands.
_INSIDE: Final = tuple(
    ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.168.0.0/16", "::/127", "fc00::/7", "fe80::/10"),
    )
)


@dataclass(frozen=True, slots=True)
class Way:
    """`addresses` are what receivers see (for a provider, an example); `mechanisms` what SPF must say to cover them.

    Empty where they cannot be known: a relay of a private network goes out by an address it alone knows.
    """

    addresses: tuple[str, ...] = ()
    mechanisms: str = ""


def public(addresses: Iterable[str]) -> list[str]:
    """Those of some addresses that others reach, and see."""
    return [text for text in addresses if not any(ip_address(text) in network for network in _INSIDE)]


def is_address(text: str) -> bool:
    """Whether it is an IP address where a name belongs."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def through(provider: Provider) -> Way:
    """Through a provider: its own record says where it sends from, and one address of it stands for all."""
    examples = tuple(str(network[1]) for network in provider.networks[:1])
    return Way(examples, f"include:{provider.include}")


def by(addresses: Sequence[str]) -> Way:
    """By these addresses themselves."""
    ordered = sorted(set(addresses), key=lambda text: (ip_address(text).version, text))
    return Way(tuple(ordered), " ".join(f"ip{ip_address(text).version}:{text}" for text in ordered))


def out(*, provider: Provider | None, relay: Sequence[str] | None, host: Sequence[str], seen: str) -> Way:
    """Our way out. `relay` are the relay's addresses, None where we deliver ourselves; `host` those of our own name;
    `seen` the local address of a connection to the outside, "" where there was none.

    A relay on this machine goes out by this machine's addresses. A name that leads inside (a DNS of the house's own)
    does not say which those are.
    """
    if provider is not None:
        return through(provider)
    if relay is None:
        return by([seen] if seen and ip_address(seen).is_global else public(host))
    if all(ip_address(text).is_loopback for text in relay):
        return by(public(host))
    return by([text for text in relay if not ip_address(text).is_private])
