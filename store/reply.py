"""What a mail server says. Part of `store.terms`, which everybody imports it from; standard library only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?=[ \t-]|$)")


@dataclass(frozen=True, slots=True)
class Reply:
    """An SMTP reply, said or heard: code, enhanced code (RFC 3463) or "", and text.

    `line()` is what goes on the wire: printable ASCII, one line, at most 510 octets.
    """

    code: int
    enhanced: str
    text: str

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 400

    @property
    def temporary(self) -> bool:
        return 400 <= self.code < 500

    @property
    def permanent(self) -> bool:
        return self.code >= 500

    def line(self) -> str:
        text = re.sub(r"[^\x20-\x7e]+", " ", self.text).strip()
        head = f"{self.code} {self.enhanced} " if self.enhanced else f"{self.code} "
        return (head + text)[:510]

    def __str__(self) -> str:
        return " ".join(part for part in (str(self.code), self.enhanced, self.text) if part)

    @classmethod
    def heard(cls, code: int, lines: list[str]) -> Self:
        """From a hop's reply lines without their codes; the enhanced code is taken from the first."""
        text = " ".join(line.strip() for line in lines).strip()
        match = ENHANCED.match(text)
        if match and int(match[1]) == code // 100:
            return cls(code, match[0], text[match.end() :].strip())
        return cls(code, "", text)
