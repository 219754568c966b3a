"""Reminders of what waits, and the word that no more can be held.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.views import blocks, cards, escape
from bot.views.blocks import Block, Shown
from bot.views.ids import Action
from store.texts import say


def one(language: str, card: cards.HeldCard) -> Shown:
    """Of a single post: its card once more, where people look now."""
    return cards.held(language, card, again=True)


@dataclass(frozen=True, slots=True)
class Seen:
    """What of a reminder still waits; `until` is when the first of it expires."""

    group: str
    posts: int
    requests: int
    until: datetime | None


def several(language: str, seen: Seen) -> Shown:
    """Of however many, in one message."""
    head = _head(language, seen)
    body: list[Block] = [blocks.section(head)]
    if seen.until is not None:
        body.append(blocks.context(say(language, "slack.reminder.until", until=escape.moment(seen.until))))
    show = blocks.button(
        say(language, "slack.reminder.show"), Action.PENDING_PAGE, 1, style="primary",
        spoken=say(language, "slack.reminder.show_spoken"),
    )  # fmt: skip
    return blocks.shown(head, [*body, blocks.actions(show)])


def mention(language: str, people: Sequence[str], seen: Seen) -> Shown:
    """In the thread of a card, with the names of those who may decide."""
    names = " ".join(escape.person(slack_id) for slack_id in people)
    text = f"{names} {_head(language, seen)}".strip()
    return blocks.shown(text, [blocks.section(text)])


def _head(language: str, seen: Seen) -> str:
    counted = (("slack.reminder.head", seen.posts), ("ladder.requests", seen.requests))
    return " ".join(say(language, key, n=n, via=escape.mrkdwn, group=seen.group) for key, n in counted if n)


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
