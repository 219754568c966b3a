"""One round of all checks: side by side, each bounded in time, none able to hide another."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from mailbridge import keyring
from mailbridge.deliver import route
from mailbridge.doctor import incoming, outgoing, signing, surroundings
from mailbridge.doctor.names import Names
from mailbridge.doctor.rendering import Press
from mailbridge.keyring import Keyring, KeysRefused
from mailbridge.resolver import Resolver
from mailbridge.settings import BridgeSettings
from mailbridge.tokens import Tokens
from store.engine import Database, utc_clock
from store.findings import Check, Finding

log = structlog.get_logger(__name__)

DNS_SECONDS = 5.0  # for one question: a person waits for the answers
CHECK_SECONDS = 60.0  # for one check, those it waits for included
Tell = Callable[[list[Finding]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Case:
    """What is examined: a process's settings, and what this process has of them at hand.

    `database` is None where it is away, and `away` says why. `listens` says whether the doors of the settings are this
    process's own; `probe` is where a mail is to go, "" for nowhere.
    """

    settings: BridgeSettings
    route: route.Route
    names: Names
    database: Database | None
    away: str = ""
    listens: bool = True
    probe: str = ""
    clock: Callable[[], datetime] = utc_clock

    @classmethod
    def of(cls, settings: BridgeSettings, database: Database | None, **known: Any) -> Case:
        """A case with a resolver of its own. Raises RouteRefused."""
        way = route.parse(settings.relay.get_secret_value(), mx_port=settings.mx_port, mx_allow=settings.mx_allow)
        return cls(settings, way, Names(Resolver(settings.nameservers, lifetime=DNS_SECONDS)), database, **known)


class Round:
    """The checks of one case under way. A check may wait for what another found."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._tasks: dict[Check, asyncio.Task[list[Finding]]] = {}
        self.way = surroundings.Surroundings(case.settings, case.route, case.names, case.probe, case.clock)
        self.keys, self.keys_refused = _keys(case.settings)
        self.identifier = secrets.token_hex(8)

    async def go(self, tell: Tell) -> None:
        """Run every check; `tell` hears of each as it ends, one after the other."""
        self.way.start()
        self._tasks = {check: asyncio.create_task(self._kept(check)) for check in CHECKS}
        try:
            for ended in asyncio.as_completed(self._tasks.values()):
                findings = await ended
                if findings:
                    await tell(findings)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            await self.way.close()

    async def of(self, *checks: Check) -> list[Finding]:
        """What other checks found, once they have."""
        found = await asyncio.gather(*(asyncio.shield(self._tasks[check]) for check in checks))
        return [finding for some in found for finding in some]

    @property
    def press(self) -> Press:
        settings = self.case.settings
        return Press(settings.name, settings.public_url, Tokens(settings.secrets), self.keys)

    async def _kept(self, check: Check) -> list[Finding]:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return await CHECKS[check](self)
        except TimeoutError:
            return [Finding("too_late", str(check), {"seconds": f"{CHECK_SECONDS:g}"}, check)]
        except Exception as error:  # whatever it met, the other checks are told
            log.exception("check.failed", check=str(check))
            return [Finding("failed", str(check), {"error": type(error).__name__}, check)]


def _keys(settings: BridgeSettings) -> tuple[Keyring, tuple[str, ...]]:
    """The keys that sign, and what refuses the start instead."""
    try:
        return keyring.read(settings.dkim_keys, (settings.name, *settings.domains, *settings.published_domains)), ()
    except KeysRefused as refusal:
        return Keyring(), refusal.lines


CHECKS: Mapping[Check, Callable[[Round], Awaitable[list[Finding]]]] = {
    Check.SETTINGS: surroundings.settings,
    Check.DATABASE: surroundings.database,
    Check.HOST: incoming.host,
    Check.MX: incoming.mx,
    Check.SPF: outgoing.spf,
    Check.DKIM: signing.dkim,
    Check.DMARC: signing.dmarc,
    Check.PTR: outgoing.ptr,
    Check.DOOR: incoming.doors,
    Check.TLS: incoming.tls,
    Check.RELAY: outgoing.relay,
    Check.OUTBOUND: outgoing.outbound,
    Check.WEB: incoming.web,
    Check.MAIL: signing.mail,
    Check.CLOCK: surroundings.clock,
    Check.PROBE: outgoing.probe,
}
