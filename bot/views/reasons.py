"""Reasons to choose from: those of the catalogue that fit, and the group's own last ones. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from store.terms import Reason
from store.texts import say
from store.word import Subject

# Why it is held -> what its author is likely to be told; then what may be said of any.
FITTING = {
    "non_member": ("members_only",),
    "not_permitted": ("announcements",),
    "everyone_moderated": ("off_topic",),
    "too_many_recipients": ("too_many",),
    "command_join": ("command",),
    "command_leave": ("command",),
    "command_help": ("command",),
    "spam": ("spam",),
}
ALWAYS = {
    Subject.POST: ("off_topic", "wrong_group", "repeated"),
    Subject.REQUEST: ("unknown", "team_only", "wrong_group", "work_address"),
}
SAVED = "saved:"


@dataclass(frozen=True, slots=True)
class Choice:
    """`value` comes back with the form: a name of the catalogue, or `saved:` and the row's id."""

    value: str
    text: str


def canned(language: str, subject: Subject, held_for: Sequence[Reason] = ()) -> list[Choice]:
    """Those of the catalogue, in a language: first what fits the reasons a post is held for."""
    fitting = [name for reason in held_for for name in FITTING.get(reason.name, ())]
    names = dict.fromkeys([*fitting, *ALWAYS[subject]])
    return [Choice(name, say(language, f"slack.canned.{subject}.{name}")) for name in names]


def canned_text(language: str, subject: Subject, name: str) -> str:
    """What a chosen name says; "" for one that is none (it came back from the client)."""
    known = {*ALWAYS[subject], *(one for names in FITTING.values() for one in names if subject is Subject.POST)}
    return say(language, f"slack.canned.{subject}.{name}") if name in known else ""
