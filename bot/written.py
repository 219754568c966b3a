"""Mail written in Slack, and answers told there, from their rows to what people are shown of them."""

from __future__ import annotations

import asyncio

from bot import rows
from bot.views import compose, mail, quotes
from bot.views.blocks import Shown
from bot.views.conversation import Conversation
from store import compositions, conversations, posts
from store.engine import Reading
from store.schema.composition import Composition
from store.schema.group import Group
from store.schema.notice import Notice
from store.schema.post import Post
from store.terms import SlackContent


async def card(tx: Reading, row: Composition) -> compose.Card:
    """A mail that was sent as its author sees it."""
    assert row.id is not None
    group = await rows.group(tx, row.group_id)
    return compose.Card(
        composition_id=row.id,
        group=group.address,
        subject=row.subject,
        state=row.state,
        due=row.due_at,
        verdict=compositions.verdict(row),
        tried=bool(row.tries),
    )


async def notice(tx: Reading, notice: Notice, language: str) -> Shown | None:
    """The direct message to its author; nothing of one that is forgotten."""
    row = await compositions.get(tx, notice.subject_id)
    return None if row is None else compose.card(language, await card(tx, row))


async def conversation(tx: Reading, post: Post, group: Group) -> Conversation:
    """What a post's report says of its conversation, as far as its group lets mail into Slack."""
    assert post.id is not None
    if post.answers_id is None:
        return Conversation(answered=await conversations.answered(tx, post.id))
    told = group.slack_content is not SlackContent.NONE
    excerpt = None
    if group.slack_content is SlackContent.EXCERPT and post.only_to is None:
        raw = await posts.raw(tx, post.id)
        excerpt = await asyncio.to_thread(_own_words, raw) if raw else None
    return Conversation(
        answers=True,
        author=(post.author_name or post.author) if told else "",
        alone=post.only_to is not None,
        excerpt=excerpt,
    )


def _own_words(raw: bytes) -> str:
    return quotes.stripped(mail.read(raw).text)
