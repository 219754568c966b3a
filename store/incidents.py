"""Incidents: how a contact's mailbox stands by its bounces, from the first that counts to its end."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, delete, or_, select, update

from store import notices
from store.chunks import chunks
from store.engine import Reading, Writing
from store.schema.incident import Incident
from store.schema.membership import Membership
from store.terms import BounceReason, BounceScore, NoticeKind

KEPT_FOR: Final = timedelta(days=30)
RESUMED, REMOVED, LEFT = "resumed", "removed", "left"


async def get(tx: Reading, incident_id: int) -> Incident | None:
    """The incident, fresh from the database, or None."""
    return await tx.get(Incident, incident_id, populate_existing=True)


async def of(tx: Reading, membership_ids: Collection[int]) -> dict[int, Incident]:
    """The open incidents of these memberships, by membership."""
    found: dict[int, Incident] = {}
    for some in chunks(membership_ids):
        query = select(Incident).where(col(Incident.membership_id).in_(some), col(Incident.ended_at).is_(None))
        rows = await tx.exec(query.execution_options(populate_existing=True))
        found.update({row.membership_id: row for row in rows})
    return found


async def score(tx: Writing, row: Membership, after: BounceScore, reason: BounceReason) -> Incident:
    """Write a contact's score, beginning an incident with the first."""
    assert row.id is not None
    incident = (await of(tx, [row.id])).get(row.id)
    if incident is None:
        incident = Incident(
            membership_id=row.id,
            group_id=row.group_id,
            address=row.address or "",
            reason=reason,
            created_at=tx.now,
        )
    incident.points, incident.day, incident.reason = after.points, after.day, reason
    tx.add(incident)
    await tx.flush()
    return incident


async def end(tx: Writing, membership_ids: Collection[int], how: str) -> int:
    """End the open incidents of these memberships, and redraw what was said of them. Returns how many there were."""
    ended: list[int] = []
    for some in chunks(membership_ids):
        over = update(Incident).where(col(Incident.membership_id).in_(some), col(Incident.ended_at).is_(None))
        rows = await tx.scalars(over.values(ended_at=tx.now, ended=how).returning(col(Incident.id)))
        ended += [incident_id for incident_id in rows.all() if incident_id is not None]
    for incident_id in ended:
        await redraw(tx, incident_id)
    return len(ended)


async def redraw(tx: Writing, incident_id: int) -> None:
    """What stands in Slack of the incident has changed."""
    for kind in (NoticeKind.BOUNCING, NoticeKind.MEMBER_BOUNCING):
        await tx.run(lambda bulk, kind=kind: notices.touch(bulk, kind, incident_id))  # type: ignore[misc]  # a default argument


async def suspended(tx: Reading, warned_before: datetime, limit: int) -> list[int]:
    """Ids of open incidents whose contact is suspended and was not warned since `warned_before`, oldest first."""
    query = (
        select(Incident.id)
        .where(
            col(Incident.ended_at).is_(None),
            col(Incident.suspended_at).is_not(None),
            or_(col(Incident.warned_at).is_(None), col(Incident.warned_at) <= warned_before),
        )
        .order_by(col(Incident.id))
        .limit(limit)
    )
    return [incident_id for incident_id in (await tx.exec(query)).all() if incident_id is not None]


async def purge(tx: Writing) -> int:
    """Forget incidents that are over, or whose last bounce is, for 30 days. Returns how many."""
    old = tx.now - KEPT_FOR
    stale = col(Incident.ended_at).is_(None) & col(Incident.suspended_at).is_(None) & (col(Incident.day) < old.date())
    gone = delete(Incident).where(or_(col(Incident.ended_at) < old, stale))
    return int((await tx.exec(gone)).rowcount)
