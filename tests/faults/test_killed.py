"""Processes killed with SIGKILL, at the worst moments: nothing is lost, little comes twice, reports tell the truth."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiosmtplib
import pytest
from sqlmodel import select

from store.schema.delivery import Delivery
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


async def test_what_had_its_250_is_never_lost(town: Town) -> None:
    """A stream of posts while the bridge is killed: what was answered arrives, and a repeated mail is one post."""
    everybody = contacts(3)
    group = await town.group("all", everybody)
    bridge = await town.bridge()
    accepted: list[str] = []
    repeats = 0

    async def stream() -> None:
        nonlocal repeats
        for number in range(60):
            raw = town.mail(group.address)
            while True:
                try:
                    await town.submit(group.address, raw)
                    break
                except (aiosmtplib.SMTPException, OSError):
                    repeats += 1  # no 250 was seen: it is mailed again, as every mail server does
                    await town.until(town.listens)
            accepted.append(f"<story-{number + 1}@example.org>")

    mailing = asyncio.create_task(stream())
    for count in (10, 25, 40):
        while len(accepted) < count:
            await asyncio.sleep(0.001)
        await bridge.kill()
        bridge = await town.bridge()
    await mailing
    await town.until(town.all_done)
    assert repeats, "no kill met a session"
    assert set(town.sink.taken) == {(recipient, mail) for recipient in everybody for mail in accepted}
    assert len(await town.posts()) == 60


async def test_bot_killed_while_it_reports(town: Town) -> None:
    """Each time a report was posted or redrawn the bot dies: one message, and in the end with the true counts."""
    everybody = contacts(600)
    town.relay = "tls=none&rate=40"
    group = await town.group("all", everybody)
    await town.bridge()
    bot = await town.bot()
    await town.submit(group.address)
    seen: list[str] = []

    async def shown_anew() -> bool:
        now = await town.shown("relayed to")
        if now == seen:
            return False
        seen[:] = now
        return True

    for _ in range(3):
        await town.until(shown_anew)
        await bot.kill()
        assert not await town.all_done(), "killed too late to tell anything"
        bot = await town.bot()
    await town.finished()

    async def complete() -> bool:
        return bool(await town.shown("relayed to 600 of 600"))

    await town.until(complete)
    assert len(await town.shown("relayed to")) == 1
    assert len(await town.placements(NoticeKind.REPORT)) == 1
    assert town.sink.recipients == set(everybody)
    assert town.sink.extra == 0
    assert await bot.end() == 0


@asynccontextmanager
async def uncommitting(town: Town) -> AsyncIterator[None]:
    """Nobody else can settle anything: who tries waits, as for a disk that has stalled."""
    async with town.database.writing() as tx:  # on SQLite this alone is the one writer's lock
        if tx.dialect == "postgresql":
            await (await tx.connection()).exec_driver_sql("LOCK TABLE delivery IN EXCLUSIVE MODE")
        yield


async def test_killed_between_the_relays_250_and_our_commit(town: Town) -> None:
    """The one moment in which a copy can come twice: it does, with the same Message-ID, and the report says so."""
    everybody = contacts(20)
    group = await town.group("all", everybody)
    bridge = await town.bridge()
    town.sink.answering.clear()
    await town.submit(group.address)

    async def asked() -> bool:
        return town.sink.asked > 0

    await town.until(asked)
    async with uncommitting(town):
        town.sink.answering.set()
        await town.sink.reaches(20, 60)
        await bridge.kill()
    (post,) = await town.posts()
    assert (await town.report(post.id)).counts.get("relayed", 0) == 0, "it was settled, so this tells nothing"
    await town.bridge()
    report = await town.finished()
    assert town.sink.taken == Counter({(recipient, "<story-1@example.org>"): 2 for recipient in everybody})
    assert (report.counts["relayed"], report.counts["repeated"], report.remaining) == (20, 20, 0)
    async with town.database.reading() as tx:
        assert (await tx.exec(select(Delivery.repeated))).all() == [True] * 20
