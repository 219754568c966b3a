"""Keeping: what waits too long, and what is kept too long. The shell around `store`'s `held`, `ladder`, `retention`.

Each post and each group is a transaction of its own, so that nothing waits for many.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import structlog

from store import digests, endings, held, ladder, posts, requests, retention
from store.engine import Database, Writing
from store.hours import Hours

_log = structlog.get_logger(__name__)
AT_ONCE = 500  # posts, requests or groups in one run
MOST_EMPTIED = 500
MOST_STRIPPED = 200_000


async def expire(database: Database, *, by_domain: bool) -> int:
    """Let the held posts expire whose time is over. Returns how many did."""
    async with database.reading() as tx:
        due = await held.expired(tx, AT_ONCE)
    count = 0
    for post_id in due:
        async with database.writing() as tx:
            decided = await posts.expire(tx, post_id, by_domain=by_domain)
        if decided.won:
            count += 1
            _log.info("post.expired", post=post_id, group=decided.post.group_id, id=decided.post.public_id)
    return count


async def expire_requests(database: Database) -> int:
    """Let the requests expire whose time is over. Returns how many did."""
    async with database.reading() as tx:
        due = await requests.expired(tx, AT_ONCE)
    count = 0
    for request_id in due:
        async with database.writing() as tx:
            count += await requests.expire(tx, request_id)
    return count


async def remind(database: Database, *, hours: Hours) -> int:
    """Remind the people in charge of groups in which something waits. Returns how much was named."""
    async with database.reading() as tx:
        due = await ladder.to_remind(tx)
    count = 0
    for group_id in due:
        async with database.writing() as tx:
            named = await ladder.remind(tx, group_id, hours)
        if named:
            count += named
            _log.info("group.reminded", group=group_id, waiting=named)
    return count


async def tell_weeks(database: Database) -> int:
    """Tell of the week of groups whose week is over. Returns of how many groups."""
    async with database.reading() as tx:
        due = await digests.due(tx, AT_ONCE)
    count = 0
    for group_id in due:
        async with database.writing() as tx:
            told = await digests.tell(tx, group_id)
        if told:
            count += 1
            _log.info("group.week_told", group=group_id)
    return count


async def end_memberships(database: Database) -> int:
    """End the memberships whose date has come. Returns how many."""
    async with database.reading() as tx:
        due = await endings.due(tx)
    count = 0
    for membership_id in due:
        async with database.writing() as tx:
            ended = await endings.end(tx, membership_id)
        if ended:
            count += 1
            _log.info("membership.ended", membership=membership_id)
    return count


async def remind_endings(database: Database) -> int:
    """Tell of the memberships whose date comes near. Returns of how many."""
    async with database.reading() as tx:
        due = await endings.to_remind(tx)
    count = 0
    for membership_id, days in due:
        async with database.writing() as tx:
            count += await endings.remind(tx, membership_id, days)
    return count


async def empty(database: Database, *, days: int) -> int:
    """Drop the octets of messages that nobody needs after so many days. Returns how many were."""
    return await _much(database, MOST_EMPTIED, lambda tx: retention.empty(tx, timedelta(days=days)))


async def strip(database: Database, *, days: int) -> int:
    """Drop who wrote, asked for and got what was over so many days ago, and what was told of it. Returns how many
    rows were changed."""
    over = timedelta(days=days)
    return sum(
        [
            await _much(database, MOST_STRIPPED, partial(job, older_than=over))
            for job in (
                retention.strip_posts,
                retention.drop_letters,
                retention.drop_requests,
                retention.drop_reminders,
                retention.drop_weeks,
            )
        ]
    )


async def _much(database: Database, most: int, job: Callable[[Writing], Awaitable[int]]) -> int:
    count = 0
    while count < most:
        async with database.writing() as tx:
            changed = await job(tx)
        if not changed:
            break
        count += changed
    return count
