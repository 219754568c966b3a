"""Tables and charts: Block Kit's newer blocks, each with the plain blocks that say the same where Slack refuses them.

Source: docs.slack.dev, data table and data visualization blocks. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.views import answers, blocks, escape, limits
from bot.views.blocks import Block

Row = Sequence[str]
CELL_SHOWN = 120
LABEL_SHOWN = 20
ANGLES = {ord("<"): "‹", ord(">"): "›"}
FILLED, BAR_LENGTH = "▇", 12


def table(caption: str, head: Row, rows: Sequence[Row]) -> Block:
    """A table of up to 100 rows under its head. `caption` is what a screen reader says first; cells are plain text."""
    cells = [[{"type": "raw_text", "text": _cell(text)} for text in row] for row in (head, *rows[: limits.TABLE_ROWS])]
    return {"type": "data_table", "caption": _plain(caption, limits.CAPTION), "rows": cells}


def listed(caption: str, head: Row, rows: Sequence[Row]) -> list[Block]:
    """The same as text: a line a row, each value after its column's name."""
    lines = [
        " · ".join(
            f"{name}: {escape.mrkdwn(value, CELL_SHOWN)}" for name, value in zip(head, row, strict=True) if value
        )
        for row in rows[: limits.TABLE_ROWS]
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


def _cell(text: str) -> str:
    return _plain(text, CELL_SHOWN) or blocks.BLANK


def _plain(text: str, limit: int) -> str:
    # Whether Slack decodes entities in these is not said, so nothing that would need one stands there.
    return escape.cut(escape.visible(text), limit).translate(ANGLES)
