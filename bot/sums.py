"""The sums of a group's figures as they are shown: in the answer to who asks for them, and in its week."""

from __future__ import annotations

from bot.views import figures as views
from store.figures import Figures
from store.schema.group import Group
from store.terms import PostState


def shown(group: Group, seen: Figures) -> views.Figures:
    """What they come to, without a chart and without a row a post."""
    assert group.id is not None
    return views.Figures(
        group_id=group.id,
        group=group.address,
        days=(seen.until - seen.since).days,
        states={state.value: n for state in PostState if (n := seen.of_state(state))},
        copies=seen.copies,
        outcomes={**{name: seen.sums.get(name, 0) for name in views.OUTCOMES}, "relayed": seen.relayed},
        took=seen.took,
        decided=seen.decided,
        decisions=seen.decisions,
        since=seen.since,
    )
