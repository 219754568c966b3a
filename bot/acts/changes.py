"""Changes of a group's settings, from the audit's rows to what is told of them."""

from __future__ import annotations

from bot.views.changes import Changed
from bot.views.settings import drafted
from store import changes
from store.engine import Reading


async def last(tx: Reading, group_id: int) -> Changed | None:
    """The newest change of a group."""
    found = await changes.newest(tx, group_id, 1)
    return told(found[0]) if found else None


def told(change: changes.Change) -> Changed:
    """A change as a view shows it."""
    return Changed(
        slack_id=change.person.slack_id if change.person else "",
        actor=change.actor,
        at=change.at,
        settings=[(name, drafted(was), drafted(now)) for name, (was, now) in change.details.items()],
    )
