"""The way out: which addresses our mail reaches others from, as far as that can be known, and how SPF names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from mailbridge.providers import Provider


@dataclass(frozen=True, slots=True)
class Way:
    """`addresses` are what receivers see (for a provider, an example); `mechanisms` what SPF must say to cover them.

    Empty where they cannot be known: a relay of a private network goes out by an address it alone knows.
    """

    addresses: tuple[str, ...] = ()
    mechanisms: str = ""


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

    A relay on this machine goes out by this machine's addresses.
    """
    if provider is not None:
        return through(provider)
    if relay is None:
        return by([seen] if seen and ip_address(seen).is_global else host)
    if all(ip_address(text).is_loopback for text in relay):
        return by(host)
    public = [text for text in relay if not ip_address(text).is_private]
    return by(public)
