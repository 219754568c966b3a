"""Give groups within groups the posts that were accepted for their group, each by its own policy."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog

from mailbridge import headers
from mailbridge.policy import facts
from mailbridge.policy.chain import decide
from mailbridge.policy.facts import Facts
from mailbridge.rewrite import trim
from store import held, memberships, nesting, posts, rulings
from store.engine import Database, Writing
from store.schema.post import Post
from store.terms import Action, Address, Decision, GroupPolicy, Reason, Standing

_log = structlog.get_logger(__name__)


async def pass_on(database: Database) -> int:
    """Make the posts that wait to be made. Returns how many posts were looked at."""
    async with database.reading() as tx:
        waiting = await nesting.waiting(tx)
    for post_id in waiting:
        trimmable = await _trimmable(database, post_id)
        async with database.writing() as tx:
            await _pass_on(tx, post_id, trimmable)
    return len(waiting)


async def _trimmable(database: Database, post_id: int) -> frozenset[GroupPolicy]:
    """The settings of groups within that trim, and by which the post then fits. Looked at before anything is locked,
    for a large mail takes its time."""
    async with database.reading() as tx:
        size = await posts.size(tx, post_id)
        asked = [policy for policy in await nesting.policies(tx, post_id) if trim.trims(policy, size)]
        raw = await posts.raw(tx, post_id) if asked else None
    fits = await asyncio.to_thread(trim.fitting, raw, asked) if raw else frozenset[int]()
    return frozenset(policy for policy in asked if policy.group_id in fits)


async def _pass_on(tx: Writing, post_id: int, trimmable: frozenset[GroupPolicy]) -> None:
    begun = await nesting.begin(tx, post_id)
    if begun is None:
        return
    post, groups = begun
    if groups:
        about = await _facts(tx, post, post_id)
        for group in groups:
            fits = replace(about, trimmable=group in trimmable)
            standing, decision = await _judge(tx, post, group, fits)
            made = await nesting.pass_on(tx, post, group.group_id, standing, decision)
            if made is not None:
                _log.info("post.nested", id=post.public_id, group=group.address, state=made.state.value)
    await nesting.finish(tx, post_id)


async def _facts(tx: Writing, post: Post, post_id: int) -> Facts:
    """What intake saw and does not stand in the post: the marks of groups that carried the message to us."""
    raw = await posts.raw(tx, post_id) or b""
    return Facts(
        author=post.author,
        authenticated=post.authenticated,
        standing=Standing.STRANGER,
        size=await posts.size(tx, post_id),
        loops=facts.loop_marks(headers.fields(headers.split(raw)[0])),
        marks=nesting.marks(post),
    )


async def _judge(tx: Writing, post: Post, group: GroupPolicy, about: Facts) -> tuple[Standing, Decision]:
    """What the author is to the group within, and what its policy says.

    What it refuses is refused: its own people never asked for it, and the report of the group it came through names it.
    Who moderates it is told which group that was. Where no more can be held, nobody is there who could bring it again.
    """
    key = Address.parse(post.author).key
    standing = await memberships.standing(tx, group.group_id, key, post.authenticated)
    word = await rulings.word(tx, group.group_id, [key])
    allowed = word.allowed and post.authenticated
    decision = decide(replace(about, standing=standing, banned=word.banned, allowed=allowed), group)
    if decision.action is not Action.HOLD:
        return standing, decision
    asked = [(group.group_id, standing)]
    full = await held.without_room(tx, post.author, authenticated=post.authenticated, standings=asked)
    if held.GROUP in full.values():
        await held.tell_full(tx, group.group_id)
    if full:
        return standing, Decision(Action.REJECT, (Reason("no_room", {"group": group.address}),), decision.trail)
    through = Reason("through", {"group": posts.policy(post).address})
    return standing, replace(decision, reasons=(*decision.reasons, through))
