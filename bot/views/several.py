"""Deciding on several things at once: a form of boxes to tick, and what came of it.

Pure. A box's value is `r<id>` for a request and `p<id>` for a post: a row, never authority.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.views import blocks, escape, state
from bot.views.blocks import Block, View
from bot.views.ids import Field, Form
from store.texts import say

MOST = 50
BOX = 10  # of one input
NO_SUBJECT = "–"


@dataclass(frozen=True, slots=True)
class Item:
    """`key` is the box's value; `who` asks or wrote, `what` is the group, or the subject where it may be seen."""

    key: str
    who: str
    what: str


def form(language: str, items: Sequence[Item], total: int) -> View:
    """The boxes, of which `total` would be there if all fitted."""
    body: list[Block] = [blocks.section(say(language, "several.intro"))]
    if total > len(items[:MOST]):
        body.append(blocks.context(say(language, "several.first", n=MOST, total=total)))
    for place, start in enumerate(range(0, min(len(items), MOST), BOX)):
        options = [
            blocks.option(escape.plain(item.who) or NO_SUBJECT, item.key, description=escape.plain(item.what) or None)
            for item in items[start : start + BOX]
        ]
        label = say(language, "several.label", first=start + 1, last=start + len(options))
        body.append(blocks.entry(f"{Field.CHOSEN}{place}", label, blocks.checkboxes(options), optional=True))
    decisions = [
        blocks.option(say(language, f"several.{word}"), word, description=say(language, f"several.{word}_hint"))
        for word in ("yes", "no")
    ]
    body.append(blocks.entry(Field.DECISION, say(language, "several.decision"), blocks.radio(decisions)))
    return blocks.modal(
        say(language, "several.title"), Form.SEVERAL, body, submit=say(language, "several.submit"),
        close=say(language, "slack.modal.cancel"),
    )  # fmt: skip


def chosen(view: Mapping[str, object]) -> list[str]:
    """The values of the boxes that are ticked."""
    ticked: list[str] = []
    for place in range(MOST // BOX):
        ticked += sorted(state.ticked(view, f"{Field.CHOSEN}{place}"))
    return ticked
