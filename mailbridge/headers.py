"""The header block as bytes: where it ends, and its fields, for reading and for rewriting alike.

Python's `email` is not used: it changes headers when it writes them, and disagrees with other parsers when it reads
them. Nothing here decodes, and `split` followed by joining gives back every byte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# RFC 5322 2.2: printable ASCII but the colon; blanks before the colon are obsolete syntax (4.5) that readers honour,
# so `From : x` must count as a From here too.
_NAME = re.compile(rb"([\x21-\x39\x3b-\x7e]+)[ \t]*:")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")


@dataclass(frozen=True, slots=True)
class Field:
    """One header field.

    `name` is lower-case; `raw` every octet of it, line ends included; `value` what follows the colon, unfolded
    (RFC 5322 2.2.3: the line ends go, the blanks stay) and stripped at both ends.
    """

    name: bytes
    raw: bytes
    value: bytes


def split(raw: bytes) -> tuple[bytes, bytes]:
    """Cut a message where its header block ends: `head + body == raw`, and `body` keeps the blank line.

    The block ends before the first blank line, or before the first line that is neither a field nor the continuation
    of one (a message without a blank line), or with the message. So `body` begins with a line end, or with text that
    has no blank line before it, or is empty; who writes a header anew must add the blank line in the last two cases.
    """
    position = 0
    seen_field = False
    while position < len(raw):
        folded = raw[position] in (0x20, 0x09)
        if not (seen_field if folded else _NAME.match(raw, position)):
            break
        seen_field = True
        end = raw.find(b"\n", position)
        position = len(raw) if end < 0 else end + 1
    return raw[:position], raw[position:]


def fields(head: bytes) -> list[Field]:
    """The fields of a header block as `split` gives it, in order. Lines that are no field are left out."""
    found: list[Field] = []
    start = 0
    while start < len(head):
        end = _end(head, start)
        raw = head[start:end]
        name = _NAME.match(raw)
        if name:
            found.append(Field(name[1].lower(), raw, _FOLD.sub(b"", raw[name.end() :]).strip(b" \t\r\n")))
        start = end
    return found


def _end(head: bytes, start: int) -> int:
    """Where the field that begins at `start` ends: after its last continuation line."""
    while True:
        line_end = head.find(b"\n", start)
        if line_end < 0:
            return len(head)
        start = line_end + 1
        if head[start : start + 1] not in (b" ", b"\t"):
            return start
