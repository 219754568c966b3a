"""Whom a message names as its recipients, for two questions that hold a post and decide nothing else.

Read leniently, in one pass: who wants to look like few recipients, or to name the group, can simply do so.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from mailbridge.headers import Field
from mailbridge.policy.display import raw_text
from store.terms import Address, InvalidAddress, folded

# Mailman's max_num_recipients: a mail to so many at once is a circular, or spam.
MANY = 10
_COUNTED = frozenset({b"to", b"cc"})
# Somebody who resends a message to the group names it here (RFC 5322 3.6.6).
_NAMING = _COUNTED | {b"resent-to", b"resent-cc"}
_AT_MOST = 1_000
# Each octet is looked at once: a search for the end of every quoted string would be quadratic in unclosed ones.
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[^"]+', re.DOTALL)
_BETWEEN = re.compile(r"[\s,;:<>()\[\]]+")


def recipients(found: Sequence[Field]) -> int:
    """How many addresses To and Cc name, each once; 1,000 at most."""
    return len(_addresses(found, _COUNTED))


def names(found: Sequence[Field], addresses: Collection[str]) -> bool:
    """Whether To, Cc or their Resent- kin name one of `addresses` (lower case, domains as A-labels)."""
    return not _addresses(found, _NAMING).isdisjoint(addresses)


def _addresses(found: Sequence[Field], wanted: frozenset[bytes]) -> set[str]:
    seen: set[str] = set()
    for field in found:
        if field.name in wanted:
            for address in _in(raw_text(field.value)):
                seen.add(address)
                if len(seen) >= _AT_MOST:
                    return seen
    return seen


def _in(text: str) -> Iterator[str]:
    # A name in quotes often is the address itself; what stands in quotes is not counted.
    bare = " ".join(piece[0] for piece in _PIECE.finditer(text) if not piece[0].startswith('"'))
    for word in _BETWEEN.split(bare):
        local, at, domain = word.strip("'").rpartition("@")
        if at and local and domain:
            yield _key(f"{local}@{domain}")


def _key(text: str) -> str:
    try:
        return Address.parse(text).key
    except InvalidAddress:
        return folded(text)
