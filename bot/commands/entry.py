"""One row of the command table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.commands.bound import Argument, Bound
from bot.context import Context
from bot.permissions import Verb
from bot.views.blocks import Shown

# None: the answer is a modal that was opened.
Handler = Callable[[Context, Bound], Awaitable[Shown | None]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A verb, what it takes, and who answers it. Its summary, explanation and example stand in the catalogue."""

    verb: Verb
    arguments: tuple[Argument, ...]
    handler: Handler
    operators_only: bool = False  # left out of others' help; the right itself is asked by the handler
