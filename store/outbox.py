"""Outbox: notices on their way to Slack. The bot claims what is behind, draws it from the state of that moment, and
says what became of it; whoever dies in between leaves a placement whose outcome is unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Update, update
from sqlmodel import col, select

from store import audience, notices, persons
from store.engine import Reading, Writing
from store.schema.notice import OPEN_PLACEMENT, Notice, Placement
from store.schema.worker import Worker
from store.signal import Topic
from store.terms import NoticeKind

# What grows is redrawn at most this often; everything else as soon as it changes.
REDRAWN_AFTER = {
    NoticeKind.REPORT: timedelta(seconds=2),
    NoticeKind.HELD_FLOOD: timedelta(seconds=2),
    NoticeKind.TEST_STEPS: timedelta(seconds=1),
    NoticeKind.CHECKUP: timedelta(seconds=2),
    NoticeKind.PROPOSAL: timedelta(seconds=2),
}


@dataclass(frozen=True, slots=True)
class Due:
    """A placement to post (no `ts` yet) or to redraw, with its notice; `version` is what will have been shown."""

    placement: Placement
    notice: Notice

    @property
    def version(self) -> int:
        return self.placement.wanted


async def announce(
    tx: Writing,
    kind: NoticeKind,
    subject_id: int,
    targets: Sequence[str],
    *,
    group_id: int | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> int:
    """Say something in Slack at each target (see `notices.announce`). Returns the notice's id."""
    return await tx.run(
        lambda bulk: notices.announce(bulk, kind, subject_id, targets, group_id=group_id, arguments=arguments)
    )


async def touch(tx: Writing, kind: NoticeKind, subject_id: int) -> None:
    """What the notice shows has changed (see `notices.touch`)."""
    await tx.run(lambda bulk: notices.touch(bulk, kind, subject_id))


async def touch_last(tx: Writing, kind: NoticeKind, subject_id: int) -> None:
    """As `touch`, at the end of the transaction (see `notices.touch_last`)."""
    await tx.run(lambda bulk: notices.touch_last(bulk, kind, subject_id))


async def claim(tx: Writing, worker_id: int, limit: int) -> list[Due]:
    """Take up to `limit` placements that are behind and due, the longest due first; no two claimants get one.

    A worker that was declared dead gets none: nobody would free what it took.
    """
    living = select(Worker.id).where(col(Worker.id) == worker_id, col(Worker.dead_at).is_(None))
    if (await tx.exec(living.with_for_update(read=True))).first() is None:
        return []
    behind = (
        select(Placement.id)
        .where(col(Placement.state) == "waiting", OPEN_PLACEMENT)
        .where(col(Placement.due_at) <= tx.now)
        .order_by(col(Placement.due_at), col(Placement.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = (await tx.exec(behind)).all()
    if not ids:
        return []
    await tx.exec(update(Placement).where(col(Placement.id).in_(ids)).values(state="posting", worker_id=worker_id))
    rows = await tx.exec(
        select(Placement, Notice)
        .join(Notice, col(Notice.id) == col(Placement.notice_id))
        .where(col(Placement.id).in_(ids))
        .order_by(col(Placement.due_at), col(Placement.id))
        .execution_options(populate_existing=True)
    )
    return [Due(placement, notice) for placement, notice in rows.all()]


def _mine(placement_id: int, worker_id: int) -> Update:
    return update(Placement).where(
        col(Placement.id) == placement_id, col(Placement.worker_id) == worker_id, col(Placement.state) == "posting"
    )


async def placed(tx: Writing, placement_id: int, worker_id: int, channel: str, ts: str, version: int) -> bool:
    """It stands in Slack as of `version`; what changed meanwhile is drawn next. False if the claim was lost."""
    kind = select(Notice.kind).join(Placement, col(Placement.notice_id) == col(Notice.id))
    noticed = (await tx.exec(kind.where(col(Placement.id) == placement_id))).first()
    after = REDRAWN_AFTER.get(NoticeKind(noticed), timedelta(0)) if noticed else timedelta(0)
    settled = _mine(placement_id, worker_id).values(
        state="waiting",
        worker_id=None,
        channel=channel,
        ts=ts,
        shown=version,
        attempts=0,
        uncertain=False,
        error="",
        due_at=tx.now + after,
    )
    wanted = (await tx.exec(settled.returning(col(Placement.wanted)))).first()
    if wanted is None:
        return False
    if wanted[0] > version:
        tx.wake(Topic.NOTICE)
    return True


async def postpone(
    tx: Writing, placement_id: int, worker_id: int, seconds: float, *, uncertain: bool = False, error: str = ""
) -> bool:
    """Slack asked to wait, or was not to be reached: again after `seconds`. False if the claim was lost.

    `uncertain`: the answer to a first post was lost, so that it may stand there; that is remembered until it is placed.
    """
    again = _mine(placement_id, worker_id).values(
        state="waiting",
        worker_id=None,
        due_at=tx.now + timedelta(seconds=seconds),
        attempts=col(Placement.attempts) + 1,
        error=error[:500],
    )
    if uncertain:
        again = again.values(uncertain=True)
    return (await tx.exec(again)).rowcount == 1


async def died(tx: Writing, placement_id: int, worker_id: int, error: str) -> bool:
    """Slack refused it for good; `error` says why and stays. False if the claim was lost."""
    dead = _mine(placement_id, worker_id).values(state="dead", worker_id=None, error=error[:500])
    return (await tx.exec(dead)).rowcount == 1


async def fallback(tx: Reading, notice: Notice) -> list[str]:
    """Who is told by DM what a channel would not take: the group's administrators, else the operators."""
    people = await audience.deciders(tx, notice.group_id, administrators_only=True) if notice.group_id else []
    return [person.slack_id for person in people or await persons.operators(tx)]


async def placements(tx: Reading, kind: NoticeKind, subject_id: int) -> list[Placement]:
    """Every copy of a notice, oldest first; empty if it was never said."""
    rows = await tx.exec(
        select(Placement)
        .join(Notice, col(Notice.id) == col(Placement.notice_id))
        .where(col(Notice.key) == notices.key(kind, subject_id))
        .order_by(col(Placement.id))
    )
    return list(rows.all())
