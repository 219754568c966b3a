"""What a session knows about a message besides its octets."""

from __future__ import annotations

from dataclasses import dataclass

from mailbridge.intake.addresses import Recipient
from store.passwords import Login


@dataclass(frozen=True, slots=True)
class Envelope:
    """`return_path` is "" for the null sender, `client` the peer's network address or "" for a local socket.

    `protocol` is how it came, as Received says it (RFC 3848); `login` who has signed in to submit it;
    `slack` that its author wrote it in Slack, which knows who that is, and `only_to` that it is an answer for
    this address alone.
    `public_id` is what the message is known by, unless it turns out to be a repeat of one that has an id already.
    """

    public_id: str
    return_path: str
    recipients: tuple[Recipient, ...]
    helo: str
    client: str
    lmtp: bool
    protocol: str = "ESMTP"
    login: Login | None = None
    slack: bool = False
    only_to: str = ""
