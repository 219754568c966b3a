"""The ARC set of an Edition (RFC 8617 5.1): what we found out about the author, sealed, for who receives the copies.

Made after every other change and once per Edition: no field that differs between copies is covered, and our own
DKIM-Signature comes on top, where h=, which counts from below, does not see it. Two signatures, the second over the
first, and both somebody else's part: a `Seal` says what is to be signed and takes it back.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mailbridge import headers
from mailbridge.headers import Field
from mailbridge.rewrite import canonical, covered
from mailbridge.rewrite.covered import OVERSIGNED, SIGNED
from mailbridge.rewrite.dkim import Identity
from mailbridge.rewrite.keys import Algorithm
from mailbridge.rewrite.lines import CRLF, line
from mailbridge.rewrite.trace import Trace

MOST_INSTANCES: Final = 50  # RFC 8617 4.2.1
# A set's fields in the order in which its seal covers them (RFC 8617 5.1.1).
_SET: Final = (b"arc-authentication-results", b"arc-message-signature", b"arc-seal")
# The author's own signature, broken or not: whoever takes it out shows.
_KEPT: Final = ("DKIM-Signature",)
_INSTANCE: Final = re.compile(rb"(?:^|;)[ \t]*i[ \t]*=[ \t]*(\d{1,4})[ \t]*(?:;|$)")
_FAILED: Final = re.compile(rb"(?:^|;)[ \t]*cv[ \t]*=[ \t]*fail[ \t]*(?:;|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Seal:
    """An ARC set but for its two signatures.

    `results` is its first field; `message` and `seal` are the others, up to the values of their b=; `covered` is what
    the message signature covers of the head, and `earlier` the canonical sets below, which the seal covers too.
    """

    identity: Identity
    results: bytes
    message: bytes
    seal: bytes
    covered: bytes
    earlier: bytes

    def message_digest(self) -> bytes:
        """What the key has to sign first (ARC-Message-Signature)."""
        return hashlib.sha256(self.covered + covered.closing(self.message)).digest()

    def seal_digest(self, message_signature: bytes) -> bytes:
        """What the key has to sign then (ARC-Seal)."""
        own = self.results + covered.completed(self.message, message_signature)
        sealed = b"".join(canonical.field(field) for field in headers.fields(own))
        return hashlib.sha256(self.earlier + sealed + covered.closing(self.seal)).digest()

    def fields(self, message_signature: bytes, seal_signature: bytes) -> bytes:
        """The set, to stand on top of the Edition."""
        return (
            covered.completed(self.seal, seal_signature)
            + covered.completed(self.message, message_signature)
            + self.results
        )


def seal(
    head: bytes, body_hash: bytes, trace: Trace, chain: str, identities: Sequence[Identity], moment: datetime
) -> Seal | None:
    """The seal of an Edition's `head` and its body's hash; `chain` is the state of the chain it came with.

    None where there is nothing to seal with (ARC knows RSA alone), where the chain may not grow any more (RFC 8617
    4.2.1, 5.1), and where its state is not known: to call it broken would break it for good. `moment` (aware) becomes
    t=, so that the same arguments give the same octets.
    """
    identity = next((one for one in identities if one.algorithm is Algorithm.RSA), None)
    fields = headers.fields(head)
    earlier = [field for field in fields if field.name in _SET]
    instance = 1 + max((_instance(field) for field in earlier), default=0)
    if identity is None or chain not in ("none", "pass", "fail") or (chain == "none") is not (not earlier):
        return None
    if instance > MOST_INSTANCES or (chain == "fail" and _ended(earlier, instance - 1)):
        return None
    stamp = f"a={identity.algorithm}; t={int(moment.timestamp())};"
    owner = f"d={identity.domain}; s={identity.selector};"
    groups = ((OVERSIGNED, 1), (SIGNED, 0), (_KEPT, 0))
    listed = covered.names(fields, *groups)
    message = line(
        "ARC-Message-Signature",
        f"i={instance}; {stamp} c=relaxed/relaxed;",
        owner,
        *covered.folded(listed),
        b"bh=" + body_hash + b";",
        "b=",
    )
    return Seal(
        identity=identity,
        results=_results(trace, instance),
        message=message.removesuffix(CRLF),
        seal=line("ARC-Seal", f"i={instance}; {stamp} cv={chain};", owner, "b=").removesuffix(CRLF),
        covered=b"".join(covered.of_name(fields, name) for group, _ in groups for name in group),
        # A broken chain's own fields mean nothing any more: the new set stands alone (RFC 8617 5.1.2).
        earlier=b"" if chain == "fail" else _sets(earlier),
    )


def _results(trace: Trace, instance: int) -> bytes:
    *some, last = trace.results or ("none",)
    return line("ARC-Authentication-Results", f"i={instance}; {trace.hostname};", *(f"{one};" for one in some), last)


def _sets(earlier: Sequence[Field]) -> bytes:
    """The canonical sets of a chain that passed, from the first: each was put on top of the one before."""
    columns = [[field for field in reversed(earlier) if field.name == name] for name in _SET]
    return b"".join(canonical.field(field) for one in zip(*columns, strict=True) for field in one)


def _instance(field: Field) -> int:
    found = _INSTANCE.search(field.value)
    return int(found[1]) if found else 0


def _ended(earlier: Sequence[Field], newest: int) -> bool:
    """Whether the newest seal says itself that the chain is broken: nobody goes on from there (RFC 8617 5.1)."""
    return any(
        field.name == b"arc-seal" and _instance(field) == newest and _FAILED.search(field.value) for field in earlier
    )
