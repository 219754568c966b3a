"""Slack, the database or the relay is not there: mail is taken all the same, and all is said once it can be."""

from __future__ import annotations

import pytest

from store.terms import NoticeKind
from tests.flows.town import PATIENCE, REPORTS, Town, contacts


async def tried(town: Town) -> None:
    """Until the bot has tried to say the report, and could not."""

    async def in_vain() -> bool:
        return any(placement.attempts for placement in await town.placements(NoticeKind.REPORT))

    await town.until(in_vain)


async def reported_once(town: Town, text: str) -> None:
    """Slack is back: the report comes, once, with its final counts, and stays the only one."""
    await town.pocket.control(recover=True)
    shown = await town.pocket.wait_message("ada", "#reports", text, timeout=PATIENCE)
    assert "may repeat" not in town.pocket.text(shown)
    assert [placement.target for placement in await town.placements(NoticeKind.REPORT)] == [REPORTS]

    async def quiet() -> bool:
        return all(placement.shown == placement.wanted for placement in await town.placements(NoticeKind.REPORT))

    await town.until(quiet)
    assert len(await town.shown("relayed to")) == 1


@pytest.mark.parametrize("outage", ["refused", "503", "hang"])
async def test_slack_away_for_the_whole_of_a_post(town: Town, outage: str) -> None:
    group = await town.group("all", contacts(300))
    await town.bridge()
    bot = await town.bot()
    await town.pocket.control(outage=outage, close_sockets="")
    await town.submit(group.address)
    report = await town.finished()
    assert (report.counts["relayed"], town.sink.recipients) == (300, set(contacts(300)))
    if outage != "hang":  # an answer that does not come is still waited for
        await tried(town)
    assert await town.shown("relayed to") == []
    assert bot.running
    await reported_once(town, "relayed to 300 of 300")
    await town.until(town.connected)
    answer = await town.pocket.command("ada", "#general", "/group list")
    assert answer["ok"], answer


async def test_slack_away_when_the_bot_starts(town: Town) -> None:
    group = await town.group("all", contacts(3))
    await town.pocket.control(outage="refused")
    await town.bridge()
    bot = await town.run("bot")
    await bot.says("slack.unreachable")
    await town.submit(group.address)
    await town.finished()
    await tried(town)
    assert await town.shown("relayed to") == []
    await reported_once(town, "relayed to 3 of 3")
    await town.until(town.connected)
    assert await bot.end() == 0
    assert "Traceback" not in bot.log


async def test_the_relay_away_when_the_bridge_starts(town: Town) -> None:
    """Mail is taken; nobody fails; operators are told what is wrong and that it is over."""
    group = await town.group("all", contacts(20))
    await town.sink.stop()
    bridge = await town.bridge()
    await town.bot()
    await town.submit(group.address)
    alarm = await town.pocket.wait_message("ada", "dm", "does not take our mail", timeout=PATIENCE)
    (post,) = await town.posts()
    waiting = await town.report(post.id)
    assert (waiting.counts.get("failed", 0), waiting.counts.get("relayed", 0), waiting.remaining) == (0, 0, 20)
    await town.pocket.wait_message("ada", "#reports", "no contact is at fault", timeout=PATIENCE)
    await town.sink.start(town.sink.port)
    await town.waited()
    report = await town.finished()
    assert (report.counts["relayed"], report.counts.get("failed", 0)) == (20, 0)
    assert (town.sink.recipients, town.sink.extra) == (set(contacts(20)), 0)
    over = await town.pocket.wait_message("ada", "dm", "takes our mail again", timeout=PATIENCE)
    assert over["ts"] == alarm["ts"]
    await town.pocket.wait_message("ada", "#reports", "relayed to 20 of 20", timeout=PATIENCE)
    assert await bridge.end() == 0


async def test_the_relay_back_within_seconds_alarms_nobody(town: Town) -> None:
    group = await town.group("all", contacts(20))
    await town.sink.stop()
    bridge = await town.bridge()
    await town.submit(group.address)
    await bridge.says("hop.failed")
    await town.sink.start(town.sink.port)
    report = await town.finished()
    assert (report.counts["relayed"], report.counts.get("deferred", 0)) == (20, 0)
    assert (town.sink.recipients, town.sink.extra) == (set(contacts(20)), 0)
    assert await town.placements(NoticeKind.LANE_ALARM) == []
