"""Conversations: which post a message goes on with, and where in Slack that is told.

An answer belongs to the first post of its conversation in the same group; its report stands in the thread of that
one's. An answer for the author alone is nobody's business but of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import and_, col, func, or_, select

from store import audience, notices, outbox, persons
from store.engine import Reading, Writing
from store.schema.group import Group
from store.schema.notice import Notice, Placement
from store.schema.post import Post
from store.terms import NoticeKind, PostState

MOST_NAMED = 50  # References of one message, and answers in one thread, that are looked for: the newest


@dataclass(frozen=True, slots=True)
class Thread:
    """Where the report of a conversation's first post stands at one target: its ts, or that it is yet to be said."""

    ts: str = ""
    waits: bool = False


async def root(tx: Reading, group_id: int, named: Sequence[str]) -> int | None:
    """The first post of the conversation that a message goes on with, by the Message-IDs it names; None if it begins
    one. Only what was accepted in that group counts: what a stranger's held mail says leads nowhere."""
    named = named[-MOST_NAMED:]
    if not named:
        return None
    # A message that came without a Message-ID was given one of ours, of its public id.
    ours = [one.strip("<>").partition("@")[0] for one in named]
    query = select(Post.id, Post.answers_id).where(
        col(Post.group_id) == group_id,
        col(Post.state) == PostState.ACCEPTED,
        col(Post.only_to).is_(None),
        or_(
            and_(col(Post.header_message_id) != "", col(Post.header_message_id).in_(named)),
            and_(col(Post.header_message_id) == "", col(Post.public_id).in_(ours)),
        ),
    )
    found = (await tx.exec(query.order_by(col(Post.id).desc()).limit(1))).first()
    return None if found is None else found[1] or found[0]


async def answered(tx: Reading, post_id: int) -> int:
    """How many answers to a post the group has got."""
    query = select(func.count()).where(
        col(Post.answers_id) == post_id, col(Post.state) == PostState.ACCEPTED, col(Post.only_to).is_(None)
    )
    return int((await tx.exec(query)).one())


async def accepted(tx: Writing, post: Post, group: Group) -> list[str]:
    """An answer is out: its conversation's report counts it. Gives the targets of the post's own report."""
    first = post.answers_id
    if first is not None and post.only_to is None:
        await outbox.touch_last(tx, NoticeKind.REPORT, first)
    if post.only_to is not None:
        return [person.slack_id for person in await persons.by_email(tx, post.author) if not person.deactivated]
    if group.report_channel:
        return [group.report_channel]
    people = await audience.deciders(tx, group.id, administrators_only=True)
    return [person.slack_id for person in people]


async def told_at(tx: Reading, channel: str, ts: str) -> int | None:
    """The post whose report is that message of Slack's; None for any other message. One look-up by index."""
    query = (
        select(Notice.subject_id)
        .join(Placement, col(Placement.notice_id) == col(Notice.id))
        .where(col(Placement.channel) == channel, col(Placement.ts) == ts, col(Notice.kind) == NoticeKind.REPORT)
    )
    return (await tx.exec(query)).first()


async def last_above(tx: Reading, first: int, channel: str, ts: str) -> int:
    """The post that what is typed at `ts`, in the thread of the report of the post `first`, goes on with: the last
    whose report stands above it there."""
    answers = select(Post.id).where(
        col(Post.answers_id) == first, col(Post.state) == PostState.ACCEPTED, col(Post.only_to).is_(None)
    )
    newest = (await tx.exec(answers.order_by(col(Post.id).desc()).limit(MOST_NAMED))).all()
    query = (
        select(Notice.subject_id)
        .join(Placement, col(Placement.notice_id) == col(Notice.id))
        .where(
            col(Notice.key).in_([notices.key(NoticeKind.REPORT, one) for one in newest if one is not None]),
            col(Placement.channel) == channel,
            col(Placement.ts) < ts,
        )
    )
    return (await tx.exec(query.order_by(col(Placement.ts).desc()).limit(1))).first() or first


async def stands(tx: Reading, post_id: int, channel: str) -> str | None:
    """Where in a conversation of Slack's a post's report stands: its ts; None if it does not."""
    query = (
        select(Placement.ts)
        .join(Notice, col(Notice.id) == col(Placement.notice_id))
        .where(col(Notice.key) == notices.key(NoticeKind.REPORT, post_id), col(Placement.channel) == channel)
    )
    return (await tx.exec(query)).first()


async def thread(tx: Reading, post_id: int, target: str) -> Thread:
    """The thread that a post's report belongs in at this target; empty where it is to stand for itself."""
    first = (await tx.exec(select(Post.answers_id).where(col(Post.id) == post_id))).first()
    if first is None:
        return Thread()
    query = (
        select(Placement)
        .join(Notice, col(Notice.id) == col(Placement.notice_id))
        .where(col(Notice.key) == notices.key(NoticeKind.REPORT, first), col(Placement.target) == target)
    )
    placement = (await tx.exec(query)).first()
    if placement is None or (placement.state == "dead" and not placement.ts):
        return Thread()
    return Thread(placement.ts or "", waits=not placement.ts)
