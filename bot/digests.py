"""A group's week, from its row to what is said of it."""

from __future__ import annotations

from bot import rows, sums
from bot.views import digests as views
from bot.views.blocks import Shown
from store import digests, figures, pending
from store.engine import Reading
from store.schema.notice import Notice


async def draw(tx: Reading, notice: Notice, language: str) -> Shown | None:
    """The figures of the week, and what waits at this moment; nothing of a group that was deleted meanwhile."""
    week = await digests.get(tx, notice.subject_id)
    if week is None:
        return None
    group = await rows.group(tx, week.group_id)
    if group.deleted_at is not None:
        return None
    seen = await figures.of(tx, week.group_id, week.since, week.until)
    moved = await digests.movement(tx, week.group_id, week.since, week.until)
    requests, held = await pending.count(tx, [week.group_id])
    shown = views.Week(week.until, sums.shown(group, seen), moved.joined, moved.left, held, requests)
    return views.week(language, shown)
