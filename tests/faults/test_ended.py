"""SIGTERM: what was begun is finished and settled, nothing is said or sent twice, and no process stays behind."""

from __future__ import annotations

import signal
from pathlib import Path

from bot.sandbox.driver import PocketError
from store.terms import NoticeKind
from tests.flows.program import Program
from tests.flows.town import Town, contacts


async def test_the_bridge_ended_politely_in_a_post(town: Town) -> None:
    """Three times: every copy once, and the report counts none as possibly twice."""
    everybody = contacts(1_500)
    town.sink.seconds = 0.01
    group = await town.group("all", everybody)
    bridge = await town.bridge()
    await town.submit(group.address)
    for reached in (150, 500, 900):
        await town.sink.reaches(reached, 90)
        assert await bridge.end() == 0
        assert "Traceback" not in bridge.log, bridge.log
        assert town.sink.total < len(everybody), "ended too late to tell anything"
        (post,) = await town.posts()
        counts = (await town.report(post.id)).counts
        assert counts["relayed"] == town.sink.total, "what the relay took is settled before the process ends"
        bridge = await town.bridge()
    report = await town.finished()
    assert town.sink.recipients == set(everybody)
    assert (town.sink.extra, report.counts["relayed"], report.counts.get("repeated", 0)) == (0, 1_500, 0)


async def test_the_bot_ended_politely_in_its_outbox(town: Town) -> None:
    """Eight cards to two people each, three times the bot is ended among them: each card stands once.

    Slack takes a message a second in a conversation, so that there is something left to say each time.
    """
    cards_sent = 8
    await town.pocket.control(tiers=True, post_burst=1)
    group = await town.group("all", contacts(1))
    await town.bridge()
    for number in range(cards_sent):
        answer = await town.pocket.compose(
            "eve@example.net", group.address, f"Offer {number:02d}", "Cheap!\n", verdict="stranger"
        )
        assert answer["ok"], answer

    async def cards(person: str) -> list[str]:
        try:
            messages = await town.pocket.messages(person, "dm")
        except PocketError:  # no direct message yet
            return []
        return [text for text in map(town.pocket.text, messages) if "waits for a decision" in text]

    async def more() -> bool:
        return len(await cards("ada")) + len(await cards("grace")) > seen

    for _ in range(3):
        bot = await town.run("bot")
        seen = len(await cards("ada")) + len(await cards("grace"))
        await town.until(more)
        assert await bot.end() == 0
        assert "Traceback" not in bot.log, bot.log
        states = {placement.state for placement in await town.placements(NoticeKind.HELD_CARD)}
        assert states == {"waiting"}, "what was being posted is settled"
    assert len(await cards("ada")) + len(await cards("grace")) < 2 * cards_sent, "ended too late to tell anything"
    await town.bot()

    async def said() -> bool:
        return all(placement.shown == placement.wanted for placement in await town.placements(NoticeKind.HELD_CARD))

    await town.until(said)
    for person in ("ada", "grace"):
        texts = await cards(person)
        found = [number for text in texts for number in range(cards_sent) if f"Offer {number:02d}" in text]
        assert sorted(found) == [*range(cards_sent)]
        assert not any("may repeat" in text for text in texts)


async def test_the_demo_leaves_no_process_behind(tmp_path: Path) -> None:
    """Ctrl-C in the middle of the tour."""
    demo = await Program.start(tmp_path, {}, "bot.sandbox.demo", "--tour")
    try:
        await demo.says("2. A person asks to join")
        children = children_of(demo.pid)
        assert len(children) == 3
        demo.send(signal.SIGINT)
        assert await demo.ended() == 130
    finally:
        await demo.kill()
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []
    assert demo.lines[-1] == "Everything has ended."


def children_of(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    return [int(word) for path in Path(f"/proc/{pid}/task").glob("*/children") for word in path.read_text().split()]
