"""Digests: each Monday from nine, by the clock of a group's first administrator, its week is told where it reports.

`group.digest_at` says when that is next. Whoever tells moves it on in the transaction that writes the notice, so of
several processes one tells, and one that is killed has told nothing. It moves on where nothing is told as well, so that
a digest that is switched on tells of no week before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, or_, select, update

from store import audience, outbox, weeks
from store.engine import Reading, Writing
from store.schema.audit import Audit
from store.schema.group import Group
from store.schema.post import REAL, Post
from store.schema.week import Week
from store.terms import Digest, GroupKind, NoticeKind

# Two clocks of the same Monday are at most 26 hours apart, two Mondays nearly a week.
SAME_MONDAY: Final = timedelta(days=3)
MOVED: Final = ("membership.added", "membership.left", "membership.removed", "membership.changed")


@dataclass(frozen=True, slots=True)
class Movement:
    """How many contacts came to a group, and how many went."""

    joined: int = 0
    left: int = 0


async def due(tx: Reading, limit: int) -> list[int]:
    """Ids of groups whose week is over, or that were never looked at."""
    over = or_(col(Group.digest_at).is_(None), col(Group.digest_at) <= tx.now)
    query = select(Group.id).where(col(Group.kind) == GroupKind.GROUP, col(Group.deleted_at).is_(None), over)
    found = (await tx.exec(query.order_by(col(Group.id)).limit(limit))).all()
    return [group_id for group_id in found if group_id is not None]


async def tell(tx: Writing, group_id: int) -> bool:
    """Tell of a group's last whole week, if it is due, wished, and something happened in it. Returns whether it was."""
    group = await _locked(tx, group_id)
    if group is None or (group.digest_at is not None and group.digest_at > tx.now):
        return False
    administrators = await audience.deciders(tx, group_id, administrators_only=True)
    zone = administrators[0].time_zone if administrators else "UTC"
    was, until = group.digest_at, weeks.begun(tx.now, zone)
    following = update(Group).where(col(Group.id) == group_id)
    await tx.exec(following.values(digest_at=weeks.shifted(until, zone, 1)))
    # Where somebody further west administers the group since, it is not Monday at nine yet.
    if was is None or until < was - SAME_MONDAY or group.digest is Digest.NONE:
        return False
    targets = [group.report_channel] if group.report_channel else [person.slack_id for person in administrators]
    since = weeks.shifted(until, zone, -1)
    if not targets or not await _happened(tx, group_id, since, until):
        return False
    week = Week(group_id=group_id, since=since, until=until, created_at=tx.now)
    tx.add(week)
    await tx.flush()
    assert week.id is not None
    await outbox.announce(tx, NoticeKind.DIGEST, week.id, targets, group_id=group_id)
    return True


async def get(tx: Reading, week_id: int) -> Week | None:
    """A week that was told."""
    return await tx.get(Week, week_id)


async def movement(tx: Reading, group_id: int, since: datetime, until: datetime) -> Movement:
    """Who came and went from `since` up to `until`, counted from the audit: a roster knows only who is there."""
    query = select(Audit.verb, Audit.details).where(
        col(Audit.group_id) == group_id, col(Audit.at) >= since, col(Audit.at) < until, col(Audit.verb).in_(MOVED)
    )
    joined = left = 0
    for verb, details in (await tx.exec(query)).all():
        count = int(details.get("count", 1))
        if verb == "membership.added" and "contact" in details.get("flags", ()):
            joined += count
        elif verb in ("membership.left", "membership.removed") or "contact" in details.get("withdrawn", ()):
            left += count
    return Movement(joined, left)


async def _happened(tx: Reading, group_id: int, since: datetime, until: datetime) -> bool:
    posted = select(Post.id).where(
        col(Post.group_id) == group_id, REAL, col(Post.created_at) >= since, col(Post.created_at) < until
    )
    if (await tx.exec(posted.limit(1))).first() is not None:
        return True
    return await movement(tx, group_id, since, until) != Movement()


async def _locked(tx: Writing, group_id: int) -> Group | None:
    found = await tx.exec(
        select(Group)
        .where(col(Group.id) == group_id, col(Group.kind) == GroupKind.GROUP, col(Group.deleted_at).is_(None))
        .with_for_update(key_share=True)  # posts and notices that refer to it need not wait
        .execution_options(populate_existing=True)
    )
    return found.first()
