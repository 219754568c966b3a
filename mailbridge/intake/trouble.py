"""A fault of ours as a reply: always temporary, and never in the fault's own words.

A 5xx would make the sender's system bounce an innocent mail; an exception's text would show strangers our insides, and
with a line end in it would be read as a second reply.
"""

from __future__ import annotations

from mailbridge.policy import replies
from store.terms import Reply

_DISK_FULL_STATE = "53100"  # PostgreSQL's disk_full
_DISK_FULL_NAME = "SQLITE_FULL"


def reply(fault: BaseException) -> Reply:
    """451 4.3.0, or 452 4.3.1 where the database's disk is full."""
    cause = getattr(fault, "orig", None) or fault
    full = (
        getattr(cause, "sqlite_errorname", "") == _DISK_FULL_NAME or getattr(cause, "sqlstate", "") == _DISK_FULL_STATE
    )
    return replies.FULL if full else replies.TROUBLE
