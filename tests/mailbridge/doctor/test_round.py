"""A round of checks in this process: what fails or hangs is told as that, and hides nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from mailbridge.doctor import round as rounds
from mailbridge.doctor.round import CHECKS, Case, Round
from mailbridge.settings import BridgeSettings
from store.findings import OF_SLACK, Check, Finding
from tests.mailbridge.deliver.nameserver import Nameserver
from tests.mailbridge.doctor.world import World


async def gone(world: World, **known: Any) -> list[Finding]:
    """All that a round tells."""
    found: list[Finding] = []

    async def tell(some: Sequence[Finding]) -> None:
        found.extend(some)

    await Round(case(world, **known)).go(tell)
    return found


def case(world: World, **known: Any) -> Case:
    """The world's settings, without a database and, unless it has one, with a relay that is away."""
    given = {"RELAY": f"smtp://127.0.0.1:{world.free_port()}"} | world.settings
    settings = BridgeSettings.load(**{name.lower(): value for name, value in given.items()})
    return Case.of(settings, None, **known)


class Silent(Nameserver):
    """Hears all and says nothing. `heard_all` is set once each of `wanted` was asked for."""

    def __init__(self, *wanted: str) -> None:
        super().__init__()
        self._wanted = set(wanted)
        self.heard_all = asyncio.Event()

    def _answer(self, wire: bytes, transport: str) -> None:
        super()._answer(wire, transport)
        if self._wanted <= {name for name, _, _ in self.asked}:
            self.heard_all.set()


async def test_a_check_that_fails_of_itself_hides_no_other(world: World) -> None:
    def broken() -> datetime:
        raise OverflowError("this clock ran out")

    found = await gone(world, clock=broken)
    failed = {one.check for one in found if one.name == "failed"}
    assert {Check.TLS, Check.MAIL} <= failed
    assert {"mx_ok", "spf_ok", "dkim_ok", "dmarc_ok", "database_away"} <= {one.name for one in found}
    assert all("OverflowError" in one.found("en") for one in found if one.name == "failed")


async def test_a_check_that_hangs_is_told_in_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "CHECK_SECONDS", rounds.DNS_SECONDS / 2)
    world.settings["DOMAINS"] = "silent.example.org"
    found = await gone(world)
    assert {Check.MX, Check.SPF} <= {one.check for one in found if one.name == "too_late"}
    assert "settings_ok" in {one.name for one in found}  # it asks nobody


async def test_name_servers_that_are_silent_say_nothing_about_port_25(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "DNS_SECONDS", 0.3)
    world.direct()
    nameserver = await Silent().start()
    world.settings["NAMESERVERS"] = nameserver.address
    found = await gone(world)
    nameserver.stop()
    assert Check.OUTBOUND in {one.check for one in found if one.name == "unanswered"}
    assert "outbound_blocked" not in {one.name for one in found}


async def test_silence_about_one_domain_is_not_waited_for_before_the_next_is_asked_about(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "DNS_SECONDS", 600.0)
    monkeypatch.setattr(rounds, "CHECK_SECONDS", 600.0)
    domains = [f"{number}.example.com" for number in range(14)]
    nameserver = await Silent(*(f"{kind}{domain}" for domain in domains for kind in ("", "_dmarc."))).start()
    world.settings |= {"DOMAINS": ",".join(domains), "NAMESERVERS": nameserver.address}
    going = asyncio.create_task(gone(world))
    async with asyncio.timeout(60):
        await nameserver.heard_all.wait()
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)
    nameserver.stop()


async def test_every_check_there_is_has_its_place(world: World) -> None:
    assert set(CHECKS) == set(Check) - OF_SLACK
    assert len(asyncio.all_tasks()) == 1
    await gone(world)
    assert len(asyncio.all_tasks()) == 1  # nothing is left running
