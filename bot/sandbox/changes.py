"""What changed, as a counter with topics: the page's live stream and the driver's `wait_for` stand on it."""

from __future__ import annotations

import asyncio


class Changes:
    """A version that grows with every change.

    Topics are `channel:ID`, `person:ID`, `mail`, `deliveries` and `workspace`.
    """

    def __init__(self) -> None:
        self.version = 0
        self._topics: dict[str, int] = {}
        self._next = asyncio.Event()

    def note(self, *topics: str) -> None:
        """Something under these topics changed; everybody who waits is woken."""
        self.version += 1
        for topic in topics:
            self._topics[topic] = self.version
        self._next.set()
        self._next = asyncio.Event()

    async def after(self, version: int) -> tuple[int, list[str]]:
        """Wait until there is something newer than `version`; the newest version and the topics touched since."""
        while self.version <= version:
            await self._next.wait()
        return self.version, sorted(topic for topic, at in self._topics.items() if at > version)
