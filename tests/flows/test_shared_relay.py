"""Several delivering processes on one database keep the limits of the one relay together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlmodel import select

from store.schema.post import Tally
from store.schema.worker import Worker
from tests.flows.sink import CountingSink
from tests.flows.town import Town, contacts


class PeakSink(CountingSink):
    """Notes how many connections it had at once."""

    open = 0
    peak = 0

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.peak = max(self.peak, self.open)
        try:
            await super()._connected(reader, writer)
        finally:
            self.open -= 1


@pytest.fixture
async def relay(town: Town) -> AsyncIterator[PeakSink]:
    """Takes the place of the town's next hop; a copy takes it 20 ms."""
    sink = PeakSink(seconds=0.02)
    await sink.start()
    town.sink, first = sink, town.sink
    await first.stop()
    yield sink
    await sink.stop()


async def test_two_bridges_hold_no_more_connections_than_the_relay_allows(town: Town, relay: PeakSink) -> None:
    town.relay = "tls=none&connections=3"
    everybody = contacts(200)
    group = await town.group("all", everybody)
    intake = await town.run("mailbridge", "--role", "intake")
    few = {"POSTROOM_MAX_UNSETTLED": "20"}  # so that neither takes the whole post at once
    both = [await town.run("mailbridge", "--role", "deliver", **few) for _ in range(2)]
    for program in (intake, *both):
        await program.says("bridge.started")

    async def both_live() -> bool:
        async with town.database.reading() as tx:
            return len((await tx.exec(select(Worker.id))).all()) == len(both)

    await town.until(both_live)
    await town.submit(group.address)
    report = await town.finished()
    assert (report.expected, report.counts["relayed"]) == (200, 200)
    assert relay.recipients == set(everybody)
    assert relay.extra == 0
    assert relay.peak == 3
    async with town.database.reading() as tx:
        workers = set((await tx.exec(select(Tally.worker_id).where(Tally.outcome == "relayed", Tally.n > 0))).all())
    assert len(workers) == 2, "both took part"
