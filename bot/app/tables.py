"""Which handler answers what: the tables of `bot.commands` and `bot.actions`, merged. An id stands in one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from bot.actions import (
    bans,
    bouncing,
    compositions,
    decisions,
    deliveries,
    endings,
    enrolling,
    figures,
    groups,
    home,
    matters,
    members,
    menu,
    outcomes,
    passwords,
    reversals,
    rosters,
    several,
    threads,
    why,
    wizard,
)
from bot.commands import dispatch
from bot.context import (
    ActionHandler,
    CommandHandler,
    FormHandler,
    HomeHandler,
    OptionsHandler,
    ShortcutHandler,
    TypedHandler,
)
from bot.views.ids import Action, Field, Form, Shortcut

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Tables:
    """The handlers of the command, of buttons, of modals, of the opening of Home, of what is typed in threads, of
    shortcuts, and of selects that ask for their options."""

    command: CommandHandler
    actions: Mapping[Action, ActionHandler]
    forms: Mapping[Form, FormHandler]
    home: HomeHandler
    typed: TypedHandler
    shortcuts: Mapping[Shortcut, ShortcutHandler] = field(default_factory=dict)
    options: Mapping[Field, OptionsHandler] = field(default_factory=dict)


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
            compositions.ACTIONS,
            deliveries.ACTIONS,
            endings.ACTIONS,
            enrolling.ACTIONS,
            figures.ACTIONS,
            groups.ACTIONS,
            home.ACTIONS,
            several.ACTIONS,
            matters.ACTIONS,
            members.ACTIONS,
            menu.ACTIONS,
            outcomes.ACTIONS,
            passwords.ACTIONS,
            rosters.ACTIONS,
            threads.ACTIONS,
            why.ACTIONS,
            wizard.ACTIONS,
        ]
    ),
    forms=merged(
        [
            decisions.FORMS,
            bans.FORMS,
            bouncing.FORMS,
            compositions.FORMS,
            enrolling.FORMS,
            groups.FORMS,
            matters.FORMS,
            members.FORMS,
            passwords.FORMS,
            rosters.FORMS,
            several.FORMS,
            why.FORMS,
            wizard.FORMS,
        ]
    ),
    home=home.opened,
    typed=threads.typed,
    shortcuts=compositions.SHORTCUTS,
    options=compositions.OPTIONS,
)
