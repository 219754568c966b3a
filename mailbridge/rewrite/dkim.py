"""DKIM signatures of copies (RFC 6376), relaxed/relaxed: nearly all of the work once per Edition.

Copies differ in a few lines of their prefix. So the fields that are the same for all are signed first in h=, and their
hash is kept half done: a copy costs the canonical form of its own lines, one digest, and one private key operation,
which is somebody else's part (`keys.SigningKey.sign`).

Every field of `OVERSIGNED` is listed once more than it is there, so that a second From or Subject, which some reader
would show instead of the signed one, breaks the signature (RFC 6376 8.15).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from mailbridge import headers
from mailbridge.rewrite import canonical
from mailbridge.rewrite.keys import Algorithm
from mailbridge.rewrite.lines import CRLF, line
from mailbridge.rewrite.wire import unstuffed

if TYPE_CHECKING:
    from hashlib import _Hash

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
# What may stand in a Copy's prefix: last in h=, and always listed for one there and none more.
PER_COPY: Final = ("List-Unsubscribe", "List-Unsubscribe-Post")
_NAMES_WIDTH: Final = 70
_CHUNK: Final = 72  # characters of b= on a line


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
            whole.update(below + _canonical(own, name))
        whole.update(self.closing)
        return whole.digest()

    def field(self, signature: bytes) -> bytes:
        """The DKIM-Signature field, to stand on top of the copy."""
        text = base64.b64encode(signature)
        chunks = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
        return self.opening + (CRLF + b"\t").join(chunks) + CRLF


def templates(head: bytes, wire: bytes, identities: Sequence[Identity], moment: datetime) -> tuple[Template, ...]:
    """Return a template for each identity, from an Edition's `head` and `wire`; `moment` (aware) becomes t=.

    The same arguments give the same octets, and RSA and Ed25519 sign the same digest alike: a copy that is made again
    after a crash is the same copy.
    """
    if not identities:
        return ()
    body_hash = base64.b64encode(hashlib.sha256(canonical.body(unstuffed(wire)[len(head) :])).digest())
    fields = headers.fields(head)
    half = hashlib.sha256(b"".join(_canonical(fields, name) for name in (*OVERSIGNED, *SIGNED)))
    below = tuple(_canonical(fields, name) for name in PER_COPY)
    openings = [(identity, _opening(identity, _names(fields), body_hash, moment)) for identity in identities]
    return tuple(Template(identity, opening, _closing(opening), half, below) for identity, opening in openings)


def _opening(identity: Identity, names: list[str], body_hash: bytes, moment: datetime) -> bytes:
    return line(
        "DKIM-Signature",
        f"v=1; a={identity.algorithm}; c=relaxed/relaxed; t={int(moment.timestamp())};",
        f"d={identity.domain}; s={identity.selector};",
        *_folded(names),
        b"bh=" + body_hash + b";",
        "b=",
    ).removesuffix(CRLF)


def _closing(opening: bytes) -> bytes:
    (field,) = headers.fields(opening + CRLF)
    return canonical.field(field).removesuffix(CRLF)


def _names(fields: Sequence[headers.Field]) -> list[str]:
    """The names of h=, in the order in which `half` and `Template.digest` hash them."""
    count: dict[bytes, int] = {}
    for field in fields:
        count[field.name] = count.get(field.name, 0) + 1
    names: list[str] = []
    for group, more in ((OVERSIGNED, 1), (SIGNED, 0), (PER_COPY, 2)):
        for name in group:
            names += [name] * (count.get(name.lower().encode("ascii"), 0) + more)
    return names


def _folded(names: list[str]) -> Iterator[str]:
    text = "h="
    for name in names[:-1]:
        if len(text) + len(name) > _NAMES_WIDTH:
            yield text
            text = ""
        text += f"{name}:"
    yield f"{text}{names[-1]};"


def _canonical(fields: Sequence[headers.Field], name: str) -> bytes:
    """The fields of that name from the last to the first, which is how h= counts them (RFC 6376 5.4.2)."""
    wanted = name.lower().encode("ascii")
    return b"".join(canonical.field(field) for field in reversed(fields) if field.name == wanted)
