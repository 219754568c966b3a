"""Sealing: the ARC set of one publication, signed once, while its first copies wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mailbridge.deliver.signers import Signers
from mailbridge.rewrite.arc import Seal


class Sealing:
    """Asks the signers twice: the second signature is over the first. `fields` is the set, b"" until it is there."""

    __slots__ = ("_seal", "_waiting", "fields")

    def __init__(self, seal: Seal) -> None:
        self._seal = seal
        self._waiting: list[Callable[[], None]] = []
        self.fields = b""

    def then(self, signers: Signers, go: Callable[[], None]) -> None:
        """Call `go` once the set is there: at once, or from the event loop."""
        if self.fields:
            go()
            return
        self._waiting.append(go)
        if len(self._waiting) == 1:
            number = self._seal.identity.number
            signers.sign([(number, self._seal.message_digest())], lambda made: self._message(signers, made))

    def _message(self, signers: Signers, signatures: Sequence[bytes]) -> None:
        (message,) = signatures
        job = (self._seal.identity.number, self._seal.seal_digest(message))
        signers.sign([job], lambda made: self._sealed(message, made))

    def _sealed(self, message: bytes, signatures: Sequence[bytes]) -> None:
        (seal,) = signatures
        self.fields = self._seal.fields(message, seal)
        waiting, self._waiting = self._waiting, []
        for go in waiting:
            go()
