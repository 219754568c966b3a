"""What people say to what was put before them: a proposal, and a reminder of an end."""

from enum import StrEnum


class ProposalState(StrEnum):
    """waiting → applying → applied; or discarded by a click, expired by time, broken off as its group was deleted."""

    WAITING = "waiting"
    APPLYING = "applying"
    APPLIED = "applied"
    DISCARDED = "discarded"
    EXPIRED = "expired"
    BROKEN_OFF = "broken_off"


class EndingAnswer(StrEnum):
    """What an administrator said to a reminder of a membership that ends."""

    NONE = "none"
    EXTENDED = "extended"
    END = "end"
