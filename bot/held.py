"""Held posts as their cards and reminders show them, with as much of a mail as its group lets into Slack."""

from __future__ import annotations

import asyncio
from datetime import datetime

from bot import rows
from bot.views import cards, decide, mail, reminders
from bot.views import floods as flood_views
from bot.views.blocks import Shown
from store import floods, held, ladder, outbox, posts, undo
from store.engine import Reading
from store.marks import Marks
from store.schema.notice import Notice
from store.schema.post import Post
from store.terms import PostState, Reason, SlackContent


async def card(tx: Reading, post: Post) -> cards.HeldCard:
    """A held post as its card shows it."""
    assert post.id is not None
    group = await rows.group(tx, post.group_id)
    excerpt: str | None = None
    attachments: tuple[str, ...] = ()
    waits = post.state is PostState.HELD
    if group.slack_content is not SlackContent.NONE and waits:
        read = await mail_of(tx, post.id)
        attachments = read.attachments
        excerpt = read.text if group.slack_content is SlackContent.EXCERPT else None
    return cards.HeldCard(
        post_id=post.id,
        group=group.address,
        state=post.state,
        author=post.author,
        author_name=post.author_name,
        authenticated=post.authenticated,
        proof=post.verdict,
        reasons=[Reason.from_json(reason) for reason in post.reasons],
        size=await posts.size(tx, post.id),
        subject=None if group.slack_content is SlackContent.NONE else post.subject,
        excerpt=excerpt,
        attachments=attachments,
        verdict=await rows.verdict(tx, post.decided_by, post.decided_at, post.decision_reason),
        deleted=post.state is PostState.EXPIRED and rows.ended_with(group, post.decided_at),
        marks=Marks.from_json(post.marks),
        until=post.expires_at,
        of_author=await held.of_author(tx, post) if waits else 1,
        claim=await rows.claim(tx, post),
        undo=_undo(post, tx.now),
    )


def _undo(post: Post, now: datetime) -> decide.Undo | None:
    """What can still be taken back of the decision on a post, or stopped of what it let go out."""
    if post.undo_until is None or post.undo_until <= now:
        return None
    back = post.state in undo.TAKEN_BACK
    what = post.undo or {}
    return decide.Undo(
        post.undo_until,
        undo=back,
        letter=undo.LETTER in what,
        allowed=undo.RULING in what and not back,
        stop=post.state is PostState.ACCEPTED and post.done_at is None,
    )


async def mail_of(tx: Reading, post_id: int) -> mail.Mail:
    """The text of a post's message; nothing of it where retention has emptied the message."""
    raw = await posts.raw(tx, post_id)
    # Parsing is work for the processor, and this loop has acknowledgements to make in time.
    return await asyncio.to_thread(mail.read, raw) if raw else mail.Mail()


async def reminder(tx: Reading, notice: Notice, language: str) -> Shown | None:
    """What still waits of what the reminder named. Said too late, with nothing waiting, it is not said at all."""
    assert notice.group_id is not None
    group = await rows.group(tx, notice.group_id)
    asking, waiting = await ladder.named(tx, notice.group_id, notice.subject_id)
    if not asking and not waiting:
        copies = await outbox.placements(tx, notice.kind, notice.subject_id)
        return reminders.over(language, group.address) if any(copy.ts for copy in copies) else None
    ends = [*(one.expires_at for one in asking), *(one.expires_at for one in waiting)]
    until = min(filter(None, ends), default=None)
    seen = reminders.Seen(group.address, posts=len(waiting), requests=len(asking), until=until)
    if "under" in notice.arguments:
        # By name where several read; who is written to alone is meant.
        people = await ladder.mentioned(tx, notice.group_id) if group.moderation_channel else []
        return reminders.mention(language, people, seen)
    if len(waiting) == 1 and not asking:
        return reminders.one(language, await card(tx, waiting[0]))
    return reminders.several(language, seen)


async def flood(tx: Reading, notice: Notice, language: str) -> Shown | None:
    """Many posts in one card, as they stand at this moment."""
    assert notice.group_id is not None
    group = await rows.group(tx, notice.group_id)
    latest = await floods.waiting(tx, notice.subject_id)
    hidden = group.slack_content is SlackContent.NONE
    lines = [flood_views.Line(post.author, None if hidden else post.subject) for post in latest[: flood_views.SHOWN]]
    counts = await floods.counted(tx, notice.subject_id)
    return flood_views.card(language, flood_views.Flood(notice.subject_id, group.address, counts, lines))


async def full(tx: Reading, notice: Notice, language: str) -> Shown | None:
    """That no more posts can be held, and how many wait at this moment."""
    assert notice.group_id is not None
    group = await rows.group(tx, notice.group_id)
    waiting = await posts.waiting(tx, [notice.group_id])
    return reminders.full(language, group.address, len(waiting)) if waiting else None
