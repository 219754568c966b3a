"""The machine-readable part of a delivery report (RFC 3464), and the same fields where they stand in prose. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mailbridge.headers import fields
from mailbridge.parts import word
from store.terms import ENHANCED

_RECIPIENTS: Final = 100  # blocks that are looked at
_TEXT: Final = 500  # characters kept of a diagnostic, an address
KINDS: Final = frozenset({b"message/delivery-status", b"message/global-delivery-status"})  # RFC 3464, RFC 6533
# What a few systems write for the words of RFC 3464 2.3.3.
_FAILED: Final = frozenset({b"failed", b"failure", b"error", b"undeliverable", b"expired"})
_PLACED: Final = frozenset({b"final-recipient", b"original-recipient", b"x-actual-recipient"})


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one recipient; each text is one line, "" where the report is silent.

    `action` is `failed`, `delayed` or another word of RFC 3464; `enhanced` the code of `Status` (RFC 3463),
    `diagnostic` the last hop's own words, `recipient` whom the report names (shown, never acted on).
    """

    action: str
    enhanced: str
    diagnostic: str
    recipient: str


def recipients(content: bytes) -> list[Said]:
    """Read a status part: blocks of fields with blank lines between them, the first about the message (RFC 3464 2.1).

    Some reports have the recipient in the first block, so every block is looked at; without an action, a permanent
    code says `failed`.
    """
    blocks = re.split(rb"\n[ \t]*\n+", content.replace(b"\r\n", b"\n").strip(b"\n"), maxsplit=_RECIPIENTS)
    found = (_said(block) for block in blocks[:_RECIPIENTS])
    return [said for said in found if said is not None]


def _said(block: bytes) -> Said | None:
    found = {field.name: field.value for field in reversed(fields(block + b"\n"))}
    status = ENHANCED.match(line(found.get(b"status", b"")))
    action = word(found.get(b"action", b""))
    if not action and status and _PLACED & found.keys():
        action = b"failed" if status[1] == "5" else b"delayed" if status[1] == "4" else b"delivered"
    if not action:
        return None
    return Said(
        action="failed" if action in _FAILED else action.decode("ascii", "replace"),
        enhanced=status[0] if status else "",
        diagnostic=line(_typed(found.get(b"diagnostic-code", b""))),
        recipient=line(_typed(found.get(b"final-recipient", found.get(b"original-recipient", b"")))).strip("<>"),
    )


def line(value: bytes | str) -> str:
    """Strangers' text as one short line without controls and direction marks."""
    decoded = _decoded(value[: 8 * _TEXT]) if isinstance(value, bytes) else value[: 8 * _TEXT]
    flat = "".join(c if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} else " " for c in decoded)
    return " ".join(flat.split())[:_TEXT]


def _decoded(value: bytes) -> str:
    # The part has no charset (RFC 3464 2.2); only ISO-2022-JP can be told by itself.
    return value.decode("iso-2022-jp" if b"\x1b$" in value else "utf-8", "replace")


def failed(said: Sequence[Said]) -> list[Said]:
    """Those whose delivery failed for good."""
    return [one for one in said if one.action == "failed"]


def _typed(value: bytes) -> bytes:
    """`smtp; 550 no such person` without its type."""
    kind, semicolon, rest = value.partition(b";")
    return rest if semicolon and re.fullmatch(rb"\s*[A-Za-z0-9-]+\s*", kind) else value
