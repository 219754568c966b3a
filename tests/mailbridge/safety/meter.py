"""What handling a mail costs, in CPU time, with bounds far above it: they tell a bomb from a mail, and no more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

MEBIBYTE = 2**20
BEAT_SECONDS = 0.001
# Of CPU, a megabyte and in one piece. Promised is one second, and a quiet machine takes a quarter of it; but processors
# that share their parts count a busy neighbour's time as ours, and timings never decide a test.
CPU_SECONDS, STALL_SECONDS = 5.0, 5.0


@dataclass
class Meter:
    """`stall` is the most CPU seconds the event loop's thread spent in one piece, `costs` what each mail took of the
    whole process, by name, as seconds a megabyte; a mail of less counts as one."""

    stall: float = 0.0
    costs: dict[str, float] = field(default_factory=dict)

    @property
    def worst(self) -> tuple[float, str]:
        """The dearest mail."""
        return max((cost, name) for name, cost in self.costs.items())

    def note(self, name: str, began: float, octets: int) -> None:
        """One mail is through; `began` is `time.process_time()` of before."""
        self.costs[name] = (time.process_time() - began) / max(octets / MEBIBYTE, 1.0)

    async def beat(self) -> None:
        last = time.thread_time()
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            now = time.thread_time()
            self.stall, last = max(self.stall, now - last), now


@asynccontextmanager
async def running() -> AsyncIterator[Meter]:
    """A meter whose heart beats in this loop for as long as the block."""
    meter = Meter()
    heart = asyncio.create_task(meter.beat())
    try:
        yield meter
    finally:
        heart.cancel()
