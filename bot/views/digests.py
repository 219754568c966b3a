"""A group's week as it is told where the group reports.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.views import blocks, escape, figures
from bot.views.blocks import Shown
from bot.views.ids import Action
from store.texts import Markup, say

# Not the "pretty" one: "until today" is a sentence in English, and none in French.
DAY = "{date_short} {time}"


@dataclass(frozen=True, slots=True)
class Week:
    """The figures of the seven days until `until`; how many contacts came and went in them; `held` posts and `requests`
    that wait now."""

    until: datetime
    figures: figures.Figures
    joined: int = 0
    left: int = 0
    held: int = 0
    requests: int = 0


def week(language: str, shown: Week) -> Shown:
    """In words alone: who wants more opens the figures, with their chart and their posts, by the button."""
    group = shown.figures.group
    until = escape.moment(shown.until, style=DAY)
    lines = [
        say(language, "digest.head", via=escape.mrkdwn, group=group, until=until),
        *figures.told(language, shown.figures),
        _counted(language, (("digest.joined", shown.joined), ("digest.left", shown.left))),
        _counted(language, (("digest.held", shown.held), ("digest.requests", shown.requests))),
    ]
    words = "\n".join(line for line in lines if line)
    more = blocks.button(
        say(language, "digest.more"), Action.FIGURES_PAGE, f"{shown.figures.group_id}:1",
        spoken=say(language, "digest.more_spoken", via=escape.plain, group=group),
    )  # fmt: skip
    return blocks.shown(words, [blocks.section(words), blocks.actions(more)])


def _counted(language: str, counts: tuple[tuple[str, int], ...]) -> Markup:
    return Markup(" ".join(say(language, key, n=n) for key, n in counts if n))
