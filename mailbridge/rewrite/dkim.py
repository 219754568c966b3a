"""DKIM signatures of copies (RFC 6376), relaxed/relaxed: nearly all of the work once per Edition.

Copies differ in a few lines of their prefix. So the fields that are the same for all are signed first in h=, and their
hash is kept half done: a copy costs the canonical form of its own lines, one digest, and one private key operation,
which is somebody else's part (`keys.SigningKey.sign`).

Every field of `covered.OVERSIGNED` is listed once more than it is there, so that a second From or Subject, which some
reader would show instead of the signed one, breaks the signature (RFC 6376 8.15).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from mailbridge import headers
from mailbridge.rewrite import covered
from mailbridge.rewrite.covered import OVERSIGNED, SIGNED
from mailbridge.rewrite.keys import Algorithm
from mailbridge.rewrite.lines import CRLF, line

if TYPE_CHECKING:
    from hashlib import _Hash

# What may stand in a Copy's prefix: last in h=, and always listed for one there and none more.
PER_COPY: Final = ("List-Unsubscribe", "List-Unsubscribe-Post")


@dataclass(frozen=True, slots=True)
class Identity:
    """In whose name a signature is: d=, s= and a=. `number` says which key makes it, to whoever holds them."""

    domain: str
    selector: str
    algorithm: Algorithm
    number: int


class Identities:
    """Every identity there are keys for."""

    def __init__(self, identities: Iterable[Identity] = ()) -> None:
        self._of: dict[str, tuple[Identity, ...]] = {}
        for identity in identities:
            self._of[identity.domain] = (*self._of.get(identity.domain, ()), identity)

    def speaking_for(self, *domains: str) -> tuple[Identity, ...]:
        """Those of the first of `domains` that has any, its own or else its nearest parent's: DMARC aligns both."""
        for domain in domains:
            while domain:
                if domain in self._of:
                    return self._of[domain]
                domain = domain.partition(".")[2]
        return ()


@dataclass(frozen=True, slots=True)
class Template:
    """One identity's signature of an Edition, but for what differs between its copies.

    `opening` is the field as it will stand, up to the value of b=; `closing` its canonical form without that value and
    without CRLF (RFC 6376 3.7); `half` the hash of the fields that are the same for every copy; `below` the canonical
    form of the Edition's own fields for each name of PER_COPY, which a Copy's prefix stands above.
    """

    identity: Identity
    opening: bytes
    closing: bytes
    half: _Hash
    below: tuple[bytes, ...]

    def digest(self, prefix: bytes) -> bytes:
        """What the key has to sign for the copy with that prefix."""
        whole = self.half.copy()
        own = headers.fields(prefix)
        for name, below in zip(PER_COPY, self.below, strict=True):
            whole.update(below + covered.of_name(own, name))
        whole.update(self.closing)
        return whole.digest()

    def field(self, signature: bytes) -> bytes:
        """The DKIM-Signature field, to stand on top of the copy."""
        return covered.completed(self.opening, signature)


def templates(head: bytes, body_hash: bytes, identities: Sequence[Identity], moment: datetime) -> tuple[Template, ...]:
    """Return a template for each identity, from an Edition's `head` and its body's hash (`covered.body_hash`); `moment`
    (aware) becomes t=.

    The same arguments give the same octets, and RSA and Ed25519 sign the same digest alike: a copy that is made again
    after a crash is the same copy.
    """
    fields = headers.fields(head)
    half = hashlib.sha256(b"".join(covered.of_name(fields, name) for name in (*OVERSIGNED, *SIGNED)))
    below = tuple(covered.of_name(fields, name) for name in PER_COPY)
    # In the order in which `half` and `Template.digest` hash them.
    listed = covered.names(fields, (OVERSIGNED, 1), (SIGNED, 0), (PER_COPY, 2))
    openings = [(identity, _opening(identity, listed, body_hash, moment)) for identity in identities]
    return tuple(Template(identity, opening, covered.closing(opening), half, below) for identity, opening in openings)


def _opening(identity: Identity, listed: Sequence[str], body_hash: bytes, moment: datetime) -> bytes:
    return line(
        "DKIM-Signature",
        f"v=1; a={identity.algorithm}; c=relaxed/relaxed; t={int(moment.timestamp())};",
        f"d={identity.domain}; s={identity.selector};",
        *covered.folded(listed),
        b"bh=" + body_hash + b";",
        "b=",
    ).removesuffix(CRLF)
