"""Processes killed with SIGKILL, at the worst moments: nothing is lost, little comes twice, reports tell the truth."""

from __future__ import annotations

import pytest

from store.terms import NoticeKind
from tests.flows.town import REPORTS, Town, contacts

CONTACTS = 5_000
UNSETTLED = 200  # POSTROOM_MAX_UNSETTLED's default: what one death may send again


@pytest.mark.timeout(300)
async def test_bridge_killed_three_times_in_a_post(town: Town) -> None:
    everybody = contacts(CONTACTS)
    group = await town.group("all", everybody)
    bridge = await town.bridge()
    await town.submit(group.address)
    kills = (700, 2_000, 3_300)
    for reached in kills:
        await town.sink.reaches(reached, 90)
        await bridge.kill()
        assert town.sink.total < CONTACTS, "killed too late to tell anything"
        bridge = await town.bridge()
    report = await town.finished()
    assert town.sink.recipients == set(everybody)
    assert len(town.sink.taken) == CONTACTS, "one Message-ID for each recipient, both times"
    assert town.sink.extra <= UNSETTLED * len(kills)
    assert (report.expected, report.counts["relayed"]) == (CONTACTS, CONTACTS)
    assert (report.remaining, report.counts.get("failed", 0)) == (0, 0)
    assert town.sink.extra <= report.counts.get("repeated", 0) <= UNSETTLED * len(kills)
    assert [placement.target for placement in await town.placements(NoticeKind.REPORT)] == [REPORTS]
    assert await bridge.end() == 0
