"""What a report says of the conversation that its post is in: whom it answers with what, and how often it was answered.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.views import blocks, escape
from bot.views.blocks import Block, Element
from bot.views.ids import Action
from store.texts import say

EXCERPT = 600  # characters


@dataclass(frozen=True, slots=True)
class Conversation:
    """`answers`: the post goes on with another. `author` wrote it, "" where the group keeps that out of Slack; `alone`:
    for one person. `excerpt` is what it says itself, None where that stays out of Slack. `answered` counts answers."""

    answers: bool = False
    author: str = ""
    alone: bool = False
    excerpt: str | None = None
    answered: int = 0


NONE = Conversation()


def head(language: str, shown: Conversation, group: str, subject: str | None) -> str:
    """The first line of an answer's report."""
    if shown.alone:
        return say(language, "compose.answer.alone", via=escape.mrkdwn, author=shown.author, group=group)
    if subject is None:
        return say(language, "compose.answer.unsaid", via=escape.mrkdwn, group=group)
    return say(language, "compose.answer.head", via=escape.mrkdwn, author=shown.author, group=group, subject=subject)


def excerpt(language: str, shown: Conversation) -> Block:
    """What the answer says, without what it quotes; nothing in it acts."""
    if not shown.excerpt:
        return blocks.context(say(language, "compose.answer.nothing"))
    return blocks.section(escape.quoted(escape.cut(shown.excerpt, EXCERPT), EXCERPT * 6))


def answered(language: str, shown: Conversation) -> str:
    """How often the post was answered."""
    return say(language, "compose.answer.count", n=shown.answered)


def button(language: str, post_id: int, group: str) -> Element:
    """The way to an answer by mail."""
    return blocks.button(
        say(language, "compose.answer.button"), Action.COMPOSE_ANSWER, post_id,
        spoken=say(language, "compose.answer.spoken", via=escape.plain, group=group),
    )  # fmt: skip
