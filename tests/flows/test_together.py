"""Bot and bridge at work at once on one database: ten thousand copies go out while people click and type."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bot.views.ids import Action
from tests.flows.program import Program
from tests.flows.town import PATIENCE, Town, contacts

CONTACTS = 10_000
BUSY = ("database is locked", "DatabaseBusy", "Traceback")


@pytest.fixture
async def relay(town: Town, free_port: Callable[[], int]) -> AsyncIterator[Program]:
    """A counting next hop in a process of its own, so that it is not in Slack's way."""
    port = free_port()
    program = await Program.start(town.folder, {}, "tests.bench.countsink", str(port), str(CONTACTS))
    await program.says("ready")
    town.sink.port = port
    yield program
    await program.kill()


def done(town: Town, verb: str, times: int) -> Callable[[], Awaitable[bool]]:
    """Whether it was done so many times: what people do is acknowledged first, and carried out then."""

    async def holds() -> bool:
        return (await town.verbs()).count(verb) == times

    holds.__name__ = verb
    return holds


async def test_clicks_are_answered_while_a_large_post_goes_out(town: Town, relay: Program) -> None:
    """Slack gives the bot 3 s for each; what it does not acknowledge by then is shown to the person as a failure."""
    pocket = town.pocket
    group = await town.group("all", contacts(CONTACTS), moderation_channel="C0MODERATORS")
    small = await town.group("small", contacts(1), moderation_channel="C0MODERATORS")
    bridge, bot = await town.bridge(), await town.bot()
    await town.submit(group.address)
    rounds = 0
    while not await town.all_done():
        rounds += 1
        answers = [
            await pocket.open_home("ada"),
            await pocket.command("ada", "#general", f"/group settings {small.address} display_name Small {rounds}"),
            await pocket.command("margaret", "#general", f"/group join {small.address} Round {rounds}."),
        ]
        await pocket.wait_message("grace", "#moderators", f"Round {rounds}.", timeout=PATIENCE)
        answers.append(await pocket.click("grace", Action.REQUEST_APPROVE, channel="#moderators"))
        await town.until(done(town, "request.approved", rounds))
        answers.append(await pocket.command("ada", "#general", f"/group remove {small.address} margaret@example.org"))
        assert all(answer["ok"] for answer in answers), answers
        await town.until(done(town, "membership.removed", rounds))
    assert rounds > 1, "the post was gone before anybody could do anything"
    assert await relay.ended() == 0
    assert json.loads(relay.lines[-1])["distinct"] == CONTACTS
    report = await town.finished()
    assert (report.counts["relayed"], report.counts.get("repeated", 0)) == (CONTACTS, 0)
    verbs = await town.verbs()
    assert [verbs.count(verb) for verb in ("request.approved", "group.changed")] == [rounds, rounds]
    for program in (bot, bridge):
        assert await program.end() == 0
        assert not [word for word in BUSY if word in program.log], program.log
