"""docs/slack.md: no capability people look for first is left out of it, and every test it names is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "slack.md"
# The capabilities of first rank by their numbers in the comparison that the table follows.
P0 = {
    1, 3, 6, 8, 10, 11, 16, 17, 18, 31, 32, 33, 35, 39, 41, 52, 53, 55, 57, 59, 66, 67, 68, 74, 79, 80, 81, 82, 86, 87,
    96, 97, 98,
}  # fmt: skip
P1 = {
    2, 4, 5, 7, 9, 13, 19, 20, 21, 23, 27, 28, 34, 37, 38, 40, 42, 43, 44, 45, 47, 49, 50, 56, 58, 60, 61, 62, 64, 65,
    69, 70, 75, 77, 84,
}  # fmt: skip
ROW = re.compile(r"\| (\d+) \| ([^|]+) \| (P[01]) \| ([^|]+) \| ([^|]+) \|")
LINK = re.compile(r"\[(test_\w+)\]\(\.\./([\w/]+\.py)\)")


def test_every_capability_has_its_row_and_every_row_its_test() -> None:
    rows = [match.groups() for match in map(ROW.fullmatch, TABLE.read_text("utf-8").splitlines()) if match]
    numbers = {rank: [int(row[0]) for row in rows if row[2] == rank] for rank in ("P0", "P1")}
    assert numbers == {"P0": sorted(P0), "P1": sorted(P1)}
    for number, _, _, does, shown in rows:
        assert LINK.search(shown) or does.startswith("Not yet"), number
    for name, file in LINK.findall(TABLE.read_text("utf-8")):
        assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE), name


def test_the_table_is_found() -> None:
    assert "docs/slack.md" in (ROOT / "README.md").read_text("utf-8")
