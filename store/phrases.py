"""Phrases: the reasons that a group's deciders gave in their own words, to be given again by a choice."""

from __future__ import annotations

from sqlmodel import col, delete, select

from store.engine import Reading, Writing
from store.schema.ruling import SavedReason
from store.word import Subject

KEPT = 5


async def last(tx: Reading, group_id: int, subject: Subject) -> list[SavedReason]:
    """The last used ones, the latest first."""
    query = select(SavedReason).where(col(SavedReason.group_id) == group_id, col(SavedReason.subject) == subject)
    return list((await tx.exec(query.order_by(col(SavedReason.id).desc()).limit(KEPT))).all())


async def keep(tx: Writing, group_id: int, subject: Subject, text: str) -> None:
    """Note that it was used now; what was used longer ago than the last few goes."""
    mine = [col(SavedReason.group_id) == group_id, col(SavedReason.subject) == subject]
    await tx.exec(delete(SavedReason).where(*mine, col(SavedReason.text) == text))
    tx.add(SavedReason(group_id=group_id, subject=subject, text=text, used_at=tx.now))
    await tx.flush()
    newest = select(SavedReason.id).where(*mine).order_by(col(SavedReason.id).desc()).limit(KEPT)
    kept = (await tx.exec(newest)).all()
    await tx.exec(delete(SavedReason).where(*mine, col(SavedReason.id).not_in(kept)))
