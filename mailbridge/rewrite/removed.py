"""Which incoming header fields a group does not pass on, and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mailbridge.headers import Field

REMOVED: Final = frozenset(
    {
        # They speak for the group that published the message, and that is we now (RFC 2369 4, RFC 2919 5). With
        # them goes whatever begins with `list-`.
        b"precedence",
        # Each contact's reader would answer them, and tell the author who the contacts are.
        b"return-receipt-to",
        b"disposition-notification-to",
        b"disposition-notification-options",
        b"x-confirm-reading-to",
        b"x-pmrqc",
        # Passwords for other mailing group software, put there by moderators.
        b"approved",
        b"approve",
        b"x-approved",
        b"x-approve",
        # The final hop writes it (RFC 5321 4.4).
        b"return-path",
        # Blind copies stay blind (RFC 5322 3.6.3).
        b"bcc",
        b"resent-bcc",
    }
)


def is_removed(field: Field, identities: Sequence[str]) -> bool:
    """Say whether `field` is left out of the Edition.

    Besides those named above: an Authentication-Results in one of our names (`identities`, "" for none). Whoever
    trusts that name would believe it, and we have not written it (RFC 8601 5).
    """
    if field.name in REMOVED or field.name.startswith(b"list-"):
        return True
    return field.name == b"authentication-results" and any(_claims(field, name) for name in identities if name)


def _claims(field: Field, name: str) -> bool:
    # No parser, for the reader to be deceived may have another one than ours: wherever the name could be taken for the
    # authserv-id (first, behind a comment, quoted, with quoted pairs), it is.
    word = re.escape(name.lower().encode("utf-8", "replace"))
    return bool(re.search(rb'(?:^|[\s)"])' + word + rb'(?:$|[\s;("])', field.value.lower().replace(b"\\", b"")))
