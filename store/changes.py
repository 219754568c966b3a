"""Changes: what the audit says of a group's settings, read back: who changed what, from what to what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlmodel import col, select

from store.engine import Reading
from store.schema.audit import Audit
from store.schema.person import Person

# Each of these raises the group's version by one.
VERBS: Final = ("group.changed", "group.renamed")


@dataclass(frozen=True, slots=True)
class Change:
    """One change: `person` is who made it if they are in Slack, else `actor` says what did (`import`, `system`);
    `details` holds the value before and after by setting, as JSON has them."""

    at: datetime
    actor: str
    person: Person | None
    details: dict[str, tuple[Any, Any]]


async def newest(tx: Reading, group_id: int, most: int) -> list[Change]:
    """The newest changes of a group's settings, the newest first; as many as the version has grown by are all that
    were made meanwhile."""
    query = (
        select(Audit, Person)
        .outerjoin(Person, col(Person.subject) == col(Audit.actor))
        .where(col(Audit.group_id) == group_id, col(Audit.verb).in_(VERBS))
        .order_by(col(Audit.id).desc())
        .limit(most)
    )
    return [Change(row.at, row.actor, person, _pairs(row.details)) for row, person in (await tx.exec(query)).all()]


def before(changes: Sequence[Change]) -> dict[str, Any]:
    """The values that the settings changed by these, the newest first, had before all of them."""
    values: dict[str, Any] = {}
    for change in changes:
        values |= {name: was for name, (was, _) in change.details.items()}
    return values


def _pairs(details: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    before, after = details.get("before"), details.get("after")
    if not (isinstance(before, dict) and isinstance(after, dict)):  # its texts are erased, or another version's
        return {}
    return {name: (before.get(name), value) for name, value in after.items()}
