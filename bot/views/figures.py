"""Figures of a group: what it did in a month, in words, as a chart and as a table of its posts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.views import answers, blocks, charts, escape
from bot.views.blocks import Shown
from bot.views.ids import Action
from store.texts import Markup, say

POSTS_A_PAGE = 10
STATES = ("accepted", "held", "rejected", "discarded", "expired")
OUTCOMES = ("relayed", "deferred", "failed", "bounced")
UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))


@dataclass(frozen=True, slots=True)
class Period:
    """A part of the period, for the chart: its first day, and what was posted and relayed in it."""

    label: str
    posts: int
    copies: int


@dataclass(frozen=True, slots=True)
class Post:
    """A row of the table. `subject` is None where the group keeps it out of Slack; `counts` by outcome."""

    at: str
    subject: str | None
    state: str
    copies: int
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a group and a number of days. `states` counts posts, `outcomes` copies; times are in seconds (half, 95 %)."""

    group_id: int
    group: str
    days: int
    states: dict[str, int]
    copies: int
    outcomes: dict[str, int]
    took: tuple[int, int] | None
    decided: tuple[int, int] | None
    decisions: int
    periods: Sequence[Period] = ()
    posts: Sequence[Post] = ()
    page: int = 1
    pages: int = 1
    since: datetime | None = None


def answer(language: str, shown: Figures) -> Shown:
    """What it did in words first; chart and table say it again in their way, or as text where Slack refuses them."""
    head = say(language, "figures.head", via=escape.mrkdwn, group=shown.group, n=shown.days)
    words = "\n".join([head, *told(language, shown)])
    body = [blocks.section(words)]
    plainer = list(body)
    if any(period.posts for period in shown.periods):
        title = say(language, "figures.chart", group=shown.group)
        labels = [period.label for period in shown.periods]
        series = [
            (say(language, "figures.column.copies"), [period.copies for period in shown.periods]),
            (say(language, "figures.column.posts"), [period.posts for period in shown.periods]),
        ]
        body.append(charts.bars(title, labels, series))
        plainer += charts.drawn(title, labels, series)
    if shown.posts:
        caption = say(language, "figures.caption", group=shown.group, page=shown.page, pages=shown.pages)
        names, rows = _columns(language), [_row(language, post) for post in shown.posts]
        body.append(charts.table(caption, names, rows))
        plainer += charts.listed(caption, names, rows)
    pager = answers.pager(
        language, Action.FIGURES_PAGE,
        previous=f"{shown.group_id}:{shown.page - 1}" if shown.page > 1 else None,
        following=f"{shown.group_id}:{shown.page + 1}" if shown.page < shown.pages else None,
    )  # fmt: skip
    return blocks.shown(words, [*body, *pager], instead=[*plainer, *pager])


def told(language: str, shown: Figures) -> list[str]:
    """The figures as sentences."""
    posts = sum(shown.states.values())
    if not posts:
        return [say(language, "figures.nothing")]
    states = [say(language, f"figures.state.{name}", n=shown.states[name]) for name in STATES if shown.states.get(name)]
    outcomes = [
        say(language, f"figures.outcome.{name}", n=shown.outcomes[name])
        for name in OUTCOMES
        if shown.outcomes.get(name) or name == "relayed"
    ]
    lines = [
        say(language, "figures.posts", n=posts, states=Markup(", ".join(states))),
        say(language, "figures.copies", n=shown.copies, outcomes=Markup(", ".join(outcomes))),
    ]
    if shown.took is not None:
        half, most = (Markup(duration(language, seconds)) for seconds in shown.took)
        lines.append(say(language, "figures.took", half=half, most=most))
    if shown.decided is not None:
        half, most = (Markup(duration(language, seconds)) for seconds in shown.decided)
        lines.append(say(language, "figures.decided", n=shown.decisions, half=half, most=most))
    return lines


def duration(language: str, seconds: int) -> str:
    """A time in its largest unit that fits at least once, rounded up: `40 s`, `2 min`, `3 h`, `2 days`."""
    for name, length in UNITS:
        if seconds >= length:
            return say(language, f"figures.{name}", n=-(-seconds // length))
    return say(language, "figures.seconds", n=1)


def _columns(language: str) -> list[str]:
    return [say(language, f"figures.column.{name}") for name in ("at", "subject", "state", "copies", *OUTCOMES)]


def _row(language: str, post: Post) -> list[charts.Cell]:
    subject = say(language, "figures.unseen") if post.subject is None else post.subject.strip() or blocks.BLANK
    state = say(language, f"figures.is.{post.state}")
    return [post.at, subject, state, post.copies, *(post.counts.get(name, 0) for name in OUTCOMES)]
