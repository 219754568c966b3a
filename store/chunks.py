"""Pieces a statement can carry: engines bound the parameters of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
PARAMETERS = 500


def chunks(items: Iterable[T], size: int = PARAMETERS) -> Iterator[list[T]]:
    """Cut `items` into runs of at most `size`, in order; none for no items."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
