"""Whom a message names as its recipients, for two questions that hold a post and decide nothing else.

Read leniently, in one pass: who wants to look like few recipients, or to name the group, can simply do so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from mailbridge.headers import Field
from mailbridge.policy.display import raw_text
from store.terms import Address, InvalidAddress, folded

# Mailman's max_num_recipients: a mail to so many at once is a circular, or spam.
MANY = 10
_COUNTED = frozenset({b"to", b"cc"})
# Somebody who resends a message to the group names it here (RFC 5322 3.6.6).
_NAMING = _COUNTED | {b"resent-to", b"resent-cc"}
_AT_MOST = 1_000
_LONGEST = 65_536  # octets of one field
# Each octet is looked at once: a search for the end of every quoted string would be quadratic in unclosed ones.
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[^"]+', re.DOTALL)
_BETWEEN = re.compile(r"[\s,;:<>()\[\]]+")


@dataclass(frozen=True, slots=True)
class Destinations:
    """How many addresses To and Cc name, each once, and all that these and their Resent- kin name; 1,000 at most.

    Addresses are in lower case, domains as A-labels.
    """

    recipients: int
    named: frozenset[str]


def read(found: Sequence[Field]) -> Destinations:
    """Whom these header fields name. Once per message: there may be many, and many groups that ask."""
    recipients: set[str] = set()
    others: set[str] = set()
    for field in found:
        if field.name in _NAMING:
            seen = recipients if field.name in _COUNTED else others
            seen.update(islice(_in(raw_text(field.value[:_LONGEST])), _AT_MOST - len(seen)))
    return Destinations(len(recipients), frozenset(recipients | others))


def _in(text: str) -> Iterator[str]:
    # A name in quotes often is the address itself; what stands in quotes is not counted.
    bare = " ".join(piece[0] for piece in _PIECE.finditer(text) if not piece[0].startswith('"'))
    for word in _BETWEEN.split(bare):
        local, at, domain = word.strip("'").rpartition("@")
        if at and local and domain:
            yield _key(f"{local}@{domain}")


def _key(text: str) -> str:
    if text.isascii():
        return folded(text)
    try:
        return Address.parse(text).key
    except InvalidAddress:
        return folded(text)
