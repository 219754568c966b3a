"""A message for groups: authenticate its author, ask policy, commit, and only then say 250."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from mailbridge.intake.authenticate import authenticate
from mailbridge.intake.envelope import Envelope
from mailbridge.intake.session import House
from mailbridge.intake.submitting import Judged, submit
from mailbridge.policy import addressed, chain, facts, fingerprint, outcome, replies, spam
from mailbridge.policy.shape import Shape, first
from mailbridge.proof.judgement import Proof
from mailbridge.rewrite import trim
from mailbridge.rewrite.composed import message_ids
from store import memberships, names, repeats, rulings
from store.engine import Reading
from store.marks import Marks
from store.posts import NewMessage, Submission
from store.schema.post import Post
from store.terms import Action, Decision, GroupPolicy, Reply, Standing, folded
from store.word import Word

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
    distinct = list({group.group_id: group for group in groups}.values())
    known_by = await _fingerprint(shape)
    proof, seen, decisions = await _judge(house, envelope, shape, distinct, raw, known_by)
    result = outcome.conclude(decisions, authenticated=proof.authenticated, lmtp=envelope.lmtp)
    for group, decision in zip(distinct, decisions, strict=True):
        _note(envelope, shape, proof, group, decision)
    submissions = {
        at: Submission(distinct[at].group_id, seen.standings[at], decision, known_by, seen.marks[at])
        for at, decision in result.posts
        if decision is not _REPEATED
    }
    public_id = next((post.public_id for post in seen.known.values()), envelope.public_id)
    if submissions:
        judged = Judged(_message(envelope, shape, proof, raw), distinct, decisions, submissions)
        result, committed = await submit(house, envelope, judged, result)
        public_id = committed or public_id
    said = {
        group.group_id: reply or replies.taken(public_id) for group, reply in zip(distinct, result.replies, strict=True)
    }
    return [said[group.group_id] for group in groups]


async def judge(
    house: House, envelope: Envelope, shape: Shape, group: GroupPolicy, raw: bytes
) -> tuple[Proof, Decision]:
    """What is known of the author, and what would be decided of a message that was never sent before; nothing is
    stored."""
    proof, _, (decision,) = await _judge(house, envelope, shape, [group], raw, None)
    return proof, decision


async def _judge(
    house: House,
    envelope: Envelope,
    shape: Shape,
    groups: Sequence[GroupPolicy],
    raw: bytes,
    known_by: str | None,
) -> tuple[Proof, _Seen, list[Decision]]:
    forwarded = any(group.address != group.route for group in groups)
    proof = await authenticate(house, envelope, shape, forwarded=forwarded)
    seen = await _look(house, envelope, shape, proof, groups, known_by)
    trimmable = await _trimmable(raw, groups)
    decisions = [
        # Settings may have changed since its first time, but that time 250 was said, and heard or not it stands.
        _REPEATED
        if group.group_id in seen.known
        and not repeats.proves(seen.known[group.group_id], authenticated=proof.authenticated)
        else chain.decide(
            facts.gather(
                shape,
                envelope.return_path,
                standing,
                proof,
                marks,
                trimmable=group.group_id in trimmable,
                word=word,
            ),
            group,
        )
        for group, standing, marks, word in zip(groups, seen.standings, seen.marks, seen.words, strict=True)
    ]
    return proof, seen, decisions


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the author and the message are to each group, its word on the author, and by group id the posts that this
    message repeats."""

    standings: list[Standing]
    marks: list[Marks]
    words: list[Word]
    known: dict[int, Post]


async def _look(
    house: House,
    envelope: Envelope,
    shape: Shape,
    proof: Proof,
    groups: Sequence[GroupPolicy],
    known_by: str | None,
) -> _Seen:
    key = shape.author.address.key
    # From anybody but a front relay of ours such fields prove nothing; nor from a device that stands where one does.
    trusted = envelope.login is None and not envelope.slack and house.relays.trust(envelope.client)
    found = spam.verdict(shape.fields, house.relays.authserv_id) if trusted else spam.NONE
    named = frozenset(addressed.addressed(shape.fields))
    marks = facts.mark(shape, len(addressed.addressed(shape.fields, addressed.TO_AND_CC)), found)
    # A copy of one of our groups, of which this one is a contact, names the other group and no other.
    carried = house.directory.ours(envelope.return_path)
    async with house.database.reading() as tx:
        unnamed = [not carried and not envelope.only_to and not await _named(tx, group, named) for group in groups]
        return _Seen(
            [await memberships.standing(tx, group.group_id, key, proof.authenticated) for group in groups],
            [replace(marks, unnamed=one) for one in unnamed],
            [await rulings.word(tx, group.group_id, [key]) for group in groups],
            await repeats.find(tx, {group.group_id: known_by for group in groups}),
        )


async def _named(tx: Reading, group: GroupPolicy, addresses: frozenset[str]) -> bool:
    """Whether the group is among those written to; its aliases are looked up only if nothing else of it is."""
    if not addresses.isdisjoint({folded(group.address), folded(group.route)}):
        return True
    aliases = {name.address for name in await names.of_group(tx, group.group_id)} if addresses else set()
    return not addresses.isdisjoint(aliases)


async def _trimmable(raw: bytes, groups: Sequence[GroupPolicy]) -> frozenset[int]:
    """The groups that would have attachments left out, and for which the message fits then."""
    asked = [group for group in groups if trim.trims(group, len(raw))]
    return await asyncio.to_thread(trim.fitting, raw, asked) if asked else frozenset()


async def _fingerprint(shape: Shape) -> str | None:
    if shape.size < _HASH_IN_THREAD:
        return fingerprint.fingerprint(shape)
    return await asyncio.to_thread(fingerprint.fingerprint, shape)


def _message(envelope: Envelope, shape: Shape, proof: Proof, raw: bytes) -> NewMessage:
    return NewMessage(
        raw=raw,
        public_id=envelope.public_id,
        return_path=envelope.return_path,
        helo=envelope.helo,
        client=envelope.client,
        protocol=envelope.protocol,
        author=str(shape.author.address),
        author_name=shape.author.name,
        subject=shape.subject,
        header_message_id=shape.message_id,
        authenticated=proof.authenticated,
        verdict=proof.verdict,
        results=proof.results,
        origin=proof.origin,
        addressed=addressed.addressed(shape.fields),
        answers=_answers(shape),
        only_to=envelope.only_to or None,
    )


def _answers(shape: Shape) -> tuple[str, ...]:
    """What it says it answers: References, and In-Reply-To as the nearest (RFC 5322 3.6.4)."""
    return message_ids(first(shape.fields, b"references")) + message_ids(first(shape.fields, b"in-reply-to"))


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
