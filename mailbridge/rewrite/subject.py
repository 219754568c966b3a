"""The group's tag before a subject: "[Team] Lunch", once, and the author's own octets behind it as they were."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mailbridge import headers
from mailbridge.headers import Field
from mailbridge.rewrite.charsets import words
from mailbridge.rewrite.lines import CRLF, encoded_words, line

_LINE: Final = 78  # octets of a line as RFC 5322 2.1.1 likes it
_READ: Final = 16_384  # octets of a subject that are read for a tag


def tagged(fields: Sequence[Field], tag: str) -> list[Field]:
    """The fields with `[tag]` before the subject, unless it stands somewhere in it already, as in a reply.

    A message without a subject gets one, at the end of its header.
    """
    mark = f"[{tag}]"
    for at, field in enumerate(fields):
        if field.name == b"subject":
            if _plain(mark) in _plain(words(field.value[:_READ])):
                return list(fields)
            return [*fields[:at], *headers.fields(_tagged(field, mark)), *fields[at + 1 :]]
    return [*fields, *headers.fields(line("Subject", *_parts(mark)))]


def _tagged(field: Field, mark: str) -> bytes:
    if not field.value:
        return line("Subject", *_parts(mark))
    name, _, rest = field.raw.partition(b":")
    if not rest.startswith((b" ", b"\t", CRLF)):
        rest = b" " + rest
    # Blanks between two encoded words are not read (RFC 2047 6.2), so the one behind the tag goes into its own word.
    parts = _parts(mark, space=field.value.startswith(b"=?"))
    start = name.rstrip(b" \t") + b": " + (CRLF + b"\t").join(parts)
    last, first = start.rpartition(b"\n")[2], rest.partition(CRLF)[0]
    # A line of blanks alone would end some readers' header, so nothing is folded in front of one.
    folds = len(last) + len(first) > _LINE and first.strip()
    return start + (CRLF if folds else b"") + rest


def _parts(mark: str, *, space: bool = False) -> list[bytes]:
    if mark.isascii() and "=?" not in mark:
        return [mark.encode("ascii")]
    return encoded_words(f"{mark} " if space else mark)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).casefold()
