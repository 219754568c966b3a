"""Whom a message names as its recipients besides the group: the mailboxes of To, Cc and their Resent- forms.

Who is named there has a copy, or so the author says. Read for one purpose, to spare a second copy to those who asked
for that, so what cannot be read names nobody, and a name that looks like an address is none: only what stands where an
address does counts (RFC 5322 3.4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from mailbridge.headers import Field
from store.terms import Address, InvalidAddress

MOST: Final = 500  # addresses of one message
_OCTETS: Final = 65_536  # of all such fields together
_NAMES: Final = frozenset({b"to", b"cc", b"resent-to", b"resent-cc"})
# What an address list is made of; each alternative ends, so that a field of any shape is read in one pass.
_PIECE: Final = re.compile(r'"(?:[^"\\]|\\.)*"|<[^<>]*>|[(),:;]|[^"<>(),:;]+|.', re.DOTALL)


def addressed(fields: Sequence[Field]) -> tuple[str, ...]:
    """The keys of the mailboxes named, each once, in their order; the first 500 of them."""
    text = ",".join(field.value.decode("utf-8", "replace") for field in fields if field.name in _NAMES)
    keys: dict[str, None] = {}
    if len(text) > _OCTETS:
        text = text[:_OCTETS].rpartition(",")[0]  # half an address may be somebody else's
    for mailbox in _mailboxes(text):
        try:
            keys[Address.parse(mailbox).key] = None
        except InvalidAddress:
            continue
        if len(keys) == MOST:
            break
    return tuple(keys)


def _mailboxes(text: str) -> Iterator[str]:
    """What stands where an address does: between angle brackets, or alone between two commas."""
    depth, bare, angled = 0, "", ""
    for found in _PIECE.finditer(text + ","):
        piece = found[0]
        if piece in "()":
            depth = max(depth + (1 if piece == "(" else -1), 0)
        elif depth:
            continue
        elif piece in (",", ";"):
            yield angled or bare.strip()
            bare = angled = ""
        elif piece == ":":  # ends the name of a group of addresses
            bare = ""
        elif piece.startswith("<") and piece.endswith(">"):
            angled = piece[1:-1].strip()
        else:
            bare += piece
