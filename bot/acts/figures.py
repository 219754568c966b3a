"""A group's figures of the last 30 days, from its posts and tallies to what is shown of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot import sums
from bot.acts import lookup
from bot.context import Context
from bot.permissions import Verb
from bot.views import figures as views
from bot.views.blocks import Shown
from store import figures
from store.engine import Reading
from store.schema.group import Group
from store.terms import SlackContent

PERIODS = 10  # a chart has room for 20 points a series; three days each
DAYS = figures.PERIOD.days


async def reports(context: Context, group: str | int, page: int = 1) -> Shown:
    """The figures and a page of the posts. Raises Refused, NotAllowed."""
    async with context.database.reading() as tx:
        found, _ = await lookup.meant(context, tx, Verb.REPORTS, group)
        return views.answer(context.language, await of(tx, found, _zone(context.person.time_zone), page))


async def of(tx: Reading, group: Group, zone: tzinfo, page: int = 1, days: int = DAYS) -> views.Figures:
    """A group's last days as they are shown, in somebody's time zone."""
    assert group.id is not None
    seen = await figures.of(tx, group.id, tx.now - timedelta(days=days), tx.now)
    pages = max(-(-len(seen.posts) // views.POSTS_A_PAGE), 1)
    page = min(max(page, 1), pages)
    lines = seen.posts[(page - 1) * views.POSTS_A_PAGE : page * views.POSTS_A_PAGE]
    subjects = await figures.subjects(tx, [line.post_id for line in lines])
    kept = group.slack_content is SlackContent.NONE
    return replace(
        sums.shown(group, seen),
        periods=_periods(seen, zone),
        posts=[
            views.Post(
                at=f"{line.at.astimezone(zone):%Y-%m-%d %H:%M}",
                subject=None if kept else subjects.get(line.post_id),
                state=line.state.value,
                copies=line.copies,
                counts={**{name: line.counts.get(name, 0) for name in views.OUTCOMES}, "relayed": line.relayed},
            )
            for line in lines
        ],
        page=page,
        pages=pages,
    )


def _periods(seen: figures.Figures, zone: tzinfo) -> list[views.Period]:
    """The period in equal parts, the oldest first, each named by the day it begins."""
    length = (seen.until - seen.since) / PERIODS
    posts, copies = [0] * PERIODS, [0] * PERIODS
    for line in seen.posts:
        n = min(int((line.at - seen.since) / length), PERIODS - 1)
        posts[n] += 1
        copies[n] += line.relayed
    days: list[date] = [(seen.since + length * n).astimezone(zone).date() for n in range(PERIODS)]
    return [views.Period(f"{day:%m-%d}", posts[n], copies[n]) for n, day in enumerate(days)]


def _zone(name: str) -> tzinfo:
    """A person's time zone; UTC where Slack names one that this machine does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
