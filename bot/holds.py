"""Holds of groups, from their rows to what is said of them."""

from __future__ import annotations

from bot import rows
from bot.views import lifecycle as views
from bot.views.blocks import Shown
from store import holding, persons
from store.engine import Reading
from store.schema.group import Group
from store.schema.hold import Hold
from store.schema.notice import Notice


async def of_group(tx: Reading, group: Group) -> views.Hold | None:
    """The hold that a group is on."""
    found = await holding.current(tx, group)
    return None if found is None else await _shown(tx, found)


async def notice(tx: Reading, told: Notice, language: str) -> Shown | None:
    """What is said of a hold where the group reports."""
    found = await holding.get(tx, told.subject_id)
    return None if found is None else views.notice(language, await _shown(tx, found))


async def _shown(tx: Reading, row: Hold) -> views.Hold:
    group = await rows.group(tx, row.group_id)
    return views.Hold(
        group=group.address,
        by=await _slack_id(tx, row.created_by),
        reason=row.reason,
        since=row.created_at,
        everywhere=row.everywhere,
        ended=row.ended_at,
        ended_by=await _slack_id(tx, row.ended_by),
    )


async def _slack_id(tx: Reading, person_id: int | None) -> str:
    return "" if person_id is None else (await persons.get(tx, person_id)).slack_id
