"""Whom a message names as its recipients besides the group: the mailboxes of To, Cc and their Resent- forms.

Who is named there has a copy, or so the author says: those who asked for that are spared a second one. A moderated
group holds what names very many, or not the group itself. What cannot be read names nobody, and a name that looks like
an address is none: only what stands where an address does counts (RFC 5322 3.4).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from mailbridge.headers import Field
from store.terms import Address, InvalidAddress

MOST: Final = 500  # addresses of one message
_OCTETS: Final = 65_536  # of all such fields together
TO_AND_CC: Final = frozenset({b"to", b"cc"})
NAMING: Final = TO_AND_CC | {b"resent-to", b"resent-cc"}
# What an address list is made of; each alternative ends, so that a field of any shape is read in one pass. A quotation
# that is never closed runs to the end: to look for its end from every quote in it would take half a minute.
_PIECE: Final = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|<[^<>]*>|[(),:;]|[^"<>(),:;]+|.', re.DOTALL)


def addressed(fields: Sequence[Field], names: Collection[bytes] = NAMING) -> tuple[str, ...]:
    """The keys of the mailboxes that fields of these names name, each once, in their order; the first 500 of them."""
    text = ",".join(field.value.decode("utf-8", "replace") for field in fields if field.name in names)
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
