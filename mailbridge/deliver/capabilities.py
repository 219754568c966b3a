"""What a hop offers, as its reply to EHLO says (RFC 5321 4.1.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The extensions we make use of. `size` is the hop's limit in octets; None where it names none (RFC 1870 4)."""

    pipelining: bool = False
    eight_bit: bool = False
    utf8: bool = False
    starttls: bool = False
    sizes: bool = False  # SIZE is offered, so MAIL may carry it
    size: int | None = None
    auth: frozenset[str] = frozenset()

    @classmethod
    def read(cls, lines: list[bytes]) -> Self:
        """From the lines of a 250 to EHLO, the first of which is the hop's name. What is malformed is not offered."""
        words: dict[str, list[str]] = {}
        for line in lines[1:]:
            # `AUTH=PLAIN` is how hops of before RFC 2554 wrote it, and some still do beside the right one.
            name, *values = line.decode("ascii", "replace").upper().replace("AUTH=", "AUTH ", 1).split() or [""]
            words.setdefault(name, []).extend(values)
        limit = words.get("SIZE", [])
        octets = int(limit[0]) if limit and limit[0].isascii() and limit[0].isdigit() and len(limit[0]) <= 20 else 0
        return cls(
            pipelining="PIPELINING" in words,
            eight_bit="8BITMIME" in words,
            utf8="SMTPUTF8" in words,
            starttls="STARTTLS" in words,
            sizes="SIZE" in words,
            size=octets or None,
            auth=frozenset(words.get("AUTH", [])),
        )
