"""Checkups asked for in Slack: one process of the bridge takes each, and tells what it finds as it finds it."""

from __future__ import annotations

import structlog

from mailbridge.doctor.round import Case, Round
from mailbridge.settings import BridgeSettings
from store import checkups
from store.engine import Database
from store.findings import Finding
from store.signal import POLL_SECONDS, Topic

log = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0  # between looks that nobody asked for


async def serve(database: Database, settings: BridgeSettings, *, listens: bool) -> None:
    """Until cancelled. `listens` says whether this process is the one that takes mail."""
    with database.signal.ear(Topic.CHECKUP) as ear:
        while True:
            while await once(database, settings, listens=listens):
                pass
            waited = 0.0
            while waited < LOOK_SECONDS and not await ear.wait():
                waited += POLL_SECONDS


async def once(database: Database, settings: BridgeSettings, *, listens: bool) -> bool:
    """Run the checkup that waits, if one does. True if there was one."""
    async with database.reading() as tx:
        if not await checkups.waits(tx):  # a look costs nobody the lock
            return False
    async with database.writing() as tx:
        checkup = await checkups.claim(tx)
    if checkup is None:
        return False
    checkup_id = checkup.id
    assert checkup_id is not None
    log.info("checkup.begun", checkup=checkup_id)

    async def tell(found: list[Finding]) -> None:
        async with database.writing() as tx:
            await checkups.tell(tx, checkup_id, found)

    case = Case.of(settings, database, listens=listens, probe=checkup.probe, clock=database.clock)
    await Round(case).go(tell)
    async with database.writing() as tx:
        await checkups.finish(tx, checkup_id)
    log.info("checkup.done", checkup=checkup_id)
    return True
