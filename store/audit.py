"""The audit: who did what to which group, append-only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from store.schema.audit import Audit
from store.terms import Actor

if TYPE_CHECKING:
    from store.engine import Writing

# Ids kept in one row: a bulk change is one act, and its row must not grow with it.
IDS_KEPT = 100


async def record(
    tx: Writing,
    verb: str,
    actor: Actor,
    *,
    group_id: int | None = None,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add one row. `verb` is a past-tense noun (`request.approved`), `subject` what it was done to (`request:12`).

    `details` are JSON values; addresses and names of people stay out of them, so that the audit survives an erasure.
    """
    tx.add(
        Audit(
            at=tx.now,
            actor=actor.subject,
            as_operator=actor.as_operator,
            verb=verb,
            group_id=group_id,
            subject=subject,
            details=dict(details or {}),
        )
    )
    await tx.flush()
