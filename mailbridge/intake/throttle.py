"""How many failed sign-ins are heard before nobody listens: by client network, by address, and by both together.

In memory and each process for itself: it bounds work and noise, while what keeps guessers out is the length of the
passwords. Every table is bounded, and forgets what was touched longest ago.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many failures at once, and then again one every `seconds / failures`."""

    failures: int
    seconds: float


NETWORK = Allowance(20, 600.0)
ADDRESS = Allowance(60, 3_600.0)
KEPT = 10_000  # entries of each table, about a hundred octets each


class Failures:
    """Failures by one kind of key, each leaking away at its allowance's pace."""

    def __init__(self, allowance: Allowance, kept: int) -> None:
        self._allowance = allowance
        self._kept = kept
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def full(self, key: str, now: float) -> bool:
        """Whether one more failure would be too many. `now` is seconds on a clock that only goes on."""
        return self._level(key, now) + 1 > self._allowance.failures

    def add(self, key: str, now: float) -> None:
        """Count a failure."""
        self._levels[key] = (self._level(key, now) + 1, now)
        self._levels.move_to_end(key)
        if len(self._levels) > self._kept:
            self._levels.popitem(last=False)

    def _level(self, key: str, now: float) -> float:
        level, at = self._levels.get(key, (0.0, now))
        return max(0.0, level - (now - at) * self._allowance.failures / self._allowance.seconds)


class Throttle:
    """Whether a try to sign in is worth looking at.

    A name that has signed in from a network before is counted for itself there: neither a botnet that guesses at it
    nor a wrongly set device beside it shuts out the printer that works.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._networks = Failures(NETWORK, kept)
        self._addresses = Failures(ADDRESS, kept)
        self._pairs = Failures(NETWORK, kept)
        self._known: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return max(len(self._networks), len(self._addresses), len(self._pairs), len(self._known))

    def allows(self, name: str, network: str, now: float) -> bool:
        """Whether `name`, as claimed, may try from `network`: the same for names that exist and names that do not."""
        pair = _pair(name, network)
        if pair in self._known:
            return not self._pairs.full(pair, now)
        return not (self._networks.full(network, now) or self._addresses.full(name, now))

    def failed(self, name: str, network: str, now: float) -> None:
        """Count a wrong password, or a name that has none."""
        pair = _pair(name, network)
        if pair in self._known:
            self._pairs.add(pair, now)
            return
        self._networks.add(network, now)
        self._addresses.add(name, now)

    def succeeded(self, name: str, network: str) -> None:
        """Remember that this name signs in from there. Failures stay: who has one password may guess at others."""
        pair = _pair(name, network)
        self._known[pair] = None
        self._known.move_to_end(pair)
        if len(self._known) > self._kept:
            self._known.popitem(last=False)


def _pair(name: str, network: str) -> str:
    return f"{network} {name}"
