"""What of a group's roster concerns people: why somebody is left out of it, and what they are asked.

Standard library only, so that every pure module may import it.
"""

from __future__ import annotations

from enum import StrEnum


class LeftOut(StrEnum):
    """Why somebody of the channel or user group that a group follows is no contact by it."""

    BOT = "bot"
    GUEST = "guest"
    STRANGER = "stranger"  # of another workspace (Slack Connect)
    GONE = "gone"  # deactivated
    NO_EMAIL = "no_email"
    LEFT = "left"  # left, complained, or was taken off by hand: that is their word, or an administrator's
    OURS = "ours"  # their address is one of ours
    UNKNOWN = "unknown"  # Slack does not tell us who it is


class MatterKind(StrEnum):
    """What of a group's roster waits for people."""

    FOLLOW = "follow"  # a difference to what the group follows, too large to be carried out unasked
    TROUBLE = "trouble"  # what the group follows cannot be read
    LEAVERS = "leavers"  # contacts or duties of people who are deactivated
    ORPHAN = "orphan"  # nobody who can act administers the group


class MatterState(StrEnum):
    """open -> applying -> applied; open -> dismissed | replaced (by a newer one) | over (it settled itself)."""

    OPEN = "open"
    APPLYING = "applying"
    APPLIED = "applied"
    DISMISSED = "dismissed"
    REPLACED = "replaced"
    OVER = "over"
