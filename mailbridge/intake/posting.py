"""A message for groups: authenticate its author, ask policy, commit, and only then say 250."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from mailbridge.intake.authenticate import authenticate
from mailbridge.intake.envelope import Envelope
from mailbridge.intake.session import House
from mailbridge.policy import chain, facts, fingerprint, outcome, replies
from mailbridge.policy.shape import Shape
from mailbridge.proof.judgement import Proof
from store import letters, memberships, posts
from store.engine import Writing
from store.posts import NewMessage, Submission
from store.schema.post import Post
from store.terms import Action, Decision, GroupPolicy, LetterKind, Reply, Standing
from store.texts import say

_log = structlog.get_logger(__name__)
_HASH_IN_THREAD = 1_048_576
_REPEATED = Decision(Action.ACCEPT, trail=(("repeated", True),))  # taken, and nothing is stored


async def post(
    house: House, envelope: Envelope, shape: Shape | Reply, groups: Sequence[GroupPolicy], raw: bytes
) -> list[Reply]:
    """One reply for each of `groups`, a group that was named twice included.

    The groups' standings are read first and the write lock is taken only for what is stored: a refused mail costs no
    write.
    """
    if isinstance(shape, Reply):
        _log.info("post.refused", id=envelope.public_id, reply=str(shape), client=envelope.client)
        return [shape] * len(groups)
    forwarded = any(group.address != group.route for group in groups)
    proof = await authenticate(house, envelope, shape, forwarded=forwarded)
    distinct = list({group.group_id: group for group in groups}.values())
    content = await _content(house, envelope, shape)
    prints = {group.group_id: fingerprint.fingerprint(group.address, content) for group in distinct}
    standings, known = await _look(house, shape, proof, distinct, prints)
    decisions = [
        # Settings may have changed since its first time, but that time 250 was said, and heard or not it stands.
        _REPEATED
        if group.group_id in known
        else chain.decide(facts.gather(shape, envelope.return_path, standing, proof), group)
        for group, standing in zip(distinct, standings, strict=True)
    ]
    result = outcome.conclude(decisions, authenticated=proof.authenticated, lmtp=envelope.lmtp)
    for group, decision in zip(distinct, decisions, strict=True):
        _note(envelope, shape, proof, group, decision)
    public_id = next((post.public_id for post in known.values()), envelope.public_id)
    submissions = [
        Submission(distinct[at].group_id, standings[at], decision, prints[distinct[at].group_id])
        for at, decision in result.posts
        if decision is not _REPEATED
    ]
    if submissions:
        message = _message(envelope, shape, proof, raw)
        async with house.database.writing() as tx:
            submitted = await posts.submit(tx, message, submissions)
            # A repeat was told of at its first time.
            if submitted.posts:
                for index in result.letters:
                    await _tell(tx, house, shape, distinct[index], decisions[index])
        public_id = submitted.public_id
        _log.info("message.committed", id=public_id, posts=len(submitted.posts), repeats=len(submitted.repeats))
    said = {
        group.group_id: reply or replies.taken(public_id) for group, reply in zip(distinct, result.replies, strict=True)
    }
    return [said[group.group_id] for group in groups]


async def _look(
    house: House, shape: Shape, proof: Proof, groups: Sequence[GroupPolicy], prints: Mapping[int, str | None]
) -> tuple[list[Standing], dict[int, Post]]:
    """What the author is to each group, and the posts that this message repeats."""
    key = shape.author.address.key
    async with house.database.reading() as tx:
        standings = [await memberships.standing(tx, group.group_id, key, proof.authenticated) for group in groups]
        return standings, await posts.repeats(tx, prints)


async def _content(house: House, envelope: Envelope, shape: Shape) -> bytes | None:
    # Each copy of ours has a return path of its own, and groups nested in two ways bring a mail twice: once is enough.
    return_path = "bounces" if house.directory.ours(envelope.return_path) else envelope.return_path
    if shape.size < _HASH_IN_THREAD:
        return fingerprint.content(shape, return_path)
    return await asyncio.to_thread(fingerprint.content, shape, return_path)


def _message(envelope: Envelope, shape: Shape, proof: Proof, raw: bytes) -> NewMessage:
    return NewMessage(
        raw=raw,
        public_id=envelope.public_id,
        return_path=envelope.return_path,
        helo=envelope.helo,
        client=envelope.client,
        author=str(shape.author.address),
        author_name=shape.author.name,
        subject=shape.subject,
        header_message_id=shape.message_id,
        authenticated=proof.authenticated,
        verdict=proof.verdict,
        results=proof.results,
    )


async def _tell(tx: Writing, house: House, shape: Shape, group: GroupPolicy, decision: Decision) -> None:
    """The letter for a refusal that the session could not say. Only ever to a proven author."""
    texts = [
        say(group.language, f"reason.{reason.name}", **dict[str, Any](reason.values)) for reason in decision.reasons
    ]
    await letters.write(
        tx,
        LetterKind.POST_REJECTED,
        str(shape.author.address),
        group.language,
        group_id=group.group_id,
        arguments={
            "group": group.address,
            "name": group.display_name,
            "subject": shape.subject,
            "reason": "\n".join(texts),
        },
        in_reply_to=shape.message_id,
        by_domain=house.by_domain,
    )


_EVENT = {
    Action.ACCEPT: "post.accepted",
    Action.HOLD: "post.held",
    Action.REJECT: "post.rejected",
    Action.DISCARD: "post.discarded",
}


def _event(decision: Decision) -> str:
    if decision is _REPEATED:
        return "post.repeated"
    # What the sender is asked to bring again is not refused.
    return "post.put_off" if decision.reply and decision.reply.temporary else _EVENT[decision.action]


def _note(envelope: Envelope, shape: Shape, proof: Proof, group: GroupPolicy, decision: Decision) -> None:
    _log.info(
        _event(decision),
        id=envelope.public_id,
        group=group.address,
        author=str(shape.author.address),
        return_path=envelope.return_path,
        verdict=proof.verdict,
        reasons=[reason.name for reason in decision.reasons],
        detail=[dict(reason.values) for reason in decision.reasons if reason.name == "automatic"],
    )
