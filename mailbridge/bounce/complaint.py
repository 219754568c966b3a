"""Whose copy a complaint (RFC 5965) is about: the tokens of ours that the mail it brings back still carries. Pure.

Providers take the complainant's address out of the report; our leave token and return path stay, and they are signed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mailbridge.parts import opened

_OCTETS: Final = 1024 * 1024
_MOST: Final = 10
_TOKEN: Final = rb"([a-z2-7]{24}(?:[a-z2-7]{8})?)"
# In a List-Unsubscribe field the address's token, or the page's; in Return-Path and Original-Mail-From the delivery's.
_LEAVE: Final = re.compile(rb"-leave(?:\+|%2b)" + _TOKEN + rb"@|/leave/" + _TOKEN + rb"\b", re.IGNORECASE)
_BOUNCE: Final = re.compile(rb"\bbounces(?:\+|=2b|%2b)" + _TOKEN + rb"@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Marks:
    """Tokens as found, unproven; at most ten of each."""

    leave: Sequence[str]
    bounce: Sequence[str]


def marks(raw: bytes) -> Marks:
    """The tokens in a complaint's report and in the head of what it brings back. Takes any octets, raises nothing."""
    message = opened(raw[:_OCTETS])
    texts = [part.content for part in message.parts if part.kind == b"message/feedback-report"]
    texts += [re.split(rb"\r?\n\r?\n", back, maxsplit=1)[0] for back in message.returned]
    said = b"\n".join(re.sub(rb"\r?\n[ \t]+", b"", text) for text in texts)
    return Marks(
        leave=_found(_LEAVE, said),
        bounce=_found(_BOUNCE, said),
    )


def _found(pattern: re.Pattern[bytes], said: bytes) -> list[str]:
    found: dict[str, None] = {}
    for match in pattern.finditer(said):
        token = next(group for group in match.groups() if group)
        found[token.decode("ascii").lower()] = None
        if len(found) == _MOST:
            break
    return list(found)
