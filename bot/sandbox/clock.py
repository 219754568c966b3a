"""The sandbox's own time: the machine's, moved ahead when it is told to, so that expiry needs no waiting."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Call it for seconds since the epoch. `offset` is by how many seconds it runs ahead."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:  # noqa: TID251 - the sandbox's one clock
        self._source = source
        self.offset = 0.0

    def __call__(self) -> float:
        return self._source() + self.offset

    def advance(self, seconds: float) -> None:
        """Let seconds pass at once; never backwards."""
        self.offset += max(0.0, seconds)
