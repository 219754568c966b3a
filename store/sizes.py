"""Sizes as people write them: "25MB" in, bytes out, and back. 1 MB is 1,048,576 bytes, as mail programs count."""

from __future__ import annotations

import re
from collections.abc import Mapping

from store.terms import Refused
from store.texts import FALLBACK, say

NO_LIMIT = frozenset({"none", "no limit", "unlimited", "-", "aucune", "aucun", "illimitée", "illimité"})
UNITS = {"": 1, "b": 1, "k": 2**10, "kb": 2**10, "kib": 2**10, "m": 2**20, "mb": 2**20, "mib": 2**20,
         "g": 2**30, "gb": 2**30, "gib": 2**30, "o": 1, "ko": 2**10, "mo": 2**20, "go": 2**30}  # fmt: skip
SMALLEST = 2**10
LARGEST = 2**40
_SIZES = frozenset({"size", "limit"})  # the values of a reason that are sizes, kept in English
_WRITTEN = re.compile(r"(\d{1,15}(?:[.,]\d{1,3})?)\s*([a-z]{0,3})", re.ASCII)


def size(text: str) -> int | None:
    """Bytes of a size such as `25MB`, `1.5 GB`, `1,5 Go`, `500k` or a plain number of bytes; None for `none`.

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


def show(octets: int, language: str = FALLBACK) -> str:
    """The shortest usual writing of a number of bytes, to one decimal place: `25 MB`, `1.5 MB`, `312 KB`, `1,5 Mo`."""
    for unit, factor in (("gb", 2**30), ("mb", 2**20), ("kb", 2**10)):
        if octets >= factor:
            amount = f"{round(octets / factor, 1):g}".replace(".", say(language, "size.point"))
            return say(language, f"size.{unit}", amount=amount)
    return say(language, "size.b", amount=octets)


def spoken(values: Mapping[str, str], language: str) -> dict[str, str]:
    """The values of a kept reason (`store.terms.Reason`) with its sizes as `language` writes them."""
    return {name: _respoken(text, language) if name in _SIZES else text for name, text in values.items()}


def _respoken(text: str, language: str) -> str:
    try:
        octets = size(text)
    except Refused:
        return text
    return text if octets is None else show(octets, language)
