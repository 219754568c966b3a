"""A CSV file of contacts: `address,name`, with or without a header, with commas or semicolons."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from store import addresses
from store.exchange.document import Faults, read_text
from store.terms import Address, Refused

ADDRESS_HEADERS = frozenset({"address", "email", "e-mail", "mail", "email address", "e-mail address"})
NAME_HEADERS = frozenset({"name", "display name", "display_name", "full name"})


def read(path: Path, faults: Faults) -> list[tuple[Address, str]]:
    """The contacts of the file in order, each address once (the first wins); faults are noted by line."""
    text = read_text(path, faults)
    if text is None:
        return []
    found: dict[str, tuple[Address, str]] = {}
    for line, address_text, name in rows(text):
        try:
            address = addresses.contact(address_text)
        except Refused as refused:
            faults.add_refusal(f"{path.name}:{line}", refused)
            continue
        found.setdefault(address.key, (address, addresses.display(name)))
    return list(found.values())


def rows(text: str) -> Iterator[tuple[int, str, str]]:
    """Line number, address and name of each row that is not blank; a header is left out.

    A header is a first row without any @: its columns may then be in any order.
    """
    first = text.partition("\n")[0]
    delimiter = ";" if ";" in first and "," not in first else ","
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    at, named = 0, 1
    begun = False
    for cells in reader:
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        if not begun:
            begun = True
            if not any("@" in cell for cell in cells):
                heads = [cell.lower() for cell in cells]
                at = next((index for index, head in enumerate(heads) if head in ADDRESS_HEADERS), 0)
                named = next((index for index, head in enumerate(heads) if head in NAME_HEADERS), 1 - min(at, 1))
                continue
        yield reader.line_num, cells[at] if at < len(cells) else "", cells[named] if named < len(cells) else ""
