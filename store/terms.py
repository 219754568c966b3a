"""The words of the product as types: enums, and frozen values that cross package borders.

Standard library only, so that every pure module may import it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from store.causes import BounceReason as BounceReason
from store.causes import BounceScore as BounceScore
from store.mailbox import Address as Address
from store.mailbox import InvalidAddress as InvalidAddress
from store.mailbox import folded as folded
from store.options import Copies as Copies
from store.options import Digest as Digest
from store.options import GroupKind as GroupKind
from store.options import GroupPolicy as GroupPolicy
from store.options import Language as Language
from store.options import Leave as Leave
from store.options import Mode as Mode
from store.options import Moderation as Moderation
from store.options import NameRole as NameRole
from store.options import OverSendSize as OverSendSize
from store.options import Posting as Posting
from store.options import Receiving as Receiving
from store.options import ReplyTo as ReplyTo
from store.options import SlackContent as SlackContent
from store.options import Subscription as Subscription
from store.origin import Origin as Origin
from store.reply import ENHANCED as ENHANCED
from store.reply import Reply as Reply

# ---------------------------------------------------------------- states


class RequestState(StrEnum):
    """unconfirmed -> pending -> approved | denied | withdrawn | expired."""

    UNCONFIRMED = "unconfirmed"
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class RequestKind(StrEnum):
    JOIN = "join"
    LEAVE = "leave"


class PostState(StrEnum):
    """held -> accepted | rejected | discarded | expired; or accepted, rejected, discarded at once."""

    HELD = "held"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DISCARDED = "discarded"
    EXPIRED = "expired"


class DeliveryState(StrEnum):
    """queued -> claimed -> relayed | deferred | failed; deferred -> claimed; relayed -> bounced; open -> skipped."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    RELAYED = "relayed"
    DEFERRED = "deferred"
    FAILED = "failed"
    BOUNCED = "bounced"
    SKIPPED = "skipped"


class Apart(StrEnum):
    """Why a contact gets no copy of a post: each but `nested` is counted in its report."""

    OWN = "own"  # the author, who wants none of their own posts
    ADDRESSED = "addressed"  # named in To or Cc, and wants no second copy
    ELSEWHERE = "elsewhere"  # has one by another group that the message went to
    NESTED = "nested"  # is a group: it has a post of its own


OPEN_DELIVERY = frozenset({DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.DEFERRED})


class AllowanceScope(StrEnum):
    """What is counted, and of whom."""

    CONFIRMATION = "confirmation"  # letters to a mailbox that nobody has proven, over all groups
    NETWORK = "network"  # such letters by the network that asked for them
    GROUP = "group"  # such letters by the group they were asked of
    HELP = "help"  # help letters to a mailbox


class SuppressionReason(StrEnum):
    LEFT = "left"
    COMPLAINED = "complained"
    FORGOTTEN = "forgotten"


class LetterKind(StrEnum):
    """Mails of ours to one address. Each has a template of the same name in the catalogue."""

    POST_HELD = "post_held"
    POST_REJECTED = "post_rejected"
    POST_EXPIRED = "post_expired"
    TEST = "test"
    LEAVE_DONE = "leave_done"
    LEAVE_ASKED = "leave_asked"
    BOUNCE_PROBE = "bounce_probe"  # the one letter with a return path: whether it comes back is what it asks
    BOUNCE_WARNING = "bounce_warning"
    JOIN_CONFIRM = "join_confirm"  # the one letter to an address that nobody has proven: it asks for the proof
    JOIN_MEMBER = "join_member"
    JOIN_WAITING = "join_waiting"
    JOIN_DONE = "join_done"
    JOIN_DENIED = "join_denied"
    JOIN_ENDED = "join_ended"
    JOIN_UNDONE = "join_undone"  # the approval was taken back after its letter had gone
    HELP = "help"


