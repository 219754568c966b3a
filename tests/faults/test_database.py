"""The database goes away in the middle of a post and comes back: nothing is lost, and what is counted is true."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiosmtplib
import psycopg
import pytest
from sqlalchemy.engine import make_url

from store.locks import WRITE_DEADLINE_SECONDS
from tests.flows.town import Town, contacts

CONTACTS = 1_500
UNSETTLED = 200


@asynccontextmanager
async def outage(town: Town) -> AsyncIterator[None]:
    """PostgreSQL takes no connection and ends those there are; SQLite's lock is somebody else's beyond all patience."""
    url = make_url(town.url)
    if url.get_backend_name() == "sqlite":
        async with town.database.writing():
            yield
        return
    server = f"host={url.query['host']} user=postgres dbname=postgres"
    async with await psycopg.AsyncConnection.connect(server, autocommit=True) as connection:
        name = url.database
        await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        try:
            ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            await connection.execute(ending, [name])
            yield
        finally:
            await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


@pytest.mark.timeout(240)
async def test_the_database_away_in_the_middle_of_a_post(town: Town) -> None:
    town.sink.seconds = 0.02
    group = await town.group("all", contacts(CONTACTS))
    bridge = await town.bridge()
    await town.submit(group.address)
    await town.sink.reaches(300, 90)
    async with outage(town):
        await bridge.says("loop.failed", WRITE_DEADLINE_SECONDS + 60)
        with pytest.raises(aiosmtplib.SMTPException, match=r"4\d\d"):
            await town.submit(group.address)
        assert town.sink.total < CONTACTS, "away too late to tell anything"
    report = await town.finished()
    counts = report.counts
    assert town.sink.recipients == set(contacts(CONTACTS))
    assert (counts["relayed"], counts.get("failed", 0), report.remaining) == (CONTACTS, 0, 0)
    assert town.sink.extra <= counts.get("repeated", 0) <= UNSETTLED
    # The heart beats on: what is mailed later is delivered, and nothing of it twice.
    before = town.sink.extra
    await town.submit(group.address)
    await town.until(town.all_done)
    _, later = await town.posts()
    assert (await town.report(later.id)).counts.get("repeated", 0) == 0
    assert town.sink.extra == before
    assert await bridge.end() == 0


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_ended_while_the_database_is_away(town: Town) -> None:
    """What is not settled is as after a kill: a supervisor that ends the process does not wait for the database."""
    town.sink.seconds = 0.02
    group = await town.group("all", contacts(CONTACTS))
    bridge = await town.bridge()
    await town.submit(group.address)
    await town.sink.reaches(300, 90)
    async with outage(town):
        await bridge.says("loop.failed", WRITE_DEADLINE_SECONDS + 60)
        assert await bridge.end() == 0
    await town.bridge()
    report = await town.finished()
    assert town.sink.recipients == set(contacts(CONTACTS))
    assert (report.counts["relayed"], report.remaining) == (CONTACTS, 0)
    assert town.sink.extra <= report.counts.get("repeated", 0) <= UNSETTLED
