"""Our clock against others': signatures, tokens and tickets go wrong by minutes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from store.findings import Finding

MOST_SECONDS: Final = 60.0


def judge(others: Mapping[str, float]) -> list[Finding]:
    """`others` are the clocks that could be read, by what they belong to, and how many seconds ours is ahead."""
    if not others:
        return [Finding("clock_alone", "")]
    off = {whose: seconds for whose, seconds in others.items() if abs(seconds) > MOST_SECONDS}
    if off:
        return [Finding("clock_off", whose, {"seconds": f"{seconds:+.0f}"}) for whose, seconds in off.items()]
    return [Finding("clock_ok", ", ".join(others))]
