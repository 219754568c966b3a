"""Keeping: what waits too long and what is kept too long. The shell around `store.held` and `store.retention`.

Each post and each group is a transaction of its own, so that nothing waits for many.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from store import endings, held, posts, retention
from store.engine import Database

_log = structlog.get_logger(__name__)
AT_ONCE = 500  # posts in one run
MOST_EMPTIED = 500


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


async def remind(database: Database) -> int:
    """Remind the moderators of groups whose posts wait. Returns how many posts were named."""
    async with database.reading() as tx:
        due = await held.to_remind(tx)
    count = 0
    for group_id in due:
        async with database.writing() as tx:
            named = await held.remind(tx, group_id)
        if named:
            count += named
            _log.info("group.reminded", group=group_id, posts=named)
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
    count = 0
    while count < MOST_EMPTIED:
        async with database.writing() as tx:
            emptied = await retention.empty(tx, timedelta(days=days))
        if not emptied:
            break
        count += emptied
    return count
