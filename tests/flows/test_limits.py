"""A relay's limits, those it told us and those it keeps to itself: nobody fails for them, and the report says when."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta

from store.terms import NoticeKind
from tests.flows.town import PATIENCE, Town, contacts

REFUSAL = "554 5.2.0 Daily sending limit exceeded"
A_COPY = 2.0  # seconds, at 30 a minute


def moments(text: str) -> list[datetime]:
    """The times in a message, which Slack would show in each reader's zone."""
    return [datetime.fromtimestamp(int(epoch), UTC) for epoch in re.findall(r"<!date\^(\d+)\^", text)]


async def test_thirty_a_minute_and_a_daily_limit_nobody_told_us_of(town: Town) -> None:
    people = contacts(8)
    offered: list[float] = []
    clock = asyncio.get_running_loop().time
    daily = 3

    def script(stage: str, recipients: list[str]) -> str | None:
        if stage != "dot":
            return None
        offered.append(clock())
        return REFUSAL if town.sink.total >= daily else None

    town.sink.script = script
    town.relay = "tls=none&rate=30/m"
    group = await town.group("all", people)
    await town.bridge()
    await town.bot()
    began = clock()
    await town.submit(group.address)
    shown = await town.pocket.wait_message("ada", "#reports", "no contact is at fault", timeout=PATIENCE)
    text = town.pocket.text(shown)
    assert "relayed to 3 of 8" in text
    assert "failed" not in text
    assert min(moments(text)) > datetime.now(UTC) - timedelta(minutes=5)
    alarm = await town.pocket.wait_message("ada", "dm", "does not take our mail", timeout=PATIENCE)
    assert "5.2.0" in town.pocket.text(alarm)
    (post,) = await town.posts()
    counts = (await town.report(post.id)).counts
    assert (counts["relayed"], counts.get("failed", 0), town.sink.total) == (3, 0, 3)
    daily = 1_000
    await town.waited()
    report = await town.finished()
    assert (report.counts["relayed"], report.counts.get("failed", 0), report.remaining) == (8, 0, 0)
    assert (town.sink.recipients, town.sink.extra) == (set(people), 0)
    assert await town.placements(NoticeKind.POST_ALARM) == []
    await town.pocket.wait_message("ada", "#reports", "relayed to 8 of 8", timeout=PATIENCE)
    # Never faster than was allowed; a busy machine is only ever slower.
    assert all(at - began > A_COPY * number - 0.5 for number, at in enumerate(offered)), offered


async def test_a_daily_limit_of_the_settings_waits_for_the_next_days(town: Town) -> None:
    people = contacts(25)
    town.relay = "tls=none&daily=10"
    group = await town.group("all", people)
    await town.bridge()
    await town.bot()
    await town.submit(group.address)
    shown = await town.pocket.wait_message("ada", "#reports", "relayed to 10 of 25", timeout=PATIENCE)
    text = town.pocket.text(shown)
    assert "limit is reached" in text
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert midnight + timedelta(days=2) in moments(text), "ten tomorrow, the last five the day after"
    assert town.sink.total == 10
    for reached in (20, 25):
        await town.waited(next_day=True)
        await town.sink.reaches(reached, PATIENCE)
    report = await town.finished()
    assert (report.counts["relayed"], report.counts.get("failed", 0)) == (25, 0)
    assert (town.sink.recipients, town.sink.extra, town.sink.total) == (set(people), 0, 25)
    assert await town.placements(NoticeKind.LANE_ALARM) == []
