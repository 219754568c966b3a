"""Suppressions: addresses that left, complained or were forgotten, which an import must not bring back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlmodel import col, delete, select

from store.chunks import chunks, one_of
from store.engine import Reading, Writing
from store.inserts import insert
from store.privacy import marks
from store.schema.suppression import Suppression
from store.terms import SuppressionReason


async def add(tx: Writing, group_id: int, keys: Collection[str], reason: SuppressionReason) -> None:
    """Keep these addresses (in comparing form) out of the group; a newer reason replaces the older."""
    for chunk in chunks(keys):
        statement = insert(tx, Suppression).values(
            [{"group_id": group_id, "key": key, "reason": reason, "created_at": tx.now} for key in chunk]
        )
        await tx.exec(
            statement.on_conflict_do_update(
                index_elements=["group_id", "key"],
                set_={"reason": statement.excluded.reason, "created_at": statement.excluded.created_at},
            )
        )


async def among(tx: Reading, group_id: int, keys: Collection[str]) -> dict[str, SuppressionReason]:
    """Which of these addresses are suppressed in the group, and why."""
    found: dict[str, SuppressionReason] = {}
    for chunk in chunks(keys):
        rows = await tx.exec(
            select(Suppression.key, Suppression.reason).where(
                col(Suppression.group_id) == group_id, one_of(tx.dialect, col(Suppression.key), chunk)
            )
        )
        found.update({key: SuppressionReason(reason) for key, reason in rows.all()})
    # In every group: of a forgotten address there is no row that could name one.
    return found | dict.fromkeys(await marks.among(tx, keys), SuppressionReason.FORGOTTEN)


async def since(tx: Reading, group_id: int, key: str, moment: datetime) -> bool:
    """Whether the address asked for no more mail after that moment."""
    later = select(Suppression.id).where(
        col(Suppression.group_id) == group_id, col(Suppression.key) == key, col(Suppression.created_at) > moment
    )
    return (await tx.exec(later)).first() is not None


async def clear(tx: Writing, group_id: int, keys: Collection[str]) -> None:
    """Forget that these addresses were to be kept out, or that they were forgotten."""
    await marks.clear(tx, keys)
    for chunk in chunks(keys):
        await tx.exec(delete(Suppression).where(col(Suppression.group_id) == group_id, col(Suppression.key).in_(chunk)))
