"""Header lines of ours: text from people made safe for them, and the one place that folds and ends them.

A line break that reaches a header line is a header of the attacker's choice (CVE-2024-6923 and its kin), so text is
flattened here, and `line` refuses what still breaks.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from typing import Final

CRLF: Final = b"\r\n"
NAME_LIMIT: Final = 120  # characters of a display name in a header
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
# Overrides of the direction of writing let a name read as another one; they have no place in a header.
_BIDI: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BREAKS: Final = frozenset({"Cc", "Zl", "Zp", "Zs"})
_WORD_OCTETS: Final = 42  # 56 base64 characters and the frame: under the 75 of RFC 2047 2, and of a line with its name


def line(name: str, first: str | bytes, *more: str | bytes) -> bytes:
    """Return one header field, each of `more` on a folded line of its own (RFC 5322 2.2.3), ended with CRLF.

    Raises ValueError if a part holds CR, LF or NUL, or is blank (a folded line of blanks ends some readers' header).
    """
    parts = [part.encode("utf-8") if isinstance(part, str) else part for part in (first, *more)]
    for part in parts:
        if not part.strip() or any(octet in part for octet in (b"\r", b"\n", b"\0")):
            raise ValueError(f"{part[:80]!r} cannot stand in the header line {name}")
    return name.encode("ascii") + b": " + (CRLF + b"\t").join(parts) + CRLF


def one_line(text: str, limit: int) -> str:
    """Return `text` as one line of at most `limit` characters: breaks, controls and runs of blanks become one space.

    Direction overrides go, lone surrogates become U+FFFD; what is cut ends in an ellipsis.
    """
    flat = "".join(" " if unicodedata.category(c) in _BREAKS else c for c in _BIDI.sub("", text[: 4 * limit + 256]))
    flat = " ".join(flat.encode("utf-8", "replace").decode("utf-8").split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def phrase(text: str) -> list[bytes]:
    """Return a display name as parts for `line`: atoms, a quoted string, or encoded words (RFC 5322 3.2.5, RFC 2047 5).

    Empty for a name of blanks only.
    """
    flat = one_line(text, NAME_LIMIT)
    if not flat:
        return []
    if not flat.isascii() or "=?" in flat:  # "=?" would be read as an encoded word, and decoded
        return encoded_words(flat)
    if _ATOMS.fullmatch(flat):
        return [flat.encode("ascii")]
    return [b'"' + re.sub(r'(["\\])', r"\\\1", flat).encode("ascii") + b'"']


def unstructured(text: str, limit: int = 200) -> list[bytes]:
    """Return free text (a Subject) as parts for `line`: as it is in ASCII, else as encoded words (RFC 2047 5)."""
    flat = one_line(text, limit)
    if not flat.isascii() or "=?" in flat:
        return encoded_words(flat)
    return [flat.encode("ascii")] if flat else []


def encoded_words(text: str) -> list[bytes]:
    """Readers drop the blanks between neighbouring encoded words, and no character is cut in two (RFC 2047 5, 6.2)."""
    words: list[bytes] = []
    chunk = b""
    for character in text:
        octets = character.encode("utf-8")
        if len(chunk) + len(octets) > _WORD_OCTETS:
            words.append(chunk)
            chunk = b""
        chunk += octets
    return [b"=?utf-8?b?" + base64.b64encode(word) + b"?=" for word in (*words, chunk) if word]
