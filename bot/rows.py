"""Rows that several kinds of cards and reports are drawn from."""

from __future__ import annotations

from datetime import datetime

from bot.views import cards, decide
from store import claims, persons
from store.engine import Reading
from store.schema.group import Group
from store.schema.post import Post
from store.schema.request import Request


async def group(tx: Reading, group_id: int) -> Group:
    """The group's row. A deleted group keeps its own: what was said about it can still be drawn."""
    found = await tx.get(Group, group_id)
    assert found is not None
    return found


def ended_with(found: Group, at: datetime | None) -> bool:
    """Whether what ended at that moment did because its group was deleted."""
    return found.deleted_at is not None and (at is None or at >= found.deleted_at)


async def verdict(tx: Reading, person_id: int | None, at: datetime | None, reason: str) -> cards.Verdict:
    """A decision as its card tells it."""
    by = await persons.get(tx, person_id) if person_id is not None else None
    return cards.Verdict(by.slack_id if by else None, at, reason)


async def claim(tx: Reading, row: Post | Request) -> decide.Claim | None:
    """Who looks at what waits, as its card tells it."""
    if row.claimed_by is None or row.claimed_until is None or row.claimed_until <= tx.now:
        return None
    return decide.Claim((await persons.get(tx, row.claimed_by)).slack_id, row.claimed_until - claims.LASTS)
