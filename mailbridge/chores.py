"""Chores of the bridge: APScheduler ticks in every process, the database lets one of them run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from store import bounces, chores, memberships, posts, workers
from store.engine import Database, Writing

log = structlog.get_logger()

Job = Callable[[Writing], Awaitable[int]]

CHORES: tuple[tuple[str, timedelta, Job], ...] = (
    ("forget_fingerprints", timedelta(hours=1), posts.forget_fingerprints),
    ("resume_paused", timedelta(minutes=1), memberships.resume_due),
    ("purge_bounces", timedelta(hours=6), bounces.purge),
    ("forget_workers", timedelta(hours=6), workers.forget),
)


async def run(database: Database, name: str, every: timedelta, job: Job) -> int | None:
    """Run a chore if it is due and no other process took it. Returns how much it changed, or None."""
    async with database.writing() as tx:
        if not await chores.claim(tx, name, every):
            return None
        changed = await job(tx)
    if changed:
        log.info("chore.ran", chore=name, changed=changed)
    return changed


def schedule(database: Database) -> AsyncIOScheduler:
    """A started scheduler with every chore of the bridge; shut it down with `shutdown`."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    for name, every, job in CHORES:
        seconds = min(every, timedelta(minutes=5)).total_seconds()
        scheduler.add_job(run, "interval", seconds=seconds, args=[database, name, every, job], max_instances=1)
    scheduler.start()
    return scheduler
