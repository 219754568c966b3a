"""The one card of a flood of held posts: how many, from whom lately, what became of them, and all at once.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.views import blocks, escape
from bot.views.blocks import Block, Shown
from bot.views.ids import Action
from store.terms import PostState
from store.texts import say

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Line:
    """`subject` is None where the group keeps it out of Slack."""

    author: str
    subject: str | None


@dataclass(frozen=True, slots=True)
class Flood:
    flood_id: int
    group: str
    counts: Mapping[PostState, int]
    latest: Sequence[Line]

    @property
    def waiting(self) -> int:
        return self.counts.get(PostState.HELD, 0)


def card(language: str, flood: Flood) -> Shown:
    """The card, with buttons while anything of it waits."""
    total = sum(flood.counts.values())
    head = say(language, "flood.head", n=total, via=escape.mrkdwn, group=flood.group)
    body: list[Block] = [blocks.section(head)]
    lines = [
        say(
            language,
            "flood.line" if line.subject else "flood.line_unseen",
            via=lambda text: escape.mrkdwn(text, 150),
            author=line.author or "–",
            subject=line.subject or "",
        )
        for line in flood.latest[:SHOWN]
    ]
    if lines:
        body.append(blocks.section("\n".join([say(language, "flood.latest"), *lines])))
    stands = [
        say(language, f"flood.{state.value}", n=flood.counts[state]) for state in PostState if flood.counts.get(state)
    ]
    body.append(blocks.context(" · ".join(stands)))
    if flood.waiting:
        body.append(_buttons(language, flood))
    return blocks.shown(f"{head} {' · '.join(stands)}", body)


def _buttons(language: str, flood: Flood) -> Block:
    def spoken(word: str) -> str:
        return say(language, f"flood.{word}_spoken", via=escape.plain, group=flood.group)

    sure = blocks.confirm(
        say(language, "flood.discard_title", n=flood.waiting),
        say(language, "flood.discard_text"),
        say(language, "flood.discard"),
        say(language, "slack.modal.cancel"),
        danger=True,
    )
    return blocks.actions(
        blocks.button(say(language, "flood.choose"), Action.PENDING_SEVERAL, flood.flood_id, spoken=spoken("choose")),
        blocks.button(
            say(language, "flood.discard"), Action.FLOOD_DISCARD, flood.flood_id, style="danger", confirm=sure,
            spoken=spoken("discard"),
        ),
    )  # fmt: skip
