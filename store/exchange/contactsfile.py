"""A CSV file of contacts beside a file of groups: read as `sheet` reads one, but in UTF-8 alone, as the YAML is."""

from __future__ import annotations

from pathlib import Path

from store.exchange import sheet
from store.exchange.document import Faults, read_text
from store.terms import Address, Refused


def read(path: Path, faults: Faults) -> list[tuple[Address, str]]:
    """The contacts of the file in order, each address once (the first wins); faults are noted by line."""
    text = read_text(path, faults)
    if text is None:
        return []
    try:
        found = sheet.of_text(text)
    except Refused as refused:
        faults.add_refusal(path.name, refused)
        return []
    for fault in found.faults:
        faults.add_refusal(f"{path.name}:{fault.line}", fault.refused)
    return found.contacts
