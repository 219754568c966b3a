"""Spreadsheets: tables as CSV (RFC 4180) for the programs people open them with, in which nothing is computed.

Standard library only. The one place that writes a table: what other people wrote stands in every one of them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Final

MARK: Final = "\ufeff".encode()  # by which spreadsheets know UTF-8
# What a spreadsheet takes for a formula when it opens a CSV file (CWE-1236).
FORMULA: Final = re.compile(r"\s*[=+\-@\t\r]")


def lines(rows: Iterable[Sequence[object]]) -> bytes:
    """The rows in UTF-8, each cell guarded."""
    out = io.StringIO()
    csv.writer(out).writerows([[guarded(str(cell)) for cell in row] for row in rows])
    return out.getvalue().encode(errors="replace")


def file(rows: Iterable[Sequence[object]]) -> bytes:
    """The same as a whole file, with its mark."""
    return MARK + lines(rows)


def guarded(cell: str) -> str:
    """The same, with an apostrophe before what a spreadsheet would compute; `unguarded` takes it off again."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """The cell as it was before `guarded`."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell[1:]) else cell
