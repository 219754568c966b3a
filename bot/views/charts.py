"""Tables and charts: Block Kit's newer blocks, each with the plain blocks that say the same where Slack refuses them.

Source: docs.slack.dev, data table and data visualization blocks. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.views import answers, blocks, escape, limits
from bot.views.blocks import Block

Row = Sequence[str]
Cell = str | int  # what is a number is sorted as one
CELL_SHOWN = 120
LABEL_SHOWN = 20
ANGLES = {ord("<"): "‹", ord(">"): "›"}
FILLED, BAR_LENGTH = "▇", 12


def table(caption: str, head: Row, rows: Sequence[Sequence[Cell]]) -> Block:
    """A table under its head, of 1 to 100 rows, all of them shown at once: whoever has more pages them.

    `caption` is what a screen reader says first; cells are plain text, the longest cut until all fit together.
    """
    longest = _longest([head, *rows])
    return {
        "type": "data_table",
        "caption": _plain(caption, limits.CAPTION),
        "rows": [[_cell(value, longest) for value in row] for row in (head, *rows)],
        "page_size": min(len(rows), limits.TABLE_ROWS),
    }


def listed(caption: str, head: Row, rows: Sequence[Sequence[Cell]]) -> list[Block]:
    """The same as text: a line a row, each value after its column's name."""
    lines = [
        " · ".join(
            f"{name}: {escape.mrkdwn(str(value), CELL_SHOWN)}"
            for name, value in zip(head, row, strict=True)
            if value != ""
        )
        for row in rows
    ]
    return [blocks.section(part) for part in answers.sections([f"*{escape.mrkdwn(caption)}*", *lines])]


def bars(title: str, labels: Row, series: Sequence[tuple[str, Sequence[int]]]) -> Block:
    """A bar chart of up to 20 points a series; every series has a value for each label."""
    shown = [_plain(label, LABEL_SHOWN) for label in labels]
    return {
        "type": "data_visualization",
        "title": _plain(title, limits.CHART_TITLE),
        "chart": {
            "type": "bar",
            "series": [
                {
                    "name": _plain(name, LABEL_SHOWN),
                    "data": [{"label": label, "value": value} for label, value in zip(shown, values, strict=True)],
                }
                for name, values in series
            ],
            "axis_config": {"categories": shown},
        },
    }


def drawn(title: str, labels: Row, series: Sequence[tuple[str, Sequence[int]]]) -> list[Block]:
    """The same as text: a line a label, with each value as a number, and the first series as a bar."""
    highest = max((value for value in series[0][1]), default=0) or 1
    lines = [f"*{escape.mrkdwn(title)}*"]
    for n, label in enumerate(labels):
        bar = FILLED * -(-series[0][1][n] * BAR_LENGTH // highest)
        values = ", ".join(f"{escape.mrkdwn(name)} {values[n]}" for name, values in series)
        lines.append(f"{escape.mrkdwn(label)}: {values} {bar}".rstrip())
    return [blocks.section(part) for part in answers.sections(lines)]


def _cell(value: Cell, longest: int) -> Block:
    if isinstance(value, int):
        return {"type": "raw_number", "value": value, "text": str(value)}
    return {"type": "raw_text", "text": _plain(value, longest) or blocks.BLANK}


def _longest(rows: Sequence[Sequence[Cell]]) -> int:
    """How long a text may be so that all cells fit into one table; numbers stay whole."""
    cells = [value for row in rows for value in row]
    numbers = sum(len(str(value)) for value in cells if isinstance(value, int))
    texts = [len(_plain(value, CELL_SHOWN)) or 1 for value in cells if isinstance(value, str)]
    room = limits.TABLE_TEXT - numbers
    return next((n for n in range(CELL_SHOWN, 1, -1) if sum(min(size, n) for size in texts) <= room), 1)


def _plain(text: str, limit: int) -> str:
    # Whether Slack decodes entities in these is not said, so nothing that would need one stands there.
    return escape.cut(escape.visible(text), limit).translate(ANGLES)
