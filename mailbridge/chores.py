"""Chores of the bridge: APScheduler ticks in every process, the database lets one of them run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlmodel import col, delete, update

from store import bounces, chores
from store.engine import Database, Writing
from store.schema.membership import Membership
from store.schema.post import Post
from store.schema.worker import Worker
from store.terms import Receiving

log = structlog.get_logger()

REPEATS_FOR = timedelta(days=5)  # how long a repeat of a message is known (DESIGN: a lost 250)
WORKERS_FOR = timedelta(days=1)
Job = Callable[[Writing], Awaitable[int]]


async def forget_fingerprints(tx: Writing) -> int:
    """A repeat later than this is a new post."""
    old = update(Post).where(col(Post.fingerprint).is_not(None), col(Post.created_at) < tx.now - REPEATS_FOR)
    return (await tx.exec(old.values(fingerprint=None))).rowcount


async def resume_paused(tx: Writing) -> int:
    """Contacts whose pause is over receive again."""
    over = update(Membership).where(
        col(Membership.receiving) == Receiving.PAUSED, col(Membership.paused_until) <= tx.now
    )
    return (await tx.exec(over.values(receiving=Receiving.ON, paused_until=None))).rowcount


async def forget_workers(tx: Writing) -> int:
    """Rows of workers long dead."""
    return (await tx.exec(delete(Worker).where(col(Worker.dead_at) < tx.now - WORKERS_FOR))).rowcount


CHORES: tuple[tuple[str, timedelta, Job], ...] = (
    ("forget_fingerprints", timedelta(hours=1), forget_fingerprints),
    ("resume_paused", timedelta(minutes=1), resume_paused),
    ("purge_bounces", timedelta(hours=6), bounces.purge),
    ("forget_workers", timedelta(hours=6), forget_workers),
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
