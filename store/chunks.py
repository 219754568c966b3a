"""Pieces a statement can carry: engines bound the parameters of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ARRAY, ColumnElement, String, any_, literal

T = TypeVar("T")
PARAMETERS = 500


def chunks(items: Iterable[T], size: int = PARAMETERS) -> Iterator[list[T]]:
    """Cut `items` into runs of at most `size`, in order; none for no items."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def one_of(dialect: str, column: Any, texts: Sequence[str]) -> ColumnElement[bool]:
    """Whether a column holds one of these texts: on PostgreSQL one array, since its driver reads a statement of many
    parameters anew each time, which takes longer than the statement."""
    if dialect == "postgresql":
        return column == any_(literal(list(texts), ARRAY(String)))  # type: ignore[no-any-return]  # what a column gives
    return column.in_(texts)  # type: ignore[no-any-return]  # as above
