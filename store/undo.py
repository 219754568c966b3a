"""Undo: for ten minutes a person's decision can be taken back, once, by who took it or by an administrator.

What a decision does in Slack or in the database can be taken back at any time; mail cannot. So the letter of a refusal
leaves when the ten minutes are over, and taking the decision back takes the letter out of the queue: who wins is
decided by its row, so it is never sent and taken back both. A release is not taken back (`posts.stop` ends it).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import col, func, or_, select, update

from store import audit, claims, ladder, letters, outbox, retention, roster, rulings
from store.engine import Reading, Writing
from store.schema.delivery import Delivery
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.post import LAPSING as POST_LAPSING
from store.schema.post import Post
from store.schema.request import LAPSING as REQUEST_LAPSING
from store.schema.request import WAITING, Request
from store.signal import Topic
from store.terms import (
    Actor,
    DeliveryState,
    LetterKind,
    Mode,
    NoticeKind,
    PostState,
    Receiving,
    Refused,
    RequestKind,
    RequestState,
)

FOR: Final = timedelta(minutes=10)
# What comes back shortly before its end, or after it, gets so long again.
AT_LEAST: Final = timedelta(days=1)
LETTER, MEMBERSHIP, RULING = "letter", "membership", "ruling"
TAKEN_BACK: Final = frozenset({PostState.REJECTED, PostState.DISCARDED})
OVER: Final[dict[str, Any]] = {"undo_until": None, "undo": None}
LAPSED_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Undone:
    """Whether it was taken back now; if not, it was before, or its time is over."""

    won: bool


def until(actor: Actor, now: datetime) -> datetime | None:
    """Until when a decision taken now can be taken back: only people change their minds."""
    return now + FOR if actor.person_id is not None else None


async def note(tx: Writing, row: Post | Request, **what: int) -> None:
    """What goes back with the decision on this row, by name."""
    row.undo = {**(row.undo or {}), **what}
    tx.add(row)
    await tx.flush()


def open_for(row: Post | Request, now: datetime) -> bool:
    """Whether the row's decision can be taken back at this moment, or its post be stopped from its card."""
    if row.undo_until is None or row.undo_until <= now:
        return False
    if isinstance(row, Post):
        return row.state in TAKEN_BACK or bool((row.undo or {}).get(RULING))
    denied = row.state is RequestState.DENIED
    return denied or (row.state is RequestState.APPROVED and MEMBERSHIP in (row.undo or {}))


# ---------------------------------------------------------------- posts


async def post(tx: Writing, post_id: int, actor: Actor) -> Undone:
    """Let a rejected or discarded post wait again, and lift the ban set with it; of a released one take back only that
    its author is always allowed.

    Raises Refused `undo_emptied`, `undo_letter_gone`, and `group_gone` or `group_archived` where nothing may wait any
    more; then nothing is changed.
    """
    # Before the post, as who releases it: and nobody archives or deletes the group, having seen that nothing waits.
    of_group = (await tx.exec(select(Post.group_id).where(col(Post.id) == post_id))).one()
    await roster.hold(tx, [of_group], alone=True)
    mine = select(Post).where(col(Post.id) == post_id).with_for_update(key_share=True)
    found = (await tx.exec(mine.execution_options(populate_existing=True))).one()
    if not open_for(found, tx.now):
        return Undone(False)
    if found.state in TAKEN_BACK:
        _check_open(await tx.get_one(Group, of_group, populate_existing=True))
    what = found.undo or {}
    if RULING in what:
        await rulings.lift_by_id(tx, what[RULING], actor)
    if found.state not in TAKEN_BACK:
        found.undo = None
        tx.add(found)
        await tx.flush()
    else:
        if not await retention.kept(tx, post_id):
            raise Refused("undo_emptied")
        await _back(tx, what)
        await tx.exec(update(Post).where(col(Post.id) == post_id).values(**await _waiting(tx, found)))
        if found.parent_id is not None:
            await outbox.touch_last(tx, NoticeKind.REPORT, found.parent_id)
        await ladder.withdraw(tx, [found])  # it names this one again
    await audit.record(tx, "post.undone", actor, group_id=found.group_id, subject=f"post:{post_id}")
    await outbox.touch(tx, NoticeKind.HELD_CARD, post_id)
    return Undone(True)


def _check_open(group: Group) -> None:
    if group.deleted_at is not None:
        raise Refused("group_gone")
    if group.archived:
        raise Refused("group_archived", address=group.address)


async def _back(tx: Writing, what: dict[str, int]) -> None:
    if LETTER in what and not await letters.withdraw(tx, what[LETTER]):
        raise Refused("undo_letter_gone")


async def _waiting(tx: Writing, found: Post) -> dict[str, Any]:
    """The columns of a post that waits again, and has time enough to."""
    values = OVER | {"state": PostState.HELD, "decided_by": None, "decided_at": None, "decision_reason": ""}
    if found.expires_at is not None:
        return values | {"expires_at": max(found.expires_at, tx.now + AT_LEAST)}
    group = await tx.get_one(Group, found.group_id, populate_existing=True)
    if group.mode is Mode.LIVE:  # it waited for the group, which was resumed while it was decided
        tx.wake(Topic.EXPAND)
        return values | {"rejudge": True}
    return values


# ---------------------------------------------------------------- requests


