"""Times as mails say them, in UTC: whose clock the reader goes by is not known there. Slack shows its own."""

from __future__ import annotations

from datetime import UTC, datetime

from store.texts import say


def show(at: datetime, language: str) -> str:
    """A time to the minute: `2026-12-24 09:30 UTC`, `24/12/2026 à 09:30 UTC`."""
    utc = at.astimezone(UTC)
    return say(language, "mail.moment.at", year=f"{utc:%Y}", month=f"{utc:%m}", day=f"{utc:%d}", time=f"{utc:%H:%M}")
