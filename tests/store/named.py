"""Groups by the names tests know them by."""

from __future__ import annotations

from store import groups
from store.engine import Reading
from store.schema.group import Group


async def named(tx: Reading, text: str) -> Group | None:
    """The one group that a text means; None where it means none or several."""
    found = await groups.meant(tx, text)
    return found[0] if len(found) == 1 else None
