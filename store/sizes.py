"""Sizes as people write them: "25MB" in, bytes out, and back. 1 MB is 1,048,576 bytes, as mail programs count."""

from __future__ import annotations

import re

from store.terms import Refused

NO_LIMIT = frozenset({"none", "no limit", "unlimited", "-"})
UNITS = {"": 1, "b": 1, "k": 2**10, "kb": 2**10, "kib": 2**10, "m": 2**20, "mb": 2**20, "mib": 2**20,
         "g": 2**30, "gb": 2**30, "gib": 2**30}  # fmt: skip
SMALLEST = 2**10
LARGEST = 2**40
_WRITTEN = re.compile(r"(\d{1,15}(?:[.,]\d{1,3})?)\s*([a-z]{0,3})", re.ASCII)


def size(text: str) -> int | None:
    """Bytes of a size such as `25MB`, `1.5 GB`, `500k` or a plain number of bytes; None for `none` and `unlimited`.

    Raises Refused: `size_malformed`, `size_too_small` (below 1 KB: "25" surely means 25 MB) or `size_too_large`.
    """
    written = " ".join(text.strip().lower().split())
    if written in NO_LIMIT:
        return None
    match = _WRITTEN.fullmatch(written)
    if match is None or match[2] not in UNITS:
        raise Refused("size_malformed", text=text.strip()[:40])
    octets = int(float(match[1].replace(",", ".")) * UNITS[match[2]])
    if octets < SMALLEST:
        raise Refused("size_too_small", text=text.strip()[:40])
    if octets > LARGEST:
        raise Refused("size_too_large", text=text.strip()[:40])
    return octets


def show(octets: int) -> str:
    """The shortest usual writing of a number of bytes, to one decimal place: `25 MB`, `1.5 MB`, `312 KB`, `80 B`."""
    for unit, factor in (("GB", 2**30), ("MB", 2**20), ("KB", 2**10)):
        if octets >= factor:
            return f"{round(octets / factor, 1):g} {unit}"
    return f"{octets} B"
