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
from store.findings import Check, Finding
from tests.mailbridge.doctor.world import World


async def gone(world: World, **known: Any) -> list[Finding]:
    """All that a round tells."""
    world.settings |= {"RELAY": f"smtp://127.0.0.1:{world.free_port()}"}
    settings = BridgeSettings.load(**{name.lower(): value for name, value in world.settings.items()})
    found: list[Finding] = []

    async def tell(some: Sequence[Finding]) -> None:
        found.extend(some)

    await Round(Case.of(settings, None, **known)).go(tell)
    return found


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


async def test_every_check_there_is_has_its_place(world: World) -> None:
    assert set(CHECKS) == set(Check)
    assert len(asyncio.all_tasks()) == 1
    await gone(world)
    assert len(asyncio.all_tasks()) == 1  # nothing is left running
