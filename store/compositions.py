"""Compositions: mail that people write in Slack. The bot asks and sends, the bridge judges and submits, by this row.

Whoever acts first wins, in one statement: a composition is undone or claimed, never both, and what a bridge left
claimed when it died is claimed again – its message is the same to the octet, so its post is a repeat and none is made
twice.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import col, delete, or_, select, update

from store import audit, outbox, persons
from store.composition import CompositionState, Verdict
from store.engine import Reading, Writing
from store.schema.composition import OPEN, Composition
from store.schema.group import Group
from store.schema.person import Person
from store.schema.post import Post
from store.signal import Topic
from store.terms import Action, NoticeKind, Refused

UNDO: Final = timedelta(seconds=30)
LONGEST_SUBJECT: Final = 200  # characters; more is folded away by every mail program
LONGEST_TEXT: Final = 3_000  # what an input of Slack's holds
MOST_OPEN: Final = 10  # a person's that are not posts yet
CLAIMED_FOR: Final = timedelta(minutes=1)  # a bridge that has not submitted it by then is dead
TRIED_AGAIN: Final = timedelta(seconds=20)
MOST_TRIES: Final = 30  # ten minutes
KEPT_FOR: Final = timedelta(days=7)
DRAFTS_KEPT_FOR: Final = timedelta(days=1)
_DRAFTS: Final = (CompositionState.ASKED, CompositionState.READY)
_TAKEN: Final = frozenset({Action.ACCEPT, Action.HOLD})


def unfit(person: Person) -> Refused | None:
    """Why this person cannot write mail from Slack, or None. Asked at the form, at the submit, and by the bridge."""
    if person.stranger:
        return Refused("compose_stranger")
    if person.guest:
        return Refused("compose_guest")
    if person.deactivated or person.bot:
        return Refused("compose_gone")
    return None if person.email else Refused("compose_without_email")


def subject(text: str) -> str:
    """The subject as it is kept. Raises Refused `compose_no_subject`, `compose_long_subject`, `compose_controls`."""
    kept = " ".join(_clean(text).split())
    if not kept:
        raise Refused("compose_no_subject")
    if len(kept) > LONGEST_SUBJECT:
        raise Refused("compose_long_subject", length=str(len(kept)), limit=str(LONGEST_SUBJECT))
    return kept


def body(text: str) -> str:
    """The text as it is kept, its lines ended by LF. Raises Refused `compose_no_text`, `compose_long_text`,
    `compose_controls`."""
    kept = "\n".join(line.rstrip() for line in _clean(text).splitlines()).strip("\n")
    if not kept.strip():
        raise Refused("compose_no_text")
    if len(kept) > LONGEST_TEXT:
        raise Refused("compose_long_text", length=str(len(kept)), limit=str(LONGEST_TEXT))
    return kept


def _clean(text: str) -> str:
    # A control character is no part of a mail's text, and what it does to a terminal or a header is the attacker's.
    if any(unicodedata.category(character) in {"Cc", "Cs"} and character not in "\t\r\n" for character in text):
        raise Refused("compose_controls")
    return text


async def ask(
    tx: Writing, group: Group, person: Person, public_id: str, given: tuple[str, str], *,
    answers: Post | None = None, alone: bool = False,
) -> Composition:  # fmt: skip
    """Have the bridge say what this mail would be; `given` is a checked subject and text, `public_id` a fresh random
    id.

    Raises Refused for a person who cannot write mail, or who has too many under way.
    """
    if refused := unfit(person):
        raise refused
    assert group.id is not None
    assert person.id is not None
    going = select(Composition.id).where(col(Composition.person_id) == person.id, OPEN)
    if len((await tx.exec(going.limit(MOST_OPEN))).all()) >= MOST_OPEN:
        raise Refused("compose_too_many", limit=str(MOST_OPEN))
    written = Composition(
        group_id=group.id,
        person_id=person.id,
        public_id=public_id,
        subject=given[0],
        text=given[1],
        state=CompositionState.ASKED,
        answers_id=answers.id if answers else None,
        alone=alone,
        created_at=tx.now,
        due_at=tx.now,
    )
    tx.add(written)
    await tx.flush()
    tx.wake(Topic.COMPOSE)
    return written


async def get(tx: Reading, composition_id: int) -> Composition | None:
    """The composition, fresh from the database, or None."""
    return await tx.get(Composition, composition_id, populate_existing=True)


def verdict(composition: Composition) -> Verdict | None:
    """What the bridge said of it, if it has."""
    return Verdict.from_json(composition.verdict) if composition.verdict else None


async def send(tx: Writing, composition_id: int, person: Person) -> Composition:
    """Let it go out once it can no longer be undone; its author is shown by direct message what becomes of it.

    Raises Refused `compose_gone_stale` for what is not theirs, was sent already or forgotten, and `compose_not_taken`
    where the group's policy refuses it.
    """
    if refused := unfit(person):
        raise refused
    row = await _locked(tx, composition_id, person)
    if row is None or row.state is not CompositionState.READY:
        raise Refused("compose_gone_stale")
    said = verdict(row)
    if said is None or said.action not in _TAKEN:
        raise Refused("compose_not_taken")
    row.state, row.sent_at, row.due_at = CompositionState.WAITING, tx.now, tx.now + UNDO
    tx.add(row)
    await tx.flush()
    await audit.record(
        tx, "post.written", persons.actor(person), group_id=row.group_id, subject=f"composition:{composition_id}"
    )
    await outbox.announce(tx, NoticeKind.COMPOSITION, composition_id, [person.slack_id], group_id=row.group_id)
    return row


async def undo(tx: Writing, composition_id: int, person: Person) -> Composition | None:
    """Take it back, if no bridge has it yet; None for what is not theirs. Its state says whether it was in time."""
    row = await get(tx, composition_id)
    if row is None or row.person_id != person.id:
        return None
    # A bridge that failed after its commit has put it off, and it is a post all the same.
    if row.state is CompositionState.WAITING and await posted(tx, composition_id):
        return await get(tx, composition_id)
    first = update(Composition).where(
        col(Composition.id) == composition_id,
        col(Composition.person_id) == person.id,
        col(Composition.state) == CompositionState.WAITING,
    )
    if (await tx.exec(first.values(state=CompositionState.UNDONE))).rowcount == 1:
        found = await get(tx, composition_id)
        assert found is not None
        await audit.record(
            tx, "post.undone", persons.actor(person), group_id=found.group_id, subject=f"composition:{composition_id}"
        )
        await _changed(tx, composition_id)
        return found
    return await get(tx, composition_id)


async def _locked(tx: Writing, composition_id: int, person: Person) -> Composition | None:
    mine = select(Composition).where(col(Composition.id) == composition_id, col(Composition.person_id) == person.id)
    return (await tx.exec(mine.with_for_update().execution_options(populate_existing=True))).first()


async def _changed(tx: Writing, composition_id: int) -> None:
    await outbox.touch(tx, NoticeKind.COMPOSITION, composition_id)


# ---------------------------------------------------------------- the bridge's side


async def due(tx: Reading) -> Composition | None:
    """The one that a bridge is to look at next: to judge, to submit, or to submit again."""
    query = select(Composition).where(OPEN, col(Composition.due_at) <= tx.now)
    return (await tx.exec(query.order_by(col(Composition.due_at), col(Composition.id)).limit(1))).first()


async def next_due(tx: Reading) -> datetime | None:
    """When the next one is due; None if none is open."""
    query = select(Composition.due_at).where(OPEN).order_by(col(Composition.due_at)).limit(1)
    return (await tx.exec(query)).first()


async def judged(tx: Writing, composition_id: int, said: Verdict) -> None:
    """Tell its author what it would be."""
    asked = update(Composition).where(
        col(Composition.id) == composition_id, col(Composition.state) == CompositionState.ASKED
    )
    await tx.exec(asked.values(state=CompositionState.READY, verdict=said.as_json()))
    tx.wake(Topic.COMPOSE)


async def claim(tx: Writing, composition_id: int) -> Composition | None:
    """Take one that is due, so that it can no longer be undone. None if somebody else was faster."""
    mine = update(Composition).where(
        col(Composition.id) == composition_id,
        or_(
            col(Composition.state) == CompositionState.WAITING,
            col(Composition.state) == CompositionState.CLAIMED,
        ),
        col(Composition.due_at) <= tx.now,
    )
    taken = mine.values(state=CompositionState.CLAIMED, due_at=tx.now + CLAIMED_FOR, tries=col(Composition.tries) + 1)
    if (await tx.exec(taken)).rowcount == 0:
        return None
    await _changed(tx, composition_id)
    return await get(tx, composition_id)


async def posted(tx: Writing, composition_id: int) -> bool:
    """It is a post now, of which this has the id. False if there is none with its public id in its group."""
    row = await get(tx, composition_id)
    assert row is not None
    query = select(Post.id).where(col(Post.public_id) == row.public_id, col(Post.group_id) == row.group_id)
    post_id = (await tx.exec(query)).first()
    if post_id is None:
        return False
    # The message has the text from here on, and the rules for how long it is kept.
    await _end(tx, composition_id, state=CompositionState.POSTED, post_id=post_id, text="")
    return True


async def refused(tx: Writing, composition_id: int, said: Verdict) -> None:
    """The group's policy, or a fault that does not pass, keeps it from being a post."""
    await _end(tx, composition_id, state=CompositionState.REFUSED, verdict=said.as_json())


