"""A fault of ours as a reply: always temporary, and never in the fault's own words.

A 5xx would make the sender's system bounce an innocent mail; an exception's text would show strangers our insides, and
with a line end in it would be read as a second reply.
"""

from __future__ import annotations

import traceback
from pathlib import Path

from mailbridge.policy import replies
from store.terms import Reply

_DISK_FULL_STATE = "53100"  # PostgreSQL's disk_full
_DISK_FULL_NAME = "SQLITE_FULL"
_FRAMES = 8
_LONGEST_TEXT = 300


def reply(fault: BaseException) -> Reply:
    """451 4.3.0, or 452 4.3.1 where the database's disk is full."""
    cause = _cause(fault)
    full = (
        getattr(cause, "sqlite_errorname", "") == _DISK_FULL_NAME or getattr(cause, "sqlstate", "") == _DISK_FULL_STATE
    )
    return replies.FULL if full else replies.TROUBLE


def told(fault: BaseException) -> dict[str, str]:
    """A fault for the log: its kind, its text and where it was raised, on one line each.

    No values of variables and no parameters of statements: they hold people's mail, and printing a large one would hold
    up every other session.
    """
    cause = _cause(fault)
    frames = traceback.extract_tb(fault.__traceback__)[-_FRAMES:]
    return {
        "fault": type(cause).__name__,
        "text": " ".join(str(cause).split())[:_LONGEST_TEXT],
        "where": " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames),
    }


def _cause(fault: BaseException) -> BaseException:
    """The driver's own error behind the one that quotes the whole statement."""
    cause = getattr(fault, "orig", None)
    return cause if isinstance(cause, BaseException) else fault
