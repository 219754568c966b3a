"""Posts: a message submitted to groups, and the decisions people take on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import make_transient_to_detached
from sqlmodel import col, delete, select, update

from store import (
    apart,
    audit,
    authors,
    claims,
    conversations,
    families,
    floods,
    held,
    inserts,
    ladder,
    names,
    outbox,
    repeats,
    roster,
    rulings,
    undo,
)
from store.engine import Reading, Writing
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.message import Message
from store.schema.post import HELD, Post
from store.signal import Topic
from store.steering import retry as retry
from store.steering import stop as stop
from store.submissions import NewMessage as NewMessage
from store.submissions import NoRoom as NoRoom
from store.submissions import Submission as Submission
from store.submissions import Submitted as Submitted
from store.terms import (
    Action,
    Actor,
    Decision,
    GroupKind,
    GroupPolicy,
    LetterKind,
    NoticeKind,
    PostState,
    Standing,
)

STATE_OF = {
    Action.ACCEPT: PostState.ACCEPTED,
    Action.HOLD: PostState.HELD,
    Action.REJECT: PostState.REJECTED,
    Action.DISCARD: PostState.DISCARDED,
}

_HIGHEST = select(func.max(Membership.id))
_LISTS = ("addressed", "results")
_OF_MESSAGE = [name for name in NewMessage.__dataclass_fields__ if name not in ("raw", "origin", "answers", *_LISTS)]


@dataclass(frozen=True, slots=True)
class Decided:
    """Whether this decision was the first, and the post as it now stands."""

    won: bool
    post: Post


async def submit(tx: Writing, message: NewMessage, submissions: Sequence[Submission]) -> Submitted:
    """Keep a message and one post per group, by the decisions given; accepted ones begin to expand at the commit.

    A repeat (same group and fingerprint) creates nothing; if all are repeats, neither does the message. One that proves
    the author of a held post takes its place. Raises NoRoom, and has then written nothing.
    """
    known = await repeats.find(tx, {one.group_id: one.fingerprint for one in submissions})
    fresh = [submission for submission in submissions if submission.group_id not in known]
    proven = [one for one in submissions if _settles(known.get(one.group_id), message)]
    if not fresh and not proven:
        first = known[submissions[0].group_id]
        return Submitted(first.public_id, (), tuple(known))
    to_hold = [one for one in fresh if one.decision.action is Action.HOLD]
    # One after the other where something is held, so that two of them do not both see the last place free.
    accepted = [one for one in (*fresh, *proven) if one.decision.action is Action.ACCEPT]
    await roster.hold(tx, [one.group_id for one in (*accepted, *to_hold)], alone=bool(to_hold))
    if full := await no_room(tx, message, to_hold):
        raise NoRoom(full)
    stored = Message(size=len(message.raw), digest=sha256(message.raw).hexdigest(), raw=message.raw, created_at=tx.now)
    tx.add(stored)
    await tx.flush()
    assert stored.id is not None
    for submission in proven:  # before the family is locked, as who releases a post locks both in this order
        await _prove(tx, known[submission.group_id], message, submission, stored.id)
    # One after another for one message, whichever processes it came to: each sees what the one before has made.
    family = await families.join(tx, submissions[0].fingerprint)
    if family.peopled:
        # Looked for again: to write beside one that is being released waits for who waits for the family.
        known = await repeats.find(tx, {one.group_id: one.fingerprint for one in submissions})
    posts: list[Post] = []
    repeated = list(known)
    for submission in [one for one in fresh if one.group_id not in known]:
        post = await _insert(tx, message, submission, stored.id, family.id)
        if post is None:
            repeated.append(submission.group_id)
            continue
        posts.append(post)
        await begin(tx, post)
    if not posts:
        if not proven:  # somebody was faster with every one of them
            await tx.exec(delete(Message).where(col(Message.id) == stored.id))
        first = (await repeats.find(tx, {one.group_id: one.fingerprint for one in submissions}))[
            submissions[0].group_id
        ]
        return Submitted(first.public_id, (), tuple(repeated))
    return Submitted(message.public_id, tuple(posts), tuple(repeated))


async def no_room(tx: Reading, message: NewMessage, submissions: Sequence[Submission]) -> dict[int, str]:
    """Of what is to be held, where there is no room for it (see `held.without_room`)."""
    standings = [(one.group_id, one.standing) for one in submissions if one.decision.action is Action.HOLD]
    return await held.without_room(tx, message.author, authenticated=message.authenticated, standings=standings)


def _settles(post: Post | None, message: NewMessage) -> bool:
    return post is not None and repeats.proves(post, authenticated=message.authenticated)


async def _prove(tx: Writing, post: Post, message: NewMessage, submission: Submission, message_id: int) -> None:
    assert post.id is not None
    values = _values(message)
    del values["public_id"]  # the first one was said in the 250
    values |= {"message_id": message_id, "marks": submission.marks.as_json()}
    taken = await repeats.take(tx, post.id, values, submission.standing, submission.decision)
    if taken and submission.decision.action is Action.ACCEPT:
        await release(tx, post.id, Actor("system"))


def _values(message: NewMessage) -> dict[str, Any]:
    return (
        {name: getattr(message, name) for name in _OF_MESSAGE}
        | {name: list(getattr(message, name)) for name in _LISTS}
        | {"origin": message.origin.as_json()}
    )


async def begin(tx: Writing, post: Post) -> None:
    """Let a new post take the way its state says: out, or onto a moderator's card."""
    if post.state is PostState.ACCEPTED:
        await accept(tx, post)
    elif post.state is PostState.HELD:
        await floods.announce(tx, post)


