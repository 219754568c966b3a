"""DNS for whoever needs it: bounded in time and memory, and clear about no such name against no answer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

from mailbridge.doors import nameserver

LIFETIME = 10.0  # seconds a question may take, all its nameservers and tries together
KEPT = 10_000
LONGEST_TTL = 3600.0
SHORTEST_TTL = 1.0
NEGATIVE_TTL = 60.0

_READERS: Mapping[str, Callable[[Any], Any]] = {
    "A": lambda record: record.address,
    "AAAA": lambda record: record.address,
    "MX": lambda record: (record.preference, record.exchange.to_text(omit_final_dot=True).lower().rstrip(".")),
    "PTR": lambda record: record.target.to_text(omit_final_dot=True).lower(),
    "TXT": lambda record: b"".join(record.strings),
}


class NoSuchName(Exception):  # noqa: N818 - an answer
    """NXDOMAIN, or a text that is no domain name: it does not exist, and asking again will not help today."""


class Unanswered(Exception):  # noqa: N818 - an answer
    """Time-out, SERVFAIL, a loop of CNAMEs or nonsense: nothing is known; ask again later."""


@dataclass(frozen=True, slots=True)
class _Known:
    until: float
    records: tuple[object, ...] | None  # None: no such name


class Resolver:
    """Questions to the given nameservers, or the machine's own. Answers are kept for their TTL, at most an hour.

    `clock` gives seconds that never go back; the event loop's by default.
    """

    def __init__(
        self, nameservers: Sequence[str] = (), *, lifetime: float = LIFETIME, clock: Callable[[], float] | None = None
    ) -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=not nameservers)
        if nameservers:
            self._resolver.nameservers = [dns.nameserver.Do53Nameserver(*nameserver(text)) for text in nameservers]
        self._resolver.timeout = min(2.0, lifetime / 3)  # for one nameserver, before the next is asked
        self._lifetime = lifetime
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self._asking: dict[tuple[str, str], asyncio.Task[_Known]] = {}

    async def mx(self, domain: str) -> list[tuple[int, str]]:
        """(preference, host) pairs by preference, as many as the domain has, "" for the root (a null MX, RFC 7505).

        Empty if the name exists without any. Raises NoSuchName, Unanswered.
        """
        return sorted(await self.lookup(domain, "MX"))

    async def addresses(self, host: str) -> list[str]:
        """IPv6 and IPv4 addresses of a host; empty if the name exists without any. Raises NoSuchName, Unanswered."""
        answers = await asyncio.gather(self._ask(host, "AAAA"), self._ask(host, "A"), return_exceptions=True)
        found = [record.address for answer in answers if not isinstance(answer, BaseException) for record in answer]  # type: ignore[attr-defined]  # A and AAAA records
        failures = [answer for answer in answers if isinstance(answer, BaseException)]
        if not found and failures:
            # Half an answer is no proof of absence: Unanswered weighs more than NoSuchName.
            raise min(failures, key=lambda failure: isinstance(failure, NoSuchName))
        return found

    async def txt(self, name: str) -> list[bytes]:
        """TXT records, the strings of each joined; empty if there are none. Raises NoSuchName, Unanswered."""
        return list(await self.lookup(name, "TXT"))

    async def lookup(self, name: str, kind: str) -> tuple[Any, ...]:
        """Records of one kind: addresses and names as text, MX as (preference, host), TXT as joined octets.

        Raises NoSuchName, Unanswered.
        """
        return tuple(_READERS[kind](record) for record in await self._ask(name, kind))

    async def _ask(self, name: str, kind: str) -> tuple[object, ...]:
        key = (name.lower().rstrip("."), kind)
        now = self._now()
        known = self._kept.get(key)
        if known is None or known.until <= now:
            known = await self._once(key)
        if known.records is None:
            raise NoSuchName(f"{name} does not exist")
        return known.records

    async def _once(self, key: tuple[str, str]) -> _Known:
        """One question on the wire, however many ask it at once."""
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._query(*key))
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        known = await asyncio.shield(task)
        self._kept[key] = known
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return known

    async def _query(self, name: str, kind: str) -> _Known:
        try:
            async with asyncio.timeout(self._lifetime + 1):
                answer = await self._resolver.resolve(
                    dns.name.from_text(name), kind, raise_on_no_answer=False, search=False, lifetime=self._lifetime
                )
        except (dns.resolver.NXDOMAIN, dns.name.BadLabelType, dns.name.LabelTooLong, dns.name.EmptyLabel):
            return _Known(self._now() + NEGATIVE_TTL, None)
        except (dns.name.NameTooLong, dns.name.BadEscape, UnicodeError):
            return _Known(self._now() + NEGATIVE_TTL, None)
        except (dns.exception.DNSException, OSError, TimeoutError) as error:
            raise Unanswered(f"no answer about {name} {kind}: {type(error).__name__}") from error
        if answer.rrset is None:
            return _Known(self._now() + NEGATIVE_TTL, ())
        ttl = min(max(float(answer.rrset.ttl), SHORTEST_TTL), LONGEST_TTL)
        return _Known(self._now() + ttl, tuple(answer.rrset))

    def _now(self) -> float:
        return self._clock() if self._clock is not None else asyncio.get_running_loop().time()