async def request(tx: Writing, request_id: int, actor: Actor) -> Undone:
    """Let a denied request wait again, or an approved one, whose applicant is then in the group no more.

    Raises Refused `group_gone`, `group_archived` for who would join, `undo_letter_gone`, `undo_asked_again`, and for an
    approval `undo_acted` (they have
    changed something themselves, or others have for them), `undo_reached` (a post has gone to them).
    """
    found = await tx.get_one(Request, request_id)
    group = await roster.lock(tx, found.group_id)
    found = await tx.get_one(Request, request_id, populate_existing=True)
    if not open_for(found, tx.now):
        return Undone(False)
    if found.kind is RequestKind.JOIN:
        _check_open(group)
    what = found.undo or {}
    again = select(Request.id).where(WAITING, col(Request.group_id) == group.id, col(Request.key) == found.key)
    if (await tx.exec(again)).first() is not None:
        raise Refused("undo_asked_again")
    if found.state is RequestState.APPROVED:
        await _put_out(tx, found, what, actor)
    else:
        await _back(tx, what)
    values: dict[str, Any] = OVER | {
        "state": RequestState.PENDING,
        "decided_by": None,
        "decided_at": None,
        "decision_reason": "",
    }
    if RULING in what:
        await rulings.lift_by_id(tx, what[RULING], actor)
    if found.expires_at is not None:
        values |= {"expires_at": max(found.expires_at, tx.now + AT_LEAST)}
    await tx.exec(update(Request).where(col(Request.id) == request_id).values(**values))
    await ladder.withdraw(tx, [found])
    await audit.record(tx, "request.undone", actor, group_id=group.id, subject=f"request:{request_id}")
    for kind in (NoticeKind.REQUEST_CARD, NoticeKind.REQUEST_OUTCOME):
        await outbox.touch(tx, kind, request_id)
    return Undone(True)


async def _put_out(tx: Writing, found: Request, what: dict[str, int], actor: Actor) -> None:
    row = await tx.get(Membership, what[MEMBERSHIP], populate_existing=True)
    untouched = row is not None and row.contact and not (row.moderator or row.administrator)
    if row is None or not untouched or row.receiving is not Receiving.ON:
        raise Refused("undo_acted")
    if not (row.receive_own and row.receive_addressed):
        raise Refused("undo_acted")
    if await _reached(tx, found, what[MEMBERSHIP]):
        raise Refused("undo_reached")
    await roster.drop(tx, found.group_id, [what[MEMBERSHIP]])
    details = {"count": 1, "memberships": [what[MEMBERSHIP]]}
    await audit.record(tx, "membership.removed", actor, group_id=found.group_id, details=details)
    if LETTER in what and not await letters.withdraw(tx, what[LETTER]):
        group = await tx.get_one(Group, found.group_id)
        arguments = {"group": group.address, "name": group.address if group.hidden else group.display_name}
        await letters.write(
            tx, LetterKind.JOIN_UNDONE, found.address, group.language, group_id=group.id, arguments=arguments
        )


async def _reached(tx: Reading, found: Request, membership_id: int) -> bool:
    """Whether a copy has left for them, or is just leaving: looked for among the posts accepted since."""
    since = select(Post.id).where(col(Post.group_id) == found.group_id, col(Post.accepted_at) >= found.decided_at)
    gone = select(func.count(col(Delivery.id))).where(
        col(Delivery.post_id).in_(since),
        col(Delivery.membership_id) == membership_id,
        col(Delivery.state).not_in((DeliveryState.QUEUED, DeliveryState.SKIPPED)),
    )
    return (await tx.exec(gone)).one() > 0


async def joined(tx: Reading, found: Request) -> int | None:
    """The membership that an approval just made, if it made one: only that can be taken back whole."""
    if found.kind is not RequestKind.JOIN:
        return None
    made = [row for row in await roster.rows(tx, found.group_id, keys=[found.key]) if row.created_at == tx.now]
    return next((row.id for row in made if not (row.moderator or row.administrator)), None)


# ---------------------------------------------------------------- the end of it


async def lapsed(tx: Reading) -> bool:
    """Whether a time to undo or a claim is over, and its card still says otherwise."""
    return any([(await tx.exec(query.limit(1))).first() is not None for query in _over(tx)])


async def lapse(tx: Writing) -> int:
    """Draw anew the cards of what can no longer be undone or is no longer claimed. Returns how many."""
    posts, asked = _over(tx)
    return await _lapse(tx, posts, Post, NoticeKind.HELD_CARD) + await _lapse(
        tx, asked, Request, NoticeKind.REQUEST_CARD
    )


async def _lapse(tx: Writing, query: Any, table: type[Post] | type[Request], card: NoticeKind) -> int:
    ids = (await tx.exec(query.limit(LAPSED_AT_ONCE).with_for_update(skip_locked=True))).all()
    mine = update(table).where(col(table.id).in_(ids))
    await tx.exec(mine.where(col(table.undo_until) <= tx.now).values(**OVER))
    await tx.exec(mine.where(col(table.claimed_until) <= tx.now).values(**claims.NOBODY))
    for row_id in ids:
        await outbox.touch(tx, card, row_id)
    return len(ids)


def _over(tx: Reading) -> tuple[Any, Any]:
    """Posts, then requests, of which something is over; in the words of their indexes."""
    return (
        select(Post.id)
        .where(POST_LAPSING, or_(col(Post.undo_until) <= tx.now, col(Post.claimed_until) <= tx.now))
        .order_by(col(Post.id)),
        select(Request.id)
        .where(REQUEST_LAPSING, or_(col(Request.undo_until) <= tx.now, col(Request.claimed_until) <= tx.now))
        .order_by(col(Request.id)),
    )
