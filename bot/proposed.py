"""Proposals as their cards show them."""

from __future__ import annotations

from bot import rows
from bot.views import proposals as views
from bot.views.blocks import Shown
from store import persons, proposals
from store.engine import Reading
from store.schema.notice import Notice


async def card(tx: Reading, notice: Notice, language: str) -> Shown | None:
    """A change of a roster as it waits, goes on or ended."""
    found = await proposals.get(tx, notice.subject_id)
    if found is None:
        return None
    assert found.id is not None
    group = await rows.group(tx, found.group_id)
    by = await persons.get(tx, found.decided_by) if found.decided_by is not None else None
    return views.card(
        language,
        views.Proposal(
            proposal_id=found.id,
            group=group.address,
            source=found.source,
            state=found.state,
            total=found.total,
            done=found.done,
            shown=found.shown,
            outcome=found.outcome,
            by=by.slack_id if by else None,
            at=found.decided_at,
            large=proposals.large(int(found.shown.get("withdrawn", 0)), int(found.shown.get("contacts", 0))),
        ),
    )
