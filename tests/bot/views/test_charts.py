"""Tables within Slack's limits: every row stands in them, and their cells are cut until all fit together."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.blockkit import check_blocks
from bot.views import charts, limits, outcomes
from bot.views.limits import Surface
from store.terms import DeliveryState

HEAD = ["address", "reply", "copies"]


def total(block: dict[str, Any]) -> int:
    return sum(len(cell["text"]) for row in block["rows"] for cell in row)


@pytest.mark.parametrize("rows", [1, 50, limits.TABLE_ROWS])
@pytest.mark.parametrize("size", [0, 1, 50, 51, 120, 5_000])
@pytest.mark.parametrize("columns", [1, 3, 20])
def test_every_row_stands_there_at_once_and_all_cells_fit_together(rows: int, size: int, columns: int) -> None:
    block = charts.table("all", ["x" * size] * columns, [["é" * size] * columns] * rows)
    assert len(block["rows"]) == rows + 1
    assert block["page_size"] == rows
    assert total(block) <= limits.TABLE_TEXT
    assert limits.check(Surface.MESSAGE, [block]) == []
    assert check_blocks("message", [block]) == []


def test_the_longest_give_way_first_and_numbers_stay_whole() -> None:
    rows: list[list[charts.Cell]] = [["ana@example.org", "550 " + "no" * 200, 123_456_789] for _ in range(100)]
    block = charts.table("all", HEAD, rows)
    assert {row[0]["text"] for row in block["rows"][1:]} == {"ana@example.org"}
    assert block["rows"][1][2] == {"type": "raw_number", "value": 123_456_789, "text": "123456789"}
    assert {len(row[1]["text"]) for row in block["rows"][1:]} == {75}
    assert limits.TABLE_TEXT - 100 < total(block) <= limits.TABLE_TEXT
    short = charts.table("all", HEAD, [["ana@example.org", "550 " + "no" * 50, 0]])
    assert short["rows"][1][1]["text"] == "550 " + "no" * 50


def test_a_nought_is_said_as_text_too() -> None:
    [said] = charts.listed("all", HEAD, [["ana@example.org", "", 0]])
    assert said["text"]["text"].endswith("address: ana@example.org · copies: 0")


def test_a_page_of_long_replies_is_one_table_that_slack_takes() -> None:
    reply = "550 5.7.1 " + "refused by the policy of this domain " * 20
    copies = [
        outcomes.Copy(f"{'a' * 60}{n}@example.org", DeliveryState.FAILED, None, "", reply, 1, None) for n in range(50)
    ]
    shown = outcomes.table("en", outcomes.Page(1, "team", copies, 1, 1))
    assert check_blocks("message", shown.blocks) == []
    assert [row[0]["text"] for row in shown.blocks[1]["rows"][1:]] == [copy.address for copy in copies]


def cells(size: int) -> dict[str, Any]:
    text = {"type": "raw_text", "text": "x"}
    return {"type": "data_table", "caption": "all", "rows": [[text], [text | {"text": "x" * (size - 1)}]]}


@pytest.mark.parametrize(
    ("blocks", "found"),
    [
        ([cells(10_001)], ["10001 characters in tables, 10000 fit"]),
        ([cells(5_000), cells(5_001)], ["10001 characters in tables, 10000 fit"]),
        ([cells(5_000), cells(5_000)], []),
        ([cells(2) | {"page_size": 101}], ["/0/page_size: 101"]),
    ],
)
def test_the_check_knows_what_tables_may_hold(blocks: list[dict[str, Any]], found: list[str]) -> None:
    assert limits.check(Surface.MESSAGE, blocks) == found
