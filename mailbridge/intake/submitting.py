"""What was decided is committed: the posts, and the letters beside them. Or put off, where too many wait already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from mailbridge.intake.envelope import Envelope
from mailbridge.intake.session import House
from mailbridge.policy import replies
from mailbridge.policy.outcome import Outcome, put_off
from store import authors, held, languages, letters, posts, sizes
from store.engine import Writing
from store.posts import NewMessage, Submission, Submitted
from store.terms import Action, Decision, GroupPolicy, LetterKind, PostState
from store.texts import say

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Judged:
    """A message with its groups and what policy decided for each; `submissions` are those to store, by index."""

    message: NewMessage
    groups: Sequence[GroupPolicy]
    decisions: Sequence[Decision]
    submissions: Mapping[int, Submission]


async def submit(house: House, envelope: Envelope, judged: Judged, result: Outcome) -> tuple[Outcome, str]:
    """Commit what `result` takes. Gives what is said in the end, and the id of the 250, "" if nothing was stored.

    Where no post more can be held nothing is written but, once a day, a notice to the moderators.
    """
    full = await _full(house, judged)
    while True:
        result = await _put_off(house, envelope, judged.groups, result, full)
        taken = [judged.submissions[at] for at, _ in result.posts if at in judged.submissions]
        if not taken:
            return result, ""
        try:
            async with house.database.writing() as tx:
                submitted = await posts.submit(tx, judged.message, taken)
                await _write(tx, house, judged, result, submitted)
        except posts.NoRoom as late:
            full = late.groups  # others took the last places meanwhile
            continue
        _log.info(
            "message.committed", id=submitted.public_id, posts=len(submitted.posts), repeats=len(submitted.repeats)
        )
        return result, submitted.public_id


async def _full(house: House, judged: Judged) -> Mapping[int, str]:
    """Where no post more can be held; asked of the database only for what is to be held."""
    submissions = list(judged.submissions.values())
    if not any(one.decision.action is Action.HOLD for one in submissions):
        return {}
    async with house.database.reading() as tx:
        return await posts.no_room(tx, judged.message, submissions)


async def _put_off(
    house: House, envelope: Envelope, groups: Sequence[GroupPolicy], result: Outcome, full: Mapping[int, str]
) -> Outcome:
    """The outcome without what cannot be held, by group id and whose posts they are that wait."""
    said = {
        at: replies.no_room(group, full[group.group_id]) for at, group in enumerate(groups) if group.group_id in full
    }
    for at, reply in said.items():
        _log.info("post.put_off", id=envelope.public_id, group=groups[at].address, reply=str(reply))
    for group_id, whose in full.items():
        if whose == held.GROUP:
            await _tell_full(house, group_id)
    return put_off(result, said, lmtp=envelope.lmtp)


async def _tell_full(house: House, group_id: int) -> None:
    async with house.database.reading() as tx:
        told = await held.told_full(tx, group_id)
    if not told:
        async with house.database.writing() as tx:
            await held.tell_full(tx, group_id)


async def _write(tx: Writing, house: House, judged: Judged, result: Outcome, submitted: Submitted) -> None:
    """The letters to a proven author; a repeat was told of at its first time."""
    if not submitted.posts:
        return
    for at in result.letters:
        await _refused(tx, house, judged.message, judged.groups[at], judged.decisions[at])
    for post in submitted.posts:
        if post.state is PostState.HELD:
            await authors.told_held(tx, post, by_domain=house.by_domain)


async def _refused(tx: Writing, house: House, message: NewMessage, group: GroupPolicy, decision: Decision) -> None:
    """The letter for a refusal that the session could not say. Only ever to a proven author."""
    language = await languages.of_address(tx, message.author, group.language)
    texts = [
        say(language, f"reason.{reason.name}", **dict[str, Any](sizes.spoken(reason.values, language)))
        for reason in decision.reasons
    ]
    await letters.write(
        tx,
        LetterKind.POST_REJECTED,
        message.author,
        group.language,
        group_id=group.group_id,
        arguments={
            "group": group.address,
            "name": group.display_name,
            "subject": message.subject,
            "reason": "\n".join(texts),
        },
        in_reply_to=message.header_message_id,
        by_domain=house.by_domain,
    )
