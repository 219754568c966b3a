"""What a session knows about a message besides its octets."""

from __future__ import annotations

from dataclasses import dataclass

from mailbridge.intake.addresses import Recipient


@dataclass(frozen=True, slots=True)
class Envelope:
    """`return_path` is "" for the null sender, `client` the peer's network address or "" for a local socket.

    `public_id` is what the message is known by, unless it turns out to be a repeat of one that has an id already.
    """

    public_id: str
    return_path: str
    recipients: tuple[Recipient, ...]
    helo: str
    client: str
    lmtp: bool
