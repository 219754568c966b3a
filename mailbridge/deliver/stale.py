"""Reports that results have made stale: each is touched now and then while a post goes out, and always at the end."""

from __future__ import annotations

from collections.abc import Iterable

TOUCH_SECONDS = 0.5  # at most one touch of a report in this time
REMEMBERED = 1000


class StaleReports:
    """Posts whose report is behind. Times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._stale: set[int] = set()
        self._touched: dict[int, float] = {}

    def __bool__(self) -> bool:
        """Whether any is behind."""
        return bool(self._stale)

    def due(self, post_ids: Iterable[int], now: float, *, force: bool) -> set[int]:
        """Note results of these posts; gives the posts whose report is to be touched now, all of them with `force`."""
        self._stale.update(post_ids)
        due = {one for one in self._stale if force or now - self._touched.get(one, -TOUCH_SECONDS) >= TOUCH_SECONDS}
        self._stale -= due
        self._touched |= dict.fromkeys(due, now)
        if len(self._touched) > REMEMBERED:
            self._touched = {one: at for one, at in self._touched.items() if now - at < TOUCH_SECONDS}
        return due
