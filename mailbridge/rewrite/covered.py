"""What a signature of ours covers, and how it is written (RFC 6376 3.5, 3.7), for DKIM and ARC alike."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

from mailbridge.headers import Field, fields
from mailbridge.rewrite import canonical
from mailbridge.rewrite.lines import CRLF
from mailbridge.rewrite.wire import unstuffed

# Listed once more than they are there, so that none can be added (RFC 6376 8.15).
OVERSIGNED: Final = (
    "From", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
    "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID",
    "List-Id", "List-Post", "List-Owner", "List-Help", "List-Subscribe", "List-Archive",
)  # fmt: skip
# Signed where they are there; others on the way may add them for reasons of their own.
SIGNED: Final = (
    "Sender", "Auto-Submitted", "Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc", "Resent-Date",
    "Resent-Message-ID", "X-Original-From",
)  # fmt: skip
_NAMES_WIDTH: Final = 70
_CHUNK: Final = 72  # characters of b= on a line


def body_hash(head: bytes, wire: bytes) -> bytes:
    """The value of bh= for an Edition's `head` and `wire`, relaxed."""
    return base64.b64encode(hashlib.sha256(canonical.body(unstuffed(wire)[len(head) :])).digest())


def names(found: Sequence[Field], *groups: tuple[tuple[str, ...], int]) -> list[str]:
    """The names of h=: those of each group as often as they are there, and so many times more."""
    count: dict[bytes, int] = {}
    for field in found:
        count[field.name] = count.get(field.name, 0) + 1
    return [
        name
        for group, more in groups
        for name in group
        for _ in range(count.get(name.lower().encode("ascii"), 0) + more)
    ]


def folded(listed: Sequence[str]) -> Iterator[str]:
    """The h= tag as parts for `lines.line`."""
    text = "h="
    for name in listed[:-1]:
        if len(text) + len(name) > _NAMES_WIDTH:
            yield text
            text = ""
        text += f"{name}:"
    yield f"{text}{listed[-1]};"


def of_name(found: Sequence[Field], name: str) -> bytes:
    """The canonical fields of that name from the last to the first, which is how h= counts them (RFC 6376 5.4.2)."""
    wanted = name.lower().encode("ascii")
    return b"".join(canonical.field(field) for field in reversed(found) if field.name == wanted)


def closing(opening: bytes) -> bytes:
    """The canonical form of a signature's own field up to the value of its b=, without CRLF (RFC 6376 3.7)."""
    (field,) = fields(opening + CRLF)
    return canonical.field(field).removesuffix(CRLF)


def completed(opening: bytes, signature: bytes) -> bytes:
    """A signature's field, its b= filled in."""
    text = base64.b64encode(signature)
    chunks = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
    return opening + (CRLF + b"\t").join(chunks) + CRLF
