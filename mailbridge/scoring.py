"""Scoring: the shell around `bounce.score`. Looks at what came back, contact by contact, and does what follows.

Each contact is a transaction of its own, so that nothing waits for many.
"""

from __future__ import annotations

import structlog

from mailbridge.bounce import score
from store import bouncing, incidents, storms, strikes
from store.engine import Database, Writing
from store.schema.incident import Incident, Strike
from store.terms import BounceReason, BounceScore

_log = structlog.get_logger(__name__)
AT_ONCE = 500  # contacts looked at in one run


async def run(database: Database, *, by_domain: bool) -> int:
    """Look at the strikes that are due. Returns how many were looked at."""
    await _storms(database)
    for count in range(AT_ONCE):
        async with database.writing() as tx:
            strike = await strikes.next_due(tx, tx.now - score.SETTLING)
            if strike is None:
                return count
            counted = await _held_against(tx, strike, by_domain=by_domain)
            await strikes.looked_at(tx, strike, counted=counted)
    return AT_ONCE


async def _storms(database: Database) -> None:
    async with database.reading() as tx:
        shares = await storms.shares(tx, await strikes.posts_waiting(tx))
    for post_id, (back, copies) in shares.items():
        if score.storm(back, copies):
            async with database.writing() as tx:
                begun = await storms.begin(tx, post_id)
            if begun:
                _log.warning("post.stormed", post=post_id, back=back, copies=copies)


async def _held_against(tx: Writing, strike: Strike, *, by_domain: bool) -> bool:
    """Count a strike against its contact, if it says something of them. Returns whether it did."""
    reason = BounceReason(strike.reason)
    if not reason.counts or await storms.holds(tx, strike):
        return False
    row = await bouncing.contact(tx, strike.membership_id)
    if row is None:
        return False
    assert row.id is not None
    incident = (await incidents.of(tx, [row.id])).get(row.id)
    if strike.post_id is None:
        return await _suspended(tx, incident, reason)
    before = BounceScore(incident.points, incident.day) if incident else BounceScore()
    after = score.bounced(before, strike.created_at.date())
    if after == before:
        return False
    probed = score.probed(after)
    incident = await incidents.score(tx, row, probed or after, reason)
    if probed is not None:
        await bouncing.probe(tx, incident, by_domain=by_domain)
        _log.info("membership.probed", membership=row.id, group=row.group_id, reason=reason)
    return True


async def _suspended(tx: Writing, incident: Incident | None, reason: BounceReason) -> bool:
    # A probe whose incident is over asked about a mailbox that has been taken up again since.
    if (
        incident is None
        or incident.probed_at is None
        or not await bouncing.suspend(tx, incident, reason, score.removal(0, tx.now))
    ):
        return False
    _log.info("membership.bouncing", membership=incident.membership_id, group=incident.group_id, reason=reason)
    return True


async def warn(database: Database, *, by_domain: bool) -> int:
    """Warn or remove the suspended contacts who are due. Returns how many were."""
    async with database.reading() as tx:
        due = await incidents.suspended(tx, tx.now - score.APART, AT_ONCE)
    for incident_id in due:
        async with database.writing() as tx:
            await _next(tx, incident_id, by_domain=by_domain)
    return len(due)


async def _next(tx: Writing, incident_id: int, *, by_domain: bool) -> None:
    incident = await bouncing.held(tx, incident_id)
    if incident is None:
        return
    step = score.next_step(incident.warnings, incident.warned_at, tx.now)
    if step is score.Step.WARN:
        await bouncing.warn(tx, incident, score.removal(incident.warnings + 1, tx.now), by_domain=by_domain)
    elif step is score.Step.REMOVE:
        await bouncing.remove(tx, incident)
    _log.info("membership.bouncing_on", membership=incident.membership_id, group=incident.group_id, step=step)
