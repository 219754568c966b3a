"""Contacts whose mail comes back, from their rows to what they and administrators are told."""

from __future__ import annotations

from bot import reported, rows
from bot.views import bouncing as bounces
from bot.views.blocks import Shown
from store import incidents
from store import reports as figures
from store.engine import Reading
from store.schema.incident import Incident
from store.schema.notice import Notice
from store.terms import BounceReason


async def incident(tx: Reading, incident: Incident) -> bounces.Bouncing:
    """A contact's incident as it is said."""
    assert incident.id is not None
    group = await rows.group(tx, incident.group_id)
    return bounces.Bouncing(
        incident_id=incident.id,
        group=group.address,
        address=incident.address,
        reason=BounceReason(incident.reason),
        until=incident.removal_at,
        ended=incident.ended,
    )


async def contact(tx: Reading, notice: Notice, language: str) -> Shown | None:
    found = await incidents.get(tx, notice.subject_id)
    return None if found is None else bounces.contact(language, await incident(tx, found))


async def administrators(tx: Reading, notice: Notice, language: str) -> Shown | None:
    found = await incidents.get(tx, notice.subject_id)
    return None if found is None else bounces.administrators(language, await incident(tx, found))


async def storm(tx: Reading, notice: Notice, language: str) -> Shown | None:
    found = await figures.report(tx, notice.subject_id)
    if found is None:
        return None
    seen, group = reported.counts(found), await rows.group(tx, found.post.group_id)
    shown = bounces.Storm(notice.subject_id, group.address, seen.failed + seen.bounced, found.expected or 0)
    return bounces.storm(language, shown)
