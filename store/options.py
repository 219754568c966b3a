"""What a group's settings may be, and all of them as one frozen value.

Standard library only, as `store.terms`, where everybody finds these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class GroupKind(StrEnum):
    """A group people made, or one of the addresses every domain or group must answer (RFC 2142, RFC 5321 4.5.1)."""

    GROUP = "group"
    OWNER = "owner"  # <group>-owner: contacts are the group's administrators
    POSTMASTER = "postmaster"  # contacts are the operators
    ABUSE = "abuse"  # contacts are the operators


class NameRole(StrEnum):
    """What an address in the `name` table is to its group."""

    PUBLISHED = "published"
    ROUTE = "route"
    ALIAS = "alias"
    JOIN = "join"
    LEAVE = "leave"
    OWNER = "owner"
    HELP = "help"
    CONFIRM = "confirm"
    BOUNCES = "bounces"  # reserved once per served domain, belongs to no group


class Subscription(StrEnum):
    OPEN = "open"
    MODERATED = "moderated"
    CLOSED = "closed"


class Leave(StrEnum):
    OPEN = "open"
    MODERATED = "moderated"
    CLOSED = "closed"


class Posting(StrEnum):
    ANYONE = "anyone"
    MEMBERS = "members"
    ADMINISTRATORS = "administrators"


class Moderation(StrEnum):
    NONE = "none"
    NON_MEMBERS = "non-members"
    EVERYONE = "everyone"


class OverSendSize(StrEnum):
    REFUSE = "refuse"
    TRIM = "trim"


class ReplyTo(StrEnum):
    """Where replies go: where the mail says (nothing is written), to the group, or to those in charge (-owner)."""

    AUTHOR = "author"
    GROUP = "group"
    ADMINISTRATORS = "administrators"


class Copies(StrEnum):
    PERSONAL = "personal"
    SHARED = "shared"


class SlackContent(StrEnum):
    NONE = "none"
    SUBJECT = "subject"
    EXCERPT = "excerpt"


class Digest(StrEnum):
    """Whether the group's week is told where it reports."""

    WEEKLY = "weekly"
    NONE = "none"


class Mode(StrEnum):
    LIVE = "live"
    PAUSED = "paused"


class Language(StrEnum):
    EN = "en"
    FR = "fr"


class Receiving(StrEnum):
    """Whether a contact's copies go out. `stopped` keeps the roster row but sends nothing."""

    ON = "on"
    PAUSED = "paused"
    STOPPED = "stopped"
    BOUNCING = "bouncing"


@dataclass(frozen=True, slots=True)
class GroupPolicy:
    """A group's settings, frozen: what policy judges by, and what a post keeps from its acceptance on.

    Sizes are bytes of attachments as people count them (DESIGN: up to 1.4 x L + 64 KiB pass on the wire).
    """

    group_id: int
    kind: GroupKind
    address: str
    route: str
    display_name: str
    max_receive_size: int | None = None
    max_send_size: int | None = None
    over_send_size: OverSendSize = OverSendSize.REFUSE
    subscription: Subscription = Subscription.MODERATED
    leave: Leave = Leave.OPEN
    posting: Posting = Posting.MEMBERS
    moderation: Moderation = Moderation.NON_MEMBERS
    hidden: bool = False
    copies: Copies = Copies.PERSONAL
    mode: Mode = Mode.LIVE
    on_hold: bool = False
    archived: bool = False
    language: Language = Language.EN
    subject_tag: str | None = None
    footer: str | None = None
    reply_to: ReplyTo = ReplyTo.AUTHOR

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """From a row; what another version added is left out."""
        known: dict[str, type[StrEnum]] = {
            "kind": GroupKind, "over_send_size": OverSendSize, "subscription": Subscription, "leave": Leave,
            "posting": Posting, "moderation": Moderation, "copies": Copies, "mode": Mode, "language": Language,
            "reply_to": ReplyTo,
        }  # fmt: skip
        ours = {name: value for name, value in data.items() if name in cls.__dataclass_fields__}
        values: dict[str, Any] = {k: known[k](v) if k in known else v for k, v in ours.items()}
        return cls(**values)