class NoticeKind(StrEnum):
    """Things the bot must say in Slack. Each is rendered by a view from the row at that moment."""

    REQUEST_CARD = "request_card"
    REQUEST_OUTCOME = "request_outcome"
    HELD_CARD = "held_card"
    HELD_REMINDER = "held_reminder"
    HELD_FLOOD = "held_flood"  # many posts held within an hour, in one card
    HELD_FULL = "held_full"  # no more can be held in a group
    REPORT = "report"
    LANE_ALARM = "lane_alarm"
    POST_ALARM = "post_alarm"
    TEST_STEPS = "test_steps"
    GROUP_CREATED = "group_created"
    GROUP_HOLD = "group_hold"  # an emergency hold: put on, and lifted
    BOUNCING = "bouncing"  # to the contact, by DM
    MEMBER_BOUNCING = "member_bouncing"  # to administrators
    BOUNCE_STORM = "bounce_storm"
    CHECKUP = "checkup"  # to the operator who asked
    PROPOSAL = "proposal"  # a change of a roster, to who asked for it
    ENDING = "ending"  # a membership whose date comes near, to the contact
    MEMBER_ENDING = "member_ending"  # the same, to administrators
    COMPOSITION = "composition"  # to the person who wrote a mail in Slack
    ROSTER_MATTER = "roster_matter"  # to administrators: a difference, a source that cannot be read, leavers
    GROUP_ORPHANED = "group_orphaned"  # to operators
    DIGEST = "digest"  # a group's week


class Action(StrEnum):
    """What policy decides."""

    ACCEPT = "accept"
    HOLD = "hold"
    REJECT = "reject"
    DISCARD = "discard"


class Standing(StrEnum):
    """Who the author is to the group, best first; rests on an authenticated From."""

    ADMINISTRATOR = "administrator"
    MODERATOR = "moderator"
    MEMBER = "member"
    UNPROVEN = "unproven"  # From is a member's, but nothing proves it
    STRANGER = "stranger"


class Fault(StrEnum):
    """Whose fault a hop's refusal is (a 4xx is nobody's: it is tried again)."""

    NOBODY = "nobody"
    RECIPIENT = "recipient"
    POST = "post"
    US = "us"
    UNCLEAR = "unclear"  # a 5xx that may be any of them; a streak of equal ones decides


class Stage(StrEnum):
    """Where in the SMTP dialogue a reply was heard (RFC 5321 3.3)."""

    CONNECT = "connect"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"


# ---------------------------------------------------------------- values


@dataclass(frozen=True, slots=True)
class Reason:
    """Why policy decided so: a name of the catalogue (`reason.<name>`) and the values its text needs."""

    name: str
    values: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "values": dict(self.values)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(str(data["name"]), {str(k): str(v) for k, v in dict(data.get("values", {})).items()})


@dataclass(frozen=True, slots=True)
class Decision:
    """What policy decided for one group: the action, the reasons kept for people, and the trail of rules asked.

    `reply` is what the session says if the action is a rejection.
    """

    action: Action
    reasons: tuple[Reason, ...] = ()
    trail: tuple[tuple[str, bool], ...] = ()
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What we conclude of one delivery attempt.

    `state` is relayed, deferred or failed; `fault` says whom a refusal is about; `uncertain` that the
    connection was lost between our final dot and the reply (RFC 1047), so the copy may exist;
    `reason` why a failed one failed.
    """

    state: DeliveryState
    reply: Reply
    stage: Stage
    fault: Fault = Fault.NOBODY
    uncertain: bool = False
    reason: BounceReason | None = None


MEGABYTE = 1_048_576


def wire_limit(size: int) -> int:
    """The octets a message with `size` bytes of attachments may have as transmitted: base64 and line ends cost that."""
    return size * 14 // 10 + 65_536


# ---------------------------------------------------------------- asking and refusing


class Refused(Exception):  # noqa: N818 - a refusal is an answer to a person, not an error of the program
    """Bad input: the catalogue's `refused.<name>`, filled with `values`, says what is wrong and what to do."""

    def __init__(self, name: str, /, **values: str) -> None:
        super().__init__(name, values)
        self.name = name
        self.values = values


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as the audit names them: a person's random subject id, or `mail`, `import`, `system`."""

    subject: str
    person_id: int | None = None
    as_operator: bool = False