async def put_off(tx: Writing, composition_id: int) -> bool:
    """Try it again later. False if that was done often enough: then it is to be refused."""
    row = await get(tx, composition_id)
    if row is None or row.tries >= MOST_TRIES:
        return False
    state = CompositionState.ASKED if row.state is CompositionState.ASKED else CompositionState.WAITING
    values: dict[str, Any] = {"state": state, "due_at": tx.now + TRIED_AGAIN}
    if state is CompositionState.ASKED:
        values["tries"] = row.tries + 1
    await tx.exec(update(Composition).where(col(Composition.id) == composition_id, OPEN).values(**values))
    await _changed(tx, composition_id)
    return True


async def _end(tx: Writing, composition_id: int, **values: Any) -> None:
    await tx.exec(update(Composition).where(col(Composition.id) == composition_id, OPEN).values(**values))
    await _changed(tx, composition_id)
    tx.wake(Topic.COMPOSE)


async def purge(tx: Writing) -> int:
    """Forget what was never sent after a day, all else that is over after a week. Returns how many went."""
    over: Sequence[Any] = (
        (col(Composition.state).in_(_DRAFTS)) & (col(Composition.created_at) < tx.now - DRAFTS_KEPT_FOR),
        (~col(Composition.state).in_((CompositionState.WAITING, CompositionState.CLAIMED)))
        & (col(Composition.created_at) < tx.now - KEPT_FOR),
    )
    return (await tx.exec(delete(Composition).where(or_(*over)))).rowcount
