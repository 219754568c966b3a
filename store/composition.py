"""Composition: what became of a mail that a person writes in Slack, and what the bridge says it would be.

Standard library only: both sides of the row speak these words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from store.terms import Action, Reason


class CompositionState(StrEnum):
    """asked -> ready -> waiting -> undone | claimed -> posted | refused."""

    ASKED = "asked"  # its author waits to see what it will look like
    READY = "ready"  # the bridge has judged and drawn it
    WAITING = "waiting"  # sent; goes out when its time to undo is over
    UNDONE = "undone"
    CLAIMED = "claimed"  # a bridge submits it
    POSTED = "posted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the group's policy decides about it now, and the mail as the group would publish it.

    `sender` and `subject` as a mail program shows them, `text` the plain text with the group's footer, `size` its
    octets before the group's own lines.
    """

    action: Action
    reasons: Sequence[Reason] = ()
    sender: str = ""
    subject: str = ""
    text: str = ""
    size: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "action": self.action.value,
            "reasons": [reason.as_json() for reason in self.reasons],
            "sender": self.sender,
            "subject": self.subject,
            "text": self.text,
            "size": self.size,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            action=Action(data["action"]),
            reasons=tuple(Reason.from_json(one) for one in data["reasons"]),
            sender=str(data["sender"]),
            subject=str(data["subject"]),
            text=str(data["text"]),
            size=int(data["size"]),
        )