async def _insert(
    tx: Writing, message: NewMessage, submission: Submission, message_id: int, family_id: int
) -> Post | None:
    values = _values(message) | {
        "group_id": submission.group_id,
        "message_id": message_id,
        "family_id": family_id,
        "fingerprint": submission.fingerprint,
        "marks": submission.marks.as_json(),
        "answers_id": await conversations.root(tx, submission.group_id, message.answers),
        "parent_id": None,
        "depth": 0,
    }
    return await insert(tx, values, submission.standing, submission.decision)


async def insert(tx: Writing, values: dict[str, Any], standing: Standing, decision: Decision) -> Post | None:
    """Keep a post with these values, decided so; None if its group has the message already."""
    values = values | {
        "standing": standing,
        "state": STATE_OF[decision.action],
        "reasons": [reason.as_json() for reason in decision.reasons],
        "trail": [list(step) for step in decision.trail],
        "created_at": tx.now,
        "decision_reason": "",
        "expanded_id": 0,
        "rejudge": False,
        "test": False,
        "nested": [],
        "nesting": False,
    }
    if decision.action is Action.HOLD:
        values |= held.waits(decision.reasons, tx.now)
    connection = await tx.connection()
    post_id = (await connection.execute(_insertion(tx.dialect), values)).scalar_one_or_none()
    if post_id is None:
        return None
    post = Post(id=post_id, **values)
    make_transient_to_detached(post)  # it stands there as it is here, and need not be read again
    tx.add(post)
    return post


@cache
def _insertion(dialect: str) -> Any:
    """Built once: to put thirty columns into words costs more than to write them."""
    return inserts.into(dialect, Post).on_conflict_do_nothing().returning(col(Post.id))


async def accept(tx: Writing, post: Post) -> None:
    """Accept (or release) a post: freeze the group, its contacts and the post's rank, announce its report, begin to
    expand.

    The caller holds the roster, from before it locks the post.
    """
    group = await tx.get(Group, post.group_id)
    assert group is not None
    assert post.id is not None
    mark = (await tx.exec(_HIGHEST)).one() or 0
    post.state = PostState.ACCEPTED
    post.accepted_at = tx.now
    post.policy = names.policy(group).as_json()
    post.high_water = mark
    if group.kind is GroupKind.GROUP and post.only_to is None:
        found = await apart.of(tx, post)
        post.apart, post.nested, post.nesting = found.memberships, found.groups, bool(found.groups)
    if post.family_id is None:  # held since a version that knew no families
        post.family_id = (await families.join(tx, None)).id
    post.rank = await families.rank(tx, post.family_id)
    tx.add(post)
    await tx.flush()
    if post.parent_id is not None:
        await outbox.touch_last(tx, NoticeKind.REPORT, post.parent_id)
    if group.kind is GroupKind.GROUP and not post.test:
        targets = await conversations.accepted(tx, post, group)
        await outbox.announce(tx, NoticeKind.REPORT, post.id, targets, group_id=group.id)
    tx.wake(Topic.EXPAND)


async def get(tx: Reading, post_id: int) -> Post | None:
    """The post, or None."""
    return await tx.get(Post, post_id)


async def raw(tx: Reading, post_id: int) -> bytes | None:
    """The message's bytes as received; None if the post is unknown or retention emptied it."""
    query = select(Message.raw).join(Post, col(Post.message_id) == col(Message.id)).where(col(Post.id) == post_id)
    return (await tx.exec(query)).first()


async def size(tx: Reading, post_id: int) -> int:
    """The octets of a post's message as received."""
    query = select(Message.size).join(Post, col(Post.message_id) == col(Message.id)).where(col(Post.id) == post_id)
    return (await tx.exec(query)).one()


async def waiting(tx: Reading, group_ids: Sequence[int], *, lock: bool = False) -> list[Post]:
    """Held posts of these groups, oldest first; with `lock` nobody decides them before this transaction ends."""
    query = select(Post).where(HELD, col(Post.group_id).in_(group_ids))
    query = query.order_by(col(Post.id))
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return list((await tx.exec(query)).all())


