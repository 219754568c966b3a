"""Rate tiers: a token bucket per method, and one per channel for posting."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.limits import POST_BURST, POST_PER_SECOND, TIERS


@dataclass(slots=True)
class Bucket:
    """`tokens` calls may go now; `rate` come back a second, up to `depth`."""

    depth: float
    rate: float
    tokens: float
    at: float

    def take(self, now: float) -> int:
        """0 when the call may go, else whole seconds until one may."""
        self.tokens = min(self.depth, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0
        return max(1, math.ceil((1 - self.tokens) / self.rate))


class Limiter:
    """All buckets. `enabled` and `per_minute` (tier -> calls) can be changed while it runs; buckets then start anew."""

    def __init__(self, clock: Callable[[], float], *, enabled: bool) -> None:
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}
        self.enabled = enabled
        self.per_minute: dict[str, float] = dict(TIERS)
        self.post_burst = POST_BURST

    def reset(
        self, *, enabled: bool, per_minute: dict[str, float] | None = None, post_burst: int | None = None
    ) -> None:
        """New tiers: those named replace Slack's own, the rest are Slack's own."""
        self._buckets.clear()
        self.enabled = enabled
        self.per_minute = {**TIERS, **(per_minute or {})}
        self.post_burst = POST_BURST if post_burst is None else post_burst

    def wait(self, tier: str, key: str) -> int:
        """Seconds for Retry-After, 0 to go on. `key` is the method, and for tier "post" the channel."""
        if not self.enabled or tier == "none":
            return 0
        now = self._clock()
        bucket = self._buckets.get(key)
        if bucket is None:
            if tier == "post":
                bucket = Bucket(self.post_burst, POST_PER_SECOND, self.post_burst, now)
            else:
                depth = self.per_minute[tier]
                bucket = Bucket(depth, depth / 60, depth, now)
            self._buckets[key] = bucket
        return bucket.take(now)
