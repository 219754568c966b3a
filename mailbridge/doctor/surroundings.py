"""What a checkup learns once and several checks go by: our addresses, our way out, what our doors say, the clocks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mailbridge.checkup import clock as clocks
from mailbridge.checkup import setting, way
from mailbridge.checkup.door import Heard, Pair
from mailbridge.checkup.way import Way
from mailbridge.deliver.hop import Hop
from mailbridge.deliver.route import MX_PREFIX, Mx, Relay, Route, Unroutable
from mailbridge.doctor import nexthop, page, talk
from mailbridge.doctor.names import Names, machine
from mailbridge.doctor.rendering import NOBODY
from mailbridge.providers import behind
from mailbridge.rewrite.copy import one_click
from mailbridge.settings import BridgeSettings
from mailbridge.tokens import Tokens
from store import workers
from store.findings import Finding

if TYPE_CHECKING:
    from mailbridge.doctor.round import Round

# Asked for a host to connect to where mail goes straight to MX hosts: somebody always answers there.
OUTSIDE = ("gmail.com", "outlook.com", "yahoo.com")
MOST_NAMED = 16  # trusted addresses whose names are asked for
T = TypeVar("T")


class Surroundings:
    """Each is found out once, at `start`, and waited for by whoever needs it."""

    def __init__(
        self, settings: BridgeSettings, route: Route, names: Names, probe: str, now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._route = route
        self._names = names
        self._probe = probe
        self._now = now
        self._tasks: list[asyncio.Task[Any]] = []

    def start(self) -> None:
        self.host = self._begun(self._names.addresses(self._settings.name))
        self.outside = self._begun(self._outside())
        self.out = self._begun(self._way())
        self.doors = self._begun(self._doors())
        self.web = self._begun(self._web())

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begun(self, job: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(job)
        self._tasks.append(task)
        return task

    @property
    def encrypts(self) -> bool:
        return bool(self._settings.tls_cert)

    async def pair(self) -> Pair | None:
        """The certificate of the settings, from its files."""
        settings = self._settings
        if not settings.tls_cert:
            return None
        try:
            cert = await asyncio.to_thread(Path(settings.tls_cert).read_bytes)
            key = await asyncio.to_thread(Path(settings.tls_key or settings.tls_cert).read_bytes)
        except OSError as error:
            return Pair(problem=f"{error.filename}: {error.strerror}")
        return Pair(cert, key)

    async def _outside(self) -> tuple[str, str]:
        """Our address on the way to the outside and "", or "" and why there is no way.

        ("", "") behind a relay, and where no name server says whom to try.
        """
        if not isinstance(self._route, Mx):
            return "", ""
        domains = ([self._probe.rpartition("@")[2]] if self._probe else []) + list(OUTSIDE)
        found = await asyncio.gather(*(self._first_hop(self._route, domain) for domain in domains))
        hops = [hop for hop in found if hop is not None]
        return await nexthop.outside(hops) if hops else ("", "")

    async def _first_hop(self, route: Mx, domain: str) -> Hop | None:
        try:
            hops = await route.hops(f"{MX_PREFIX}{domain}", self._settings.name, self._names.resolver)
        except Unroutable:
            return None
        return hops[0]

    async def _way(self) -> Way:
        host = await asyncio.shield(self.host) or []
        if not isinstance(self._route, Relay):
            seen, _ = await asyncio.shield(self.outside)
            return way.out(provider=None, relay=None, host=host, seen=seen)
        relay = await machine(self._route.host)
        return way.out(provider=behind(self._route.host), relay=relay, host=host, seen="") if relay else Way()

    async def _doors(self) -> dict[str, Heard]:
        settings = self._settings
        doors = (*settings.smtp_listen, *settings.submission_listen)
        heard = await asyncio.gather(
            *(talk.hear(door, settings.name, proxied=self._proxied(talk.target(door))) for door in doors)
        )
        return dict(zip(map(str, doors), heard, strict=True))

    def _proxied(self, host: str) -> bool:
        """Whether a connection from this address has to say first, as a proxy does, whose it is."""
        try:
            return any(ip_address(host) in network for network in self._settings.proxy_from)
        except ValueError:
            return False

    async def _web(self) -> tuple[list[Finding], float | None]:
        url = self._settings.public_url
        if url is None:
            return [Finding("web_none", "POSTROOM_PUBLIC_URL")], None
        if one_click(url) is None:
            return [Finding("web_plain", url)], None
        return await page.look(url, Tokens(self._settings.secrets).leave(NOBODY), self._names, self._now())


async def settings(round_: Round) -> list[Finding]:
    """Settings that are allowed and unwise; trusted relays by the name of their addresses too."""
    given = round_.case.settings
    single = [one for one in given.trusted_relays if one.num_addresses == 1 and not one.is_private][:MOST_NAMED]
    called = await asyncio.gather(*(round_.case.names.ask(one[0].reverse_pointer, "PTR") for one in single))
    names: dict[str, Sequence[str]] = {str(one[0]): found or () for one, found in zip(single, called, strict=True)}
    return setting.judge(
        mx_allow=given.mx_allow,
        trusted=given.trusted_relays,
        proxies=given.proxy_from,
        names=names,
    )


async def database(round_: Round) -> list[Finding]:
    """Whether the database answers."""
    base = round_.case.database
    if base is None:
        return [Finding("database_away", "POSTROOM_DATABASE_URL", {"problem": round_.case.away})]
    async with base.reading():
        return [Finding("database_ok", base.dialect)]


async def clock(round_: Round) -> list[Finding]:
    """Our clock against the database's, where that may be another machine's, and against the web page's."""
    base, now, others = round_.case.database, round_.case.clock, {}
    if base is not None and base.dialect != "sqlite":
        theirs = await base.bulk(workers.database_now)
        others["PostgreSQL"] = (now() - theirs).total_seconds()
    _, ahead = await asyncio.shield(round_.way.web)
    if ahead is not None:
        others[str(round_.case.settings.public_url)] = ahead
    return clocks.judge(others)
