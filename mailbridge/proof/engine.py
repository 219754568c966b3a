"""dkimpy, fenced in: it canonicalises headers and does the arithmetic of one signature; all else is decided here.

What it must not do is done elsewhere: hashing bodies (quadratic), asking the DNS (blocking), trusting any key. And what
it is given is bounded first, since its search for `b=` in a signature goes back over every run of blanks.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Sequence
from typing import Any

import dkim

from mailbridge.headers import Field

LONGEST_FIELD = 8_192
_LONG_BLANKS = re.compile(rb"[ \t\r\n]{33}")
_ODD = re.compile(rb"[ \t]")

Ask = Callable[..., bytes]
BodyAgrees = Callable[[str, str, str], bool]
# Whatever a stranger's signature makes dkimpy raise means that it does not hold; the last three are its own slips on
# values it did not expect.
FAULTS = (dkim.DKIMException, binascii.Error, ValueError, KeyError, IndexError, TypeError, AssertionError)


def bounded(field: Field, longest: int = LONGEST_FIELD) -> bool:
    """Whether a signature's field is of a size and shape whose reading takes bounded time."""
    return len(field.raw) <= longest and not _LONG_BLANKS.search(field.raw)


def plain(fields: Sequence[Field]) -> bool:
    """Whether every field's name touches its colon: dkimpy and others differ over `From : x`, so nothing signs it."""
    return not any(_ODD.search(field.raw.partition(b":")[0]) for field in fields)


def _pairs(fields: Sequence[Field]) -> list[list[bytes]]:
    pairs = []
    for field in fields:
        name, _, value = field.raw.partition(b":")
        pairs.append([name, value if value.endswith(b"\r\n") else value + b"\r\n"])
    return pairs


class Arithmetic(dkim.DKIM):  # type: ignore[misc]  # dkimpy has no types
    """One header block, for the signatures over it. The body stays outside."""

    def __init__(self, fields: Sequence[Field]) -> None:
        super().__init__()
        self.headers = _pairs(fields)

    def holds(self, tags: dict[str, str], signed: Sequence[str], at: int, record: bytes) -> bool:
        """Whether the header signature in field number `at` was made with the key of `record`."""
        # Without `bh` dkimpy leaves the body alone.
        given = {name.encode(): value.encode() for name, value in tags.items() if name not in ("bh", "l")}
        names = [name.encode() for name in signed]
        try:
            return bool(self.verify_sig(given, names, tuple(self.headers[at]), lambda *_, **__: record))
        except FAULTS:
            return False


class Chain(dkim.ARC):  # type: ignore[misc]  # dkimpy has no types
    """dkimpy's reading of an ARC chain (RFC 8617 5.2), with the body hash of ours in place of its own."""

    def __init__(self, fields: Sequence[Field], agrees: BodyAgrees) -> None:
        super().__init__()
        self.headers = self._all = _pairs(fields)
        self._sealed = [pair for pair in self._all if pair[0].lower().startswith(b"arc-")]
        self._agrees = agrees
        self._newest = True

    def verify_sig(self, sig: dict[bytes, bytes], include_headers: list[bytes], sig_header: Any, dnsfunc: Ask) -> bool:
        # Each pass over the header costs as much as the header is long, and a stranger may write fifty sets: only the
        # newest message signature decides (RFC 8617 5.2), and seals are over the chain's own fields alone.
        if b"bh" in sig:
            newest, self._newest = self._newest, False
            if not newest:
                return False
            text = {name: sig.get(name, b"").decode("latin-1") for name in (b"c", b"bh", b"l")}
            if not self._agrees(text[b"c"], text[b"bh"], text[b"l"]):
                return False
            sig = {name: value for name, value in sig.items() if name not in (b"bh", b"l")}
        else:
            self.headers = self._sealed
        try:
            return bool(super().verify_sig(sig, include_headers, sig_header, dnsfunc))
        except FAULTS:
            return False
        finally:
            self.headers = self._all
