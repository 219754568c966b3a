"""A table of contacts as people have it: saved by Excel, LibreOffice or a script, in whatever encoding and dialect.

Pure. What cannot be read is refused as a whole; a line that holds no address is a fault of that line.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from store import addresses
from store.spreadsheet import unguarded
from store.terms import Address, Refused

MOST_LINES = 200_000
LOOKED_AT = 50  # lines by which the dialect is told
LONGEST_CELL = 10_000
SWALLOWED = re.compile(r"[\r\n][^@]*@")  # in a name: further lines, up to a quote that was meant to open one
END = "\x1d" * 3  # a last row of its own, unless a quote is open still
DELIMITERS = (",", ";", "\t", "|")
ADDRESS_HEADS = frozenset({
    "address", "email", "e-mail", "mail", "email address", "e-mail address", "adresse", "adresse e-mail",
    "adresse email", "adresse mail", "adresse électronique", "courriel", "mél",
})  # fmt: skip
NAME_HEADS = frozenset({"name", "display name", "display_name", "full name", "nom complet", "nom et prénom"})
GIVEN_HEADS = frozenset({"first name", "firstname", "given name", "prénom", "prenom"})
FAMILY_HEADS = frozenset({"last name", "lastname", "surname", "family name", "nom", "nom de famille"})


class Encoding(StrEnum):
    UTF8 = "utf-8"
    UTF16 = "utf-16"
    GUESSED = "cp1252"


@dataclass(frozen=True, slots=True)
class Fault:
    """A line without a contact: what stands there, and why it is none."""

    line: int
    text: str
    refused: Refused


@dataclass(slots=True)
class Sheet:
    """`contacts` in the file's order, each address once; `duplicates` counts the repetitions that were left out."""

    encoding: Encoding
    contacts: list[tuple[Address, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class Columns:
    address: int = 0
    names: tuple[int, ...] = ()


def read(octets: bytes) -> Sheet:
    """The contacts of a file. Raises Refused `sheet_empty`, and as `of_text`; beyond MOST_LINES `sheet_too_long`."""
    text, encoding = decoded(octets)
    sheet = of_text(text, encoding, most=MOST_LINES)
    if not (sheet.contacts or sheet.faults):
        raise Refused("sheet_empty")
    return sheet


def of_text(text: str, encoding: Encoding = Encoding.UTF8, *, most: int | None = None) -> Sheet:
    """The same of a text, none perhaps. Raises Refused `sheet_too_long`, `sheet_unreadable` or `sheet_no_address`."""
    sheet = Sheet(encoding)
    seen: set[str] = set()
    columns: Columns | None = None
    read_lines = 0
    for line, cells in _rows(text):
        if columns is None:
            columns, heading = _columns(cells)
            if heading:
                continue
        read_lines += 1
        if most is not None and read_lines > most:
            raise Refused("sheet_too_long", limit=f"{most:,}")
        written = unguarded(cells[columns.address]) if columns.address < len(cells) else ""
        try:
            address = addresses.contact(written)
        except Refused as refused:
            sheet.faults.append(Fault(line, ", ".join(cells)[:200], refused))
            continue
        parts = [unguarded(cells[at]) for at in columns.names if at < len(cells)]
        if any(SWALLOWED.search(part) for part in parts):
            raise Refused("sheet_unreadable", line=str(line))
        if address.key in seen:
            sheet.duplicates += 1
            continue
        seen.add(address.key)
        sheet.contacts.append((address, addresses.display(" ".join(filter(None, parts)))))
    return sheet


def decoded(octets: bytes) -> tuple[str, Encoding]:
    """The text, and in which encoding it was read: by its mark, else UTF-8 if it is that, else what Excel writes."""
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        return octets.decode("utf-16", "replace"), Encoding.UTF16
    head = octets[:200]
    if head.count(0) * 3 > len(head):  # every other octet of Latin letters is zero
        codec = "utf-16-be" if head[:1] == b"\0" else "utf-16-le"
        return octets.decode(codec, "replace"), Encoding.UTF16
    try:
        return octets.decode("utf-8-sig"), Encoding.UTF8
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace"), Encoding.GUESSED


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row that is not blank. Raises Refused `sheet_unreadable`.

    A quote that is never closed would take the lines behind it, addresses and all, for the rest of a name.
    """
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader([*lines, END], delimiter=_delimiter(lines))
    began = 1
    try:
        for cells in reader:
            if cells == [END]:
                return
            if any(len(cell) > LONGEST_CELL or END in cell for cell in cells):
                raise Refused("sheet_unreadable", line=str(began))
            cells = [cell.strip() for cell in cells]
            if any(cells):
                yield began, cells
            began = reader.line_num + 1
    except csv.Error as error:
        raise Refused("sheet_unreadable", line=str(began)) from error


def _delimiter(lines: Sequence[str]) -> str:
    """What stands in most of the first lines outside quotes, as often in each; a comma where there is one column."""
    looked = [re.sub(r'"[^"]*"', "", line) for line in lines[:LOOKED_AT] if line.strip()]
    best, most = ",", (0, 0)
    for delimiter in DELIMITERS:
        counts = Counter(line.count(delimiter) for line in looked if delimiter in line)
        found = (sum(counts.values()), max(counts.values(), default=0))
        if found > most:
            best, most = delimiter, found
    return best


def _columns(first: Sequence[str]) -> tuple[Columns, bool]:
    """Where things stand, and whether the first row is a heading. Raises Refused `sheet_no_address`."""
    if any("@" in cell for cell in first):
        at = next(index for index, cell in enumerate(first) if "@" in cell)
        return Columns(at, tuple(index for index in range(len(first)) if index != at)[:1]), False
    heads = [cell.lower().strip("'\" ") for cell in first]
    at = next((index for index, head in enumerate(heads) if head in ADDRESS_HEADS), -1)
    if at < 0:
        raise Refused("sheet_no_address", columns=", ".join(first)[:100])
    names = _among(heads, NAME_HEADS)[:1] or (*_among(heads, GIVEN_HEADS)[:1], *_among(heads, FAMILY_HEADS)[:1])
    return Columns(at, names), True


def _among(heads: Sequence[str], wanted: frozenset[str]) -> tuple[int, ...]:
    return tuple(index for index, head in enumerate(heads) if head in wanted)
