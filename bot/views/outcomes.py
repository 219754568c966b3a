"""What became of every copy of a post: as a table a page at a time, and as a CSV file. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.views import answers, blocks, charts, escape
from bot.views.blocks import Shown
from bot.views.ids import Action
from store import spreadsheet
from store.terms import DeliveryState
from store.texts import say

COPIES_A_PAGE = 50
COLUMNS = ("address", "state", "at", "hop", "reply", "attempts", "again")


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy; `hop` is "" for the relay, `again_at` when it is tried again. Seen by administrators alone."""

    address: str
    state: DeliveryState
    at: datetime | None
    hop: str
    reply: str
    attempts: int
    again_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    post_id: int
    group: str
    copies: Sequence[Copy]
    page: int
    pages: int


def table(language: str, shown: Page) -> Shown:
    """A page as a message. What cannot be drawn as a table is said a line a copy."""
    caption = say(language, "outcomes.caption", group=shown.group, page=shown.page, pages=shown.pages)
    head = escape.mrkdwn(caption)
    if not shown.copies:
        text = f"{head}\n{say(language, 'outcomes.none')}"
        return blocks.shown(text, [blocks.section(text)])
    names = [say(language, f"outcomes.column.{name}") for name in ("address", "state", "at", "reply")]
    rows = [[copy.address, _state(language, copy), _moment(copy.at), copy.reply] for copy in shown.copies]
    pager = answers.pager(
        language, Action.OUTCOMES_PAGE,
        previous=f"{shown.post_id}:{shown.page - 1}" if shown.page > 1 else None,
        following=f"{shown.post_id}:{shown.page + 1}" if shown.page < shown.pages else None,
    )  # fmt: skip
    plainer = charts.listed(caption, names, rows)
    body = [blocks.section(head), charts.table(caption, names, rows)]
    return blocks.shown(head, [*body, *pager], instead=[*plainer, *pager])


def head(language: str) -> bytes:
    """The first line of the file, after the mark by which spreadsheets know UTF-8."""
    return spreadsheet.file([[say(language, f"outcomes.column.{name}") for name in COLUMNS]])


def lines(language: str, copies: Sequence[Copy]) -> bytes:
    """Lines of the file (RFC 4180): no cell of it is a formula, times are in UTC."""
    return spreadsheet.lines(
        [
            [
                copy.address, _state(language, copy), _moment(copy.at), copy.hop or say(language, "outcomes.relay"),
                escape.visible(copy.reply), copy.attempts, _moment(copy.again_at),
            ]
            for copy in copies
        ]
    )  # fmt: skip


def _state(language: str, copy: Copy) -> str:
    return say(language, f"outcomes.state.{copy.state}")


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at is not None else ""
