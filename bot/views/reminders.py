"""Reminders of held posts, and the word that no more can be held.

Pure.
"""

from __future__ import annotations

from datetime import datetime

from bot.views import blocks, cards, escape
from bot.views.blocks import Block, Shown
from bot.views.ids import Action
from store.texts import say


def one(language: str, card: cards.HeldCard) -> Shown:
    """Of a single post: its card once more, where people look now."""
    return cards.held(language, card, again=True)


def several(language: str, group: str, n: int, until: datetime | None) -> Shown:
    """Of `n` posts, however many, in one message; `until` is when the first expires."""
    head = say(language, "slack.reminder.head", n=n, via=escape.mrkdwn, group=group)
    body: list[Block] = [blocks.section(head)]
    if until is not None:
        body.append(blocks.context(say(language, "slack.reminder.until", until=escape.moment(until))))
    show = blocks.button(
        say(language, "slack.reminder.show"), Action.PENDING_PAGE, 1, style="primary",
        spoken=say(language, "slack.reminder.show_spoken"),
    )  # fmt: skip
    return blocks.shown(head, [*body, blocks.actions(show)])


def over(language: str, group: str) -> Shown:
    """Nothing of what it named waits for it any more."""
    text = say(language, "slack.reminder.over", via=escape.mrkdwn, group=group)
    return blocks.shown(text, [blocks.context(text)])


def full(language: str, group: str, n: int) -> Shown:
    """No more posts can be held: what that means, and what to do."""
    head = say(language, "slack.full.head", n=n, via=escape.mrkdwn, group=group)
    text = say(language, "slack.full.text")
    show = blocks.button(
        say(language, "slack.reminder.show"), Action.PENDING_PAGE, 1, spoken=say(language, "slack.reminder.show_spoken")
    )
    return blocks.shown(f"{head} {text}", [blocks.section(head), blocks.section(text), blocks.actions(show)])