async def _decide(tx: Writing, post_id: int, state: PostState, verb: str, actor: Actor, reason: str = "") -> Decided:
    """Compare and set, in one statement: the first decision wins, later ones see whose it was."""
    values = {"state": state, "decided_by": actor.person_id, "decided_at": tx.now, "decision_reason": reason}
    values |= claims.NOBODY | {"undo_until": undo.until(actor, tx.now), "undo": None}
    first = update(Post).where(col(Post.id) == post_id, col(Post.state) == PostState.HELD)
    if state is PostState.EXPIRED:
        first = first.where(col(Post.expires_at) <= tx.now)
    won = (await tx.exec(first.values(values))).rowcount == 1
    post = await tx.get(Post, post_id, populate_existing=True)
    assert post is not None
    if won:
        await audit.record(
            tx, verb, actor, group_id=post.group_id, subject=f"post:{post_id}", details={"reason": reason}
        )
        await outbox.touch(tx, NoticeKind.HELD_CARD, post_id)
        await ladder.withdraw(tx, [post])
        if post.parent_id is not None and state is not PostState.ACCEPTED:  # accepting does, once it has its locks
            await outbox.touch_last(tx, NoticeKind.REPORT, post.parent_id)
    return Decided(won, post)


async def release(tx: Writing, post_id: int, actor: Actor) -> Decided:
    """Let a held post go out, to the contacts as of now. Raises Refused `author_banned` to a person."""
    await _hold_roster(tx, post_id)
    if actor.person_id is not None:
        await rulings.check_author(tx, post_id)
    decided = await _decide(tx, post_id, PostState.ACCEPTED, "post.released", actor)
    if decided.won:
        await accept(tx, decided.post)
    return decided


async def _hold_roster(tx: Writing, post_id: int) -> None:
    await roster.hold(tx, (await tx.exec(select(Post.group_id).where(col(Post.id) == post_id))).all())


async def reject(tx: Writing, post_id: int, reason: str, actor: Actor) -> Decided:
    """Refuse a held post; the author is told why if proven to be the author (anything else would be backscatter)."""
    decided = await _decide(tx, post_id, PostState.REJECTED, "post.rejected", actor, reason)
    if decided.won:
        letter = await authors.tell(tx, LetterKind.POST_REJECTED, decided.post, reason=reason, after=undo.FOR)
        if letter is not None:
            await undo.note(tx, decided.post, letter=letter)
    return decided


async def discard(tx: Writing, post_id: int, actor: Actor) -> Decided:
    """Drop a held post; nobody is told."""
    return await _decide(tx, post_id, PostState.DISCARDED, "post.discarded", actor)


async def expire(tx: Writing, post_id: int, *, by_domain: bool) -> Decided:
    """End a held post whose time is over, unless a person was faster; its author is told if proven."""
    decided = await _decide(tx, post_id, PostState.EXPIRED, "post.expired", Actor("system"))
    if decided.won:
        await authors.tell(tx, LetterKind.POST_EXPIRED, decided.post, by_domain=by_domain)
    return decided


async def resume_held(tx: Writing, group_id: int) -> None:
    """The group's pause or hold is over: what was held for it is to be judged anew by the bridge."""
    for post in await waiting(tx, [group_id], lock=True):
        post.rejudge |= bool(held.OF_GROUP & {reason["name"] for reason in post.reasons})
        tx.add(post)
    tx.wake(Topic.EXPAND)


async def to_rejudge(tx: Reading, limit: int = 20) -> list[Post]:
    """Held posts that a resumed group waits to have judged anew."""
    # In the order of the index of held posts, which is asked for at every acceptance.
    query = select(Post).where(HELD, col(Post.rejudge)).order_by(col(Post.group_id), col(Post.id))
    return list((await tx.exec(query.limit(limit))).all())


async def rejudged(tx: Writing, post_id: int, decision: Decision) -> bool:
    """Apply a new decision to a post held for a pause or a hold. False if a person decided it meanwhile.

    What would be refused now stays held, its card saying so: it was taken, so somebody should see it.
    """
    if decision.action is Action.ACCEPT:
        await _hold_roster(tx, post_id)
    still_held = update(Post).where(col(Post.id) == post_id, col(Post.state) == PostState.HELD)
    reasons = [reason.as_json() for reason in decision.reasons]
    trail = [list(step) for step in decision.trail]
    if (await tx.exec(still_held.values(rejudge=False, reasons=reasons, trail=trail))).rowcount == 0:
        return False
    if decision.action is not Action.ACCEPT:
        # What waited for the group begins to wait for its moderators.
        unasked = update(Post).where(col(Post.id) == post_id, col(Post.expires_at).is_(None))
        await tx.exec(unasked.values(**held.waits(decision.reasons, tx.now)))
    if decision.action is Action.ACCEPT:
        return (await release(tx, post_id, Actor("system"))).won
    await outbox.touch(tx, NoticeKind.HELD_CARD, post_id)
    return True


def policy(post: Post) -> GroupPolicy:
    """The group as frozen at the post's acceptance."""
    assert isinstance(post.policy, Mapping)
    return GroupPolicy.from_json(post.policy)
