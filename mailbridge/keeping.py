"""Keeping: what waits too long, and what is kept too long. The shell around `store`'s `held`, `ladder`, `retention`.

Each post and each group is a transaction of its own, so that nothing waits for many.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from store import held, ladder, posts, requests, retention
from store.engine import Database
from store.hours import Hours

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
