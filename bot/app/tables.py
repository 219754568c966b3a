"""Which handler answers what: the tables of `bot.commands` and `bot.actions`, merged. An id stands in one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from bot.actions import (
    bans,
    bouncing,
    decisions,
    deliveries,
    groups,
    home,
    matters,
    members,
    passwords,
    reversals,
    why,
    wizard,
)
from bot.commands import dispatch
from bot.context import ActionHandler, CommandHandler, FormHandler, HomeHandler
from bot.views.ids import Action, Form

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Tables:
    """The handlers of the command, of buttons, of modals, and of the opening of Home."""

    command: CommandHandler
    actions: Mapping[Action, ActionHandler]
    forms: Mapping[Form, FormHandler]
    home: HomeHandler


def merged(tables: Iterable[Mapping[K, V]]) -> dict[K, V]:
    """One table of several. Raises ValueError for an id that stands in two: one of them would never be asked."""
    whole: dict[K, V] = {}
    for table in tables:
        twice = whole.keys() & table.keys()
        if twice:
            raise ValueError(f"two handlers for {sorted(map(str, twice))}")
        whole |= table
    return whole


TABLES = Tables(
    command=dispatch.handle,
    actions=merged(
        [
            decisions.ACTIONS,
            bans.ACTIONS,
            reversals.ACTIONS,
            bouncing.ACTIONS,
            deliveries.ACTIONS,
            groups.ACTIONS,
            home.ACTIONS,
            matters.ACTIONS,
            members.ACTIONS,
            passwords.ACTIONS,
            why.ACTIONS,
            wizard.ACTIONS,
        ]
    ),
    forms=merged(
        [
            decisions.FORMS,
            bans.FORMS,
            bouncing.FORMS,
            groups.FORMS,
            matters.FORMS,
            members.FORMS,
            passwords.FORMS,
            why.FORMS,
            wizard.FORMS,
        ]
    ),
    home=home.opened,
)
