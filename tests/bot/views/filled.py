"""Arguments for any view, made from its annotations: every text is the given one, everything else is something."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import date, datetime
from enum import Enum
from typing import Any

from store.texts import Markup
from tests.bot.views.states import AT

PLAIN: dict[Any, Any] = {bool: True, int: 3, float: 3.0, datetime: AT, date: AT.date(), Markup: Markup("you")}


def drawn(view: Callable[..., Any], text: str, given: Mapping[str, Any]) -> Any:
    """The view with `text` wherever something comes from outside; `given` are fields and arguments, by name, that have
    to be words of ours."""
    hints = typing.get_type_hints(view)
    arguments = {
        name: "en" if name == "language" else given.get(name, _made(hints[name], text, given))
        for name in inspect.signature(view).parameters
    }
    return view(**arguments)


def _made(kind: Any, text: str, given: Mapping[str, Any]) -> Any:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _made(next(one for one in inner if one is not types.NoneType), text, given)
    if origin is tuple:
        return tuple(_made(one, text, given) for one in inner if one is not ...)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {_made(inner[0], text, given): _made(inner[1], text, given)}
    if isinstance(origin, type) and issubclass(origin, Sequence | Set):
        return [_made(inner[0], text, given)]
    if kind is str or kind is Any:
        return text
    if kind in PLAIN:
        return PLAIN[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    hints = typing.get_type_hints(kind)
    fields = [one.name for one in dataclasses.fields(kind) if one.init]
    return kind(**{name: given.get(name, _made(hints[name], text, given)) for name in fields})
