"""Claims: somebody says that they look at what waits, so that two do not read the same mail.

It binds nobody: others may still decide, and are told who was at it. A claim ends with the decision, by its claimant's
word, or after an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlmodel import col, or_, update

from store import outbox
from store.engine import Reading, Writing
from store.schema.post import Post
from store.schema.request import Request
from store.terms import Actor, NoticeKind, PostState, RequestState
from store.word import Subject

LASTS: Final = timedelta(hours=1)
TABLES: Final[dict[Subject, tuple[type[Post] | type[Request], str, NoticeKind]]] = {
    Subject.REQUEST: (Request, RequestState.PENDING, NoticeKind.REQUEST_CARD),
    Subject.POST: (Post, PostState.HELD, NoticeKind.HELD_CARD),
}
NOBODY: Final = {"claimed_by": None, "claimed_until": None}


@dataclass(frozen=True, slots=True)
class Claimed:
    """Whether it was done, and who is at it now (a person's id), if anybody."""

    won: bool
    by: int | None


async def claim(tx: Writing, subject: Subject, row_id: int, actor: Actor) -> Claimed:
    """Look at what waits; again by the same person, for another hour. Not done where somebody else is at it, or where
    nothing waits any more."""
    table = TABLES[subject][0]
    free = or_(col(table.claimed_by).is_(None), col(table.claimed_by) == actor.person_id)
    free = or_(free, col(table.claimed_until) <= tx.now)
    values = {"claimed_by": actor.person_id, "claimed_until": tx.now + LASTS}
    return await _set(tx, subject, row_id, free, values)


async def release(tx: Writing, subject: Subject, row_id: int, actor: Actor, *, anybodys: bool = False) -> Claimed:
    """Look at it no more; with `anybodys` whoever does."""
    table = TABLES[subject][0]
    mine = col(table.claimed_by).is_not(None) if anybodys else col(table.claimed_by) == actor.person_id
    return await _set(tx, subject, row_id, mine, NOBODY)


async def _set(tx: Writing, subject: Subject, row_id: int, where: Any, values: dict[str, Any]) -> Claimed:
    table, waits, card = TABLES[subject]
    done = update(table).where(col(table.id) == row_id, col(table.state) == waits, where).values(**values)
    won = (await tx.exec(done)).rowcount == 1
    if won:
        await outbox.touch(tx, card, row_id)
    return Claimed(won, await claimant(tx, subject, row_id))


async def claimant(tx: Reading, subject: Subject, row_id: int) -> int | None:
    """Who looks at it now, if anybody (a person's id)."""
    table = TABLES[subject][0]
    found: Post | Request | None = await tx.get(table, row_id, populate_existing=True)
    if found is None or found.claimed_until is None or found.claimed_until <= tx.now:
        return None
    return found.claimed_by
