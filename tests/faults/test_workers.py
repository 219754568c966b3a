"""Two delivering processes on one database: what one held when it died, or froze, the other delivers."""

from __future__ import annotations

import signal

import pytest
from sqlmodel import col, func, select

from store.schema.delivery import Delivery
from store.schema.worker import Worker
from store.terms import DeliveryState
from tests.flows.program import Program
from tests.flows.town import Town, contacts

CONTACTS = 1_000
UNSETTLED = 200


async def claims(town: Town) -> dict[int, int]:
    """How many copies each process holds, by its process id."""
    async with town.database.reading() as tx:
        query = select(Worker.pid, func.count()).join(Delivery, col(Delivery.worker_id) == col(Worker.id))
        query = query.where(col(Delivery.state) == DeliveryState.CLAIMED).group_by(col(Worker.pid))
        return {int(pid): int(n) for pid, n in (await tx.exec(query)).all()}


async def both_at_work(town: Town) -> tuple[Program, Program]:
    """A post in delivery, every answer of the relay outstanding: two workers that hold all that they may."""
    group = await town.group("all", contacts(CONTACTS))
    town.relay = "tls=none&connections=8"
    await town.bridge("--role", "intake")
    first, second = await town.bridge("--role", "deliver"), await town.bridge("--role", "deliver")
    town.sink.answering.clear()
    await town.submit(group.address)

    async def both() -> bool:
        return await claims(town) == {first.pid: UNSETTLED, second.pid: UNSETTLED}

    await town.until(both)
    return first, second


async def test_what_a_killed_worker_held_the_other_delivers(town: Town) -> None:
    first, second = await both_at_work(town)
    await first.kill()
    town.sink.answering.set()
    report = await town.finished()
    assert town.sink.recipients == set(contacts(CONTACTS))
    assert (report.counts["relayed"], report.counts["repeated"], report.remaining) == (CONTACTS, UNSETTLED, 0)
    assert town.sink.extra <= UNSETTLED
    assert await second.end() == 0


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_worker_that_was_frozen_changes_nothing_when_it_wakes(town: Town) -> None:
    """Its heart has not beaten for 20 s, so the other has delivered what it held; what it reports then is late."""
    first, second = await both_at_work(town)
    first.send(signal.SIGSTOP)
    town.sink.answering.set()
    report = await town.finished()
    assert (report.counts["relayed"], report.counts["repeated"]) == (CONTACTS, UNSETTLED)
    first.send(signal.SIGCONT)
    await first.says("worker.fenced")
    await town.submit((await town.posts())[0].policy["address"])  # type: ignore[index]  # it was accepted
    await town.until(town.all_done)
    once, after = [await town.report(post.id) for post in await town.posts()]
    assert once.counts == report.counts
    assert (after.counts["relayed"], after.counts.get("repeated", 0)) == (CONTACTS, 0)
    assert town.sink.recipients == set(contacts(CONTACTS))
    assert town.sink.extra <= UNSETTLED
    for program in (first, second):
        assert await program.end() == 0


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_worker_that_slept_claims_nothing_in_its_old_life(town: Town) -> None:
    """The machine slept, and the bot has declared the only worker dead: what it took then, nobody would free."""
    group = await town.group("all", contacts(300))
    await town.bridge("--role", "intake")
    worker = await town.bridge("--role", "deliver")
    await town.bot()
    worker.send(signal.SIGSTOP)

    async def buried() -> bool:
        async with town.database.reading() as tx:
            return (await tx.exec(select(Worker.dead_at).where(Worker.pid == worker.pid))).one() is not None

    await town.until(buried)
    await town.submit(group.address)
    worker.send(signal.SIGCONT)
    await worker.says("worker.fenced")
    report = await town.finished()
    assert (report.counts["relayed"], report.counts.get("repeated", 0)) == (300, 0)
    assert (town.sink.recipients, town.sink.extra) == (set(contacts(300)), 0)
    assert await worker.end() == 0
