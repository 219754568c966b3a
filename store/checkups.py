"""Checkups: asked for by a person, claimed by one process of the bridge, told as they go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, delete, select, update
from sqlmodel.sql.expression import SelectOfScalar

from store import audit, outbox
from store.engine import Reading, Writing
from store.findings import Finding, Progress
from store.schema.checkup import Checkup
from store.schema.person import Person
from store.signal import Topic
from store.terms import Actor, NoticeKind, Refused

UNHEARD_AFTER: Final = timedelta(seconds=15)  # a bridge that lives claims within its poll, a second
LOST_AFTER: Final = timedelta(minutes=2)  # longer than all checks may take together
KEPT_FOR: Final = timedelta(days=30)


def progress(checkup: Checkup, now: datetime) -> Progress:
    """Where it stands at `now`."""
    if checkup.done_at is not None:
        return Progress.DONE
    if now - (checkup.claimed_at or checkup.created_at) >= LOST_AFTER:
        return Progress.LOST
    if checkup.claimed_at is not None:
        return Progress.RUNNING
    return Progress.UNHEARD if now - checkup.created_at >= UNHEARD_AFTER else Progress.WAITING


async def ask(tx: Writing, person: Person, actor: Actor) -> Checkup:
    """Ask for a checkup, whose probe goes to the person's own address; they are shown it in Slack as it goes.

    Raises Refused `checkup_under_way`: each one talks to the world, and one tells what two would.
    """
    assert person.id is not None
    going = await tx.exec(
        select(Checkup.id).where(col(Checkup.done_at).is_(None), col(Checkup.created_at) > tx.now - LOST_AFTER)
    )
    if going.first() is not None:
        raise Refused("checkup_under_way")
    checkup = Checkup(person_id=person.id, probe=person.email or "", findings=[], created_at=tx.now)
    tx.add(checkup)
    await tx.flush()
    assert checkup.id is not None
    await audit.record(tx, "checkup.asked", actor, subject=f"checkup:{checkup.id}")
    await outbox.announce(tx, NoticeKind.CHECKUP, checkup.id, [person.slack_id])
    tx.wake(Topic.CHECKUP)
    return checkup


async def waits(tx: Reading) -> bool:
    """Whether there is one to take."""
    return (await tx.exec(_waiting(tx))).first() is not None


async def claim(tx: Writing) -> Checkup | None:
    """Take the checkup that was asked for first, if one waits; no two processes get it."""
    mine = _waiting(tx).with_for_update(skip_locked=True).execution_options(populate_existing=True)
    checkup = (await tx.exec(mine)).first()
    if checkup is None:
        return None
    assert checkup.id is not None
    checkup.claimed_at = tx.now
    tx.add(checkup)
    await tx.flush()
    await outbox.touch(tx, NoticeKind.CHECKUP, checkup.id)
    return checkup


async def tell(tx: Writing, checkup_id: int, found: Sequence[Finding]) -> None:
    """Add what was found to a checkup under way."""
    query = select(Checkup).where(col(Checkup.id) == checkup_id).with_for_update()
    checkup = (await tx.exec(query.execution_options(populate_existing=True))).one()
    checkup.findings = [*checkup.findings, *(finding.as_json() for finding in found)]
    tx.add(checkup)
    await tx.flush()
    await outbox.touch(tx, NoticeKind.CHECKUP, checkup_id)


async def finish(tx: Writing, checkup_id: int) -> None:
    """Everything was looked at."""
    await tx.exec(update(Checkup).where(col(Checkup.id) == checkup_id).values(done_at=tx.now))
    await outbox.touch(tx, NoticeKind.CHECKUP, checkup_id)


async def get(tx: Reading, checkup_id: int) -> Checkup | None:
    """The checkup, fresh from the database, or None."""
    return await tx.get(Checkup, checkup_id, populate_existing=True)


def findings(checkup: Checkup) -> list[Finding]:
    """What it found so far; what another version found and this one has no words for is left out."""
    return [one for row in checkup.findings if (one := Finding.from_json(row)) is not None]


async def purge(tx: Writing) -> int:
    """Forget what was found long ago. Returns how many checkups went."""
    return (await tx.exec(delete(Checkup).where(col(Checkup.created_at) < tx.now - KEPT_FOR))).rowcount


def _waiting(tx: Reading) -> SelectOfScalar[Checkup]:
    """The one that was asked for first."""
    query = select(Checkup).where(col(Checkup.claimed_at).is_(None), col(Checkup.created_at) > tx.now - LOST_AFTER)
    return query.order_by(col(Checkup.created_at)).limit(1)
