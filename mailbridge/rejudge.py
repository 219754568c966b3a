"""Judge anew what was held only because its group was paused."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from mailbridge.policy.chain import decide
from mailbridge.policy.facts import Facts
from mailbridge.proof.judgement import is_check
from mailbridge.rewrite import trim
from store import groups, memberships, names, posts, rulings
from store.engine import Database
from store.marks import Marks
from store.terms import GroupPolicy, Reason, folded


async def rejudge(database: Database) -> int:
    """Decide waiting posts by the settings and the roster of now. Returns how many were looked at."""
    async with database.reading() as tx:
        waiting = [post.id for post in await posts.to_rejudge(tx)]
    for post_id in waiting:
        assert post_id is not None
        trimmable = await _trimmable(database, post_id)
        async with database.writing() as tx:
            post = await posts.get(tx, post_id)
            group = await groups.get(tx, post.group_id) if post else None
            if post is None or group is None:
                continue
            policy = names.policy(group)
            standing = await memberships.standing(tx, post.group_id, folded(post.author), post.authenticated)
            word = await rulings.word(tx, post.group_id, [folded(post.author)])
            # Loops, machines and malformed mail were judged on the bytes at intake, and do not change.
            facts = Facts(
                post.author,
                post.authenticated,
                standing,
                await posts.size(tx, post_id),
                checks=tuple(reason for reason in map(Reason.from_json, post.reasons) if is_check(reason)),
                marks=Marks.from_json(post.marks),
                trimmable=trimmable == policy,
                banned=word.banned,
                allowed=word.allowed and post.authenticated,
            )
            decision = decide(facts, policy)
            whence = tuple(reason for reason in map(Reason.from_json, post.reasons) if reason.name == "through")
            await posts.rejudged(tx, post_id, replace(decision, reasons=(*decision.reasons, *whence)))
    return len(waiting)


async def _trimmable(database: Database, post_id: int) -> GroupPolicy | None:
    """The settings of now, if by them the post is too large and can be trimmed. Looked at before anything is locked,
    for a large mail takes its time."""
    async with database.reading() as tx:
        post = await posts.get(tx, post_id)
        group = await groups.get(tx, post.group_id) if post else None
        if group is None or not trim.trims(names.policy(group), await posts.size(tx, post_id)):
            return None
        policy, raw = names.policy(group), await posts.raw(tx, post_id)
    fits = raw is not None and bool(await asyncio.to_thread(trim.fitting, raw, [policy]))
    return policy if fits else None
