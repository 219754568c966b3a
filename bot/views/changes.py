"""Who changed what of a group's settings, from what to what.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.views import escape
from bot.views.settings import BY_NAME, NAMES, label, shown
from store.texts import Markup, say

MOST = 10  # settings told of one change
LONGEST = 120  # characters of a value
ACTORS = frozenset({"import", "system", "mail"})


@dataclass(frozen=True, slots=True)
class Changed:
    """One change: by whom (a Slack id, or what else changes settings), when, and name, before and after of each
    setting, as a draft holds them."""

    slack_id: str
    actor: str
    at: datetime
    settings: Sequence[tuple[str, str, str]]


def last(language: str, change: Changed) -> str:
    """The newest change, for whoever looks at the group."""
    return say(
        language, "commands.changed.last", who=_who(language, change), at=escape.moment(change.at),
        changes=_told(language, change),
    )  # fmt: skip


def meanwhile(language: str, change: Changed) -> str:
    """A change that was made while a form stood open."""
    return say(language, "commands.changed.meanwhile", who=_who(language, change), changes=_told(language, change))


def _who(language: str, change: Changed) -> Markup:
    if change.slack_id:
        return escape.person(change.slack_id)
    return Markup(say(language, f"commands.changed.{change.actor if change.actor in ACTORS else 'gone'}"))


def _told(language: str, change: Changed) -> Markup:
    pieces = [
        say(
            language,
            "commands.changed.one",
            setting=Markup(label(language, name)),
            before=_value(language, name, before),
            after=_value(language, name, after),
        )
        for name, before, after in change.settings
        if name in BY_NAME or name in NAMES
    ]
    return Markup("; ".join(pieces[:MOST]) or say(language, "commands.changed.nothing"))


def _value(language: str, name: str, value: str) -> Markup:
    found = shown(language, name, value)
    return found if len(found) <= LONGEST else Markup(escape.cut(found, LONGEST))
