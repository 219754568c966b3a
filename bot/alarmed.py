"""What a next hop refuses, and a next hop that refuses us, from their rows to what is said of them."""

from __future__ import annotations

from datetime import datetime

from bot import rows
from bot.views import alarms
from bot.views.blocks import Shown
from store import lanes, posts, steering, tallies
from store import reports as figures
from store.engine import Reading
from store.schema.notice import Notice
from store.schema.post import Post
from store.terms import SlackContent


async def post(tx: Reading, notice: Notice, language: str) -> Shown | None:
    halted = await posts.get(tx, notice.subject_id)
    if halted is None:
        return None
    assert halted.id is not None
    group = await rows.group(tx, halted.group_id)
    found = await figures.report(tx, halted.id)
    stalled = halted.stalled or {}
    since = stalled.get("since")
    shown = alarms.PostAlarm(
        post_id=halted.id,
        group=group.address,
        subject=None if group.slack_content is SlackContent.NONE else halted.subject,
        reply=str(stalled.get("reply", "")),
        since=datetime.fromisoformat(since) if since else None,
        open_copies=max(tallies.remaining(found.counts), 0) if found else 0,
        unmade=bool(stalled.get("unmade")),
        answer=None if stalled else await answer(tx, halted),
    )
    return alarms.post(language, shown)


async def answer(tx: Reading, post: Post) -> alarms.Answer | None:
    """What was said last to an alarm about the post."""
    found = await steering.answered(tx, post)
    return None if found is None else alarms.Answer(found.again, found.slack_id, found.at)


async def lane(tx: Reading, notice: Notice, language: str) -> Shown | None:
    halted = await lanes.get(tx, notice.subject_id)
    if halted is None:
        return None
    alarm = halted.alarm or {}
    since = alarm.get("since")
    shown = alarms.LaneAlarm(
        hop=None if halted.key == lanes.RELAY else halted.key.removeprefix("mx:"),
        reply=str(alarm.get("reply", "")),
        since=datetime.fromisoformat(since) if since else None,
        until=halted.waiting_until,
        tries=int(alarm.get("tries", 1)),
    )
    return alarms.lane(language, shown)
