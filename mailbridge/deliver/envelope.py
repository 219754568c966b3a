"""What a connection carries, where it gets it, and where it gives back what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from store.terms import Outcome


@dataclass(slots=True, eq=False)
class Envelope:
    """One SMTP transaction: whose copies, and the octets of them.

    `body` is shared by all copies of an edition, `prefix` is this one's own header lines; together they end with CRLF,
    and every line that begins with a dot has it doubled (RFC 5321 4.5.2). `size` is their length in octets without
    those dots; `token` is the feed's own.
    """

    mail_from: str
    recipients: list[str]
    prefix: bytes
    body: bytes
    size: int
    eight_bit: bool
    utf8: bool
    token: object = None


class Feed(Protocol):
    """The caller's side. Both are called from the event loop and must not wait."""

    def take(self) -> Envelope | None:
        """The next envelope; None when there is nothing to do now (`nudge` the connection when there is)."""

    def done(self, envelope: Envelope, outcomes: Sequence[Outcome], /) -> None:
        """Called exactly once for every envelope taken, with an outcome per recipient, in their order."""
