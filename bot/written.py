"""Mail written in Slack, from its row to what its author is shown of it."""

from __future__ import annotations

from bot import rows
from bot.views import compose
from bot.views.blocks import Shown
from store import compositions
from store.engine import Reading
from store.schema.composition import Composition
from store.schema.notice import Notice


async def card(tx: Reading, row: Composition) -> compose.Card:
    """A mail that was sent as its author sees it."""
    assert row.id is not None
    group = await rows.group(tx, row.group_id)
    return compose.Card(
        composition_id=row.id,
        group=group.address,
        subject=row.subject,
        state=row.state,
        due=row.due_at,
        verdict=compositions.verdict(row),
        tried=bool(row.tries),
    )


async def notice(tx: Reading, notice: Notice, language: str) -> Shown | None:
    """The direct message to its author; nothing of one that is forgotten."""
    row = await compositions.get(tx, notice.subject_id)
    return None if row is None else compose.card(language, await card(tx, row))
