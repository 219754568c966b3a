"""Why mail comes back, and what that adds up to: words of `store.terms`, which has them from here.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class BounceReason(StrEnum):
    """Why a copy came back, or was refused for its recipient's sake; each has a text, `bounce.<name>`.

    `hard`: nobody will ever get mail there. `counts`: it is about the mailbox, so it is held against the contact; all
    else is about the post, its author, us or the way, and never is.
    """

    USER_UNKNOWN = "user_unknown"
    HOST_UNKNOWN = "host_unknown"
    MOVED = "moved"
    NO_MAIL = "no_mail"  # the host, or the domain, takes none (RFC 7504, RFC 7505)
    MAILBOX_FULL = "mailbox_full"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    RESTRICTED = "restricted"  # the recipient, or a filter of theirs, takes mail from some only
    NETWORK = "network"
    SYSTEM = "system"  # a fault of the mail system there
    POLICY = "policy"  # about us: our address, our rate, our name in the DNS
    AUTHENTICATION = "authentication"  # about the author: their domain's policy, their address
    CONTENT = "content"
    SIZE = "size"
    UNCLEAR = "unclear"

    @property
    def hard(self) -> bool:
        return self in _HARD

    @property
    def counts(self) -> bool:
        return self in _COUNTS


_HARD = frozenset({BounceReason.USER_UNKNOWN, BounceReason.HOST_UNKNOWN, BounceReason.MOVED, BounceReason.NO_MAIL})
_COUNTS = _HARD | {BounceReason.MAILBOX_FULL, BounceReason.SUSPENDED, BounceReason.EXPIRED}


@dataclass(frozen=True, slots=True)
class BounceScore:
    """What bounces of a contact add up to: points, and the day (UTC) of the last that counted, None for none."""

    points: int = 0
    day: date | None = None
