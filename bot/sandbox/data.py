"""Whether tables and charts hold what Block Kit allows in them. Pure.

Source: Slack's reference of the data table and data visualization blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.sandbox.limits import CHART_LABEL, CHART_POINTS, CHART_SERIES, DATA_TABLE_TEXT

COLUMNS = 20
CELLS = frozenset({"raw_text", "raw_number", "rich_text"})


def cells(rows: list[Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with a data table's rows, each finding with the pointer below them."""
    width = len(rows[0]) if rows and isinstance(rows[0], list) else 0
    if not 0 < width <= COLUMNS:
        yield f"must have 1 to {COLUMNS} columns", "/0"
    for n, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != width:
            yield "every row must have as many cells as the first", f"/{n}"
            continue
        for m, cell in enumerate(row):
            kind = cell.get("type") if isinstance(cell, dict) else None
            if kind not in CELLS or (n == 0 and kind == "rich_text"):
                yield f"unsupported type: {kind}", f"/{n}/{m}/type"
            elif kind != "rich_text" and not (isinstance(cell.get("text"), str) and cell["text"]):
                yield "missing required field: text", f"/{n}/{m}"
            if kind == "raw_number" and (
                isinstance(cell.get("value"), bool) or not isinstance(cell.get("value"), int | float)
            ):
                yield "must provide a number", f"/{n}/{m}/value"
    if told(rows) > DATA_TABLE_TEXT:
        yield f"must be less than {DATA_TABLE_TEXT + 1} characters together", ""


def told(value: Any) -> int:
    """How many characters stand in cells, those of rich text included."""
    if isinstance(value, dict):
        own = value.get("text")
        return len(own) if isinstance(own, str) else sum(map(told, value.values()))
    return sum(map(told, value)) if isinstance(value, list) else 0


def chart(value: Any) -> Iterator[tuple[str, str]]:
    """What is wrong with a chart, each finding with the pointer below it."""
    if not isinstance(value, dict) or value.get("type") not in {"bar", "line", "area", "pie"}:
        yield "must be one of area, bar, line, pie", "/type"
        return
    if value["type"] == "pie":
        yield from _points(value.get("segments"), None, "/segments", most=CHART_SERIES)
        return
    categories = (value.get("axis_config") or {}).get("categories")
    if not isinstance(categories, list) or not 0 < len(categories) <= CHART_POINTS:
        yield f"must have 1 to {CHART_POINTS} categories", "/axis_config/categories"
        return
    series = value.get("series")
    if not isinstance(series, list) or not 0 < len(series) <= CHART_SERIES:
        yield f"must have 1 to {CHART_SERIES} series", "/series"
        return
    names = [one.get("name") for one in series]
    if len(set(names)) < len(names) or not all(isinstance(name, str) and name for name in names):
        yield "series must have names, each once", "/series"
    for n, one in enumerate(series):
        yield from _points(one.get("data"), categories, f"/series/{n}/data", most=CHART_POINTS)


def _points(points: Any, categories: list[Any] | None, where: str, *, most: int) -> Iterator[tuple[str, str]]:
    if not isinstance(points, list) or not 0 < len(points) <= most:
        yield f"must have 1 to {most} points", where
        return
    for n, point in enumerate(points):
        label, value = (point.get("label"), point.get("value")) if isinstance(point, dict) else (None, None)
        if not isinstance(label, str) or not 0 < len(label) <= CHART_LABEL:
            yield f"labels must have 1 to {CHART_LABEL} characters", f"{where}/{n}/label"
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield "must be a number", f"{where}/{n}/value"
    if categories is not None and [point.get("label") for point in points] != categories:
        yield "labels must be the categories, in their order", where
