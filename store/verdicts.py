"""What people say to what was put before them: a proposal, a reminder of an end, the offer of a mail."""

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


class OfferAnswer(StrEnum):
    """What a person said to the offer to send as mail what they typed in a thread."""

    NONE = "none"
    TAKEN = "taken"
    DECLINED = "declined"  # in every thread, for as long as the row is kept
