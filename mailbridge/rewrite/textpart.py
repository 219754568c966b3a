"""A text part of our own as octets: the note that stands for an attachment, and a footer beside a mail's own text."""

from __future__ import annotations

import binascii
import textwrap
from typing import Final

from mailbridge.rewrite.lines import CRLF, line

WIDTH: Final = 72
_LONGEST_LINE: Final = 78  # RFC 5322 2.1.1
_LONGEST_RUN: Final = 100  # characters; each may become nine octets of HTML


def textpart(text: str, language: str) -> bytes:
    """A text/plain part, shown in place (RFC 2183 2.1): header, blank line and content, which ends with CRLF."""
    lines = text.split("\n")
    if text.isascii() and all(len(each) <= _LONGEST_LINE for each in lines):
        charset, encoding, content = "us-ascii", "7bit", CRLF.join(each.encode("ascii") for each in (*lines, ""))
    else:
        charset, encoding, content = "utf-8", "quoted-printable", quoted(f"{text}\n".encode("utf-8", "replace"))
    return b"".join(
        (
            line("Content-Type", f"text/plain; charset={charset}"),
            line("Content-Transfer-Encoding", encoding),
            line("Content-Disposition", "inline"),
            line("Content-Language", language),
            CRLF,
            content,
        )
    )


def quoted(octets: bytes) -> bytes:
    """Text in quoted-printable (RFC 2045 6.7); its lines may end with LF, those of the result end with CRLF."""
    return binascii.b2a_qp(octets.replace(CRLF, b"\n"), istext=True).replace(b"\n", CRLF)


def wrapped(text: str) -> str:
    """Each line as lines of at most 72 columns that keep its indent; a longer word (a link) stays whole."""
    found: list[str] = []
    for paragraph in text.strip("\n").split("\n"):
        indent = paragraph[: len(paragraph) - len(paragraph.lstrip(" "))]
        filled = textwrap.wrap(
            paragraph, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )
        for each in filled or [""]:
            # Without blanks between its words a line of Japanese would be longer than a line may be (RFC 5322 2.1.1).
            step = len(each) if each.isascii() else _LONGEST_RUN
            found += [each[at : at + step] for at in range(0, len(each), step)] if each else [""]
    return "\n".join(found)
