"""Chores of the bridge: APScheduler ticks in every process, the database lets one of them run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from mailbridge import keeping, scoring
from store import (
    allowances,
    applying,
    bounces,
    checkups,
    chores,
    compositions,
    ending,
    incidents,
    joining,
    memberships,
    offers,
    proposals,
    repeats,
    sealing,
    strikes,
    workers,
)
from store.engine import Database, Writing
from store.hours import Hours

log = structlog.get_logger()

Job = Callable[[Writing], Awaitable[int]]
Rounds = Callable[[Database], Awaitable[int]]
SEALED_EVERY = timedelta(seconds=5)

CHORES: tuple[tuple[str, timedelta, Job], ...] = (
    ("forget_fingerprints", timedelta(hours=1), repeats.forget),
    ("resume_paused", timedelta(minutes=1), memberships.resume_due),
    ("purge_allowances", timedelta(hours=1), allowances.purge),
    ("forget_unconfirmed", timedelta(hours=1), joining.forget_unconfirmed),
    ("purge_bounces", timedelta(hours=6), bounces.purge),
    ("purge_strikes", timedelta(hours=6), strikes.purge),
    ("purge_incidents", timedelta(hours=6), incidents.purge),
    ("expire_proposals", timedelta(hours=1), proposals.expire),
    ("purge_checkups", timedelta(hours=6), checkups.purge),
    ("purge_compositions", timedelta(hours=6), compositions.purge),
    ("purge_offers", timedelta(hours=6), offers.purge),
    ("erase_deleted", timedelta(hours=1), ending.erase_due),
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


async def go_round(database: Database, name: str, every: timedelta, rounds: Rounds) -> int | None:
    """As `run`, for what takes many transactions. Two processes at it at once do each part once."""
    async with database.writing() as tx:
        if not await chores.claim(tx, name, every):
            return None
    changed = await rounds(database)
    if changed:
        log.info("chore.ran", chore=name, changed=changed)
    return changed


async def seal(database: Database) -> int:
    """Seal the audit; its head is logged, so that it is kept elsewhere, too. Returns how many rows were sealed."""
    sealed = await sealing.seal(database)
    if sealed:
        async with database.reading() as tx:
            count, head = await sealing.head(tx)
        log.info("audit.sealed", rows=sealed, count=count, head=head)
    return sealed


def rounds(
    *, by_domain: bool, retention_days: int, address_days: int, hours: Hours
) -> tuple[tuple[str, timedelta, Rounds], ...]:
    """The chores of many transactions. `by_domain`: letters go straight to MX hosts; `hours`: when people may be rung
    up."""
    return (
        # Before what reminds, so that nobody is asked about what has just ended.
        ("expire_held", timedelta(minutes=1), partial(keeping.expire, by_domain=by_domain)),
        ("expire_requests", timedelta(minutes=1), keeping.expire_requests),
        ("remind_held", timedelta(minutes=1), partial(keeping.remind, hours=hours)),
        ("tell_weeks", timedelta(minutes=1), keeping.tell_weeks),
        ("end_memberships", timedelta(minutes=1), keeping.end_memberships),
        ("remind_endings", timedelta(minutes=5), keeping.remind_endings),
        ("finish_proposals", timedelta(minutes=1), applying.go_on),
        ("empty_messages", timedelta(hours=1), partial(keeping.empty, days=retention_days)),
        ("strip_addresses", timedelta(hours=1), partial(keeping.strip, days=address_days)),
        ("score_bounces", timedelta(minutes=1), partial(scoring.run, by_domain=by_domain)),
        ("warn_bouncing", timedelta(hours=1), partial(scoring.warn, by_domain=by_domain)),
    )


def schedule(
    database: Database, *, by_domain: bool, retention_days: int, address_days: int, hours: Hours
) -> AsyncIOScheduler:
    """A started scheduler with every chore of the bridge; shut it down with `shutdown`."""
    scheduler = AsyncIOScheduler(timezone="UTC")

    def add(chore: Callable[..., Awaitable[int | None]], name: str, every: timedelta, job: Job | Rounds) -> None:
        seconds = min(every, timedelta(minutes=5)).total_seconds()
        scheduler.add_job(chore, "interval", seconds=seconds, args=[database, name, every, job], max_instances=1)

    for name, every, job in CHORES:
        add(run, name, every, job)
    for name, every, many in rounds(
        by_domain=by_domain, retention_days=retention_days, address_days=address_days, hours=hours
    ):
        add(go_round, name, every, many)
    # Not claimed: whoever seals locks the chain's head, and a claim would be a write every few seconds.
    seconds = SEALED_EVERY.total_seconds()
    scheduler.add_job(seal, "interval", seconds=seconds, args=[database], max_instances=1)
    scheduler.start()
    return scheduler
