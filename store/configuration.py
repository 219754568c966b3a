"""Configuration: the settings of a group that a form or an import may change, and which values fit them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from store import wording
from store.followers import SOURCE
from store.terms import (
    Copies,
    Digest,
    Language,
    Leave,
    Mode,
    Moderation,
    OverSendSize,
    Posting,
    Refused,
    ReplyTo,
    SlackContent,
    Subscription,
)

# What a form or an import may change, and the type it must have.
SETTINGS: Mapping[str, type[StrEnum] | type] = {
    "display_name": str,
    "max_receive_size": int,
    "max_send_size": int,
    "over_send_size": OverSendSize,
    "subscription": Subscription,
    "leave": Leave,
    "posting": Posting,
    "moderation": Moderation,
    "hidden": bool,
    "copies": Copies,
    "report_channel": str,
    "moderation_channel": str,
    "slack_content": SlackContent,
    "digest": Digest,
    "mode": Mode,
    "language": Language,
    "subject_tag": str,
    "footer": str,
    "reply_to": ReplyTo,
    "follows": str,
    "follow_guests": bool,
    "follow_bots": bool,
}
OPTIONAL = frozenset(
    {"max_receive_size", "max_send_size", "report_channel", "moderation_channel", "subject_tag", "footer", "follows"}
)
FOLLOWING = frozenset({"follows", "follow_guests", "follow_bots"})
LONGEST_NAME = 120


def check(changes: Mapping[str, object]) -> None:
    """Raises Refused for the first setting that is none, and for the first value that does not fit its setting."""
    for name, value in changes.items():
        kind = SETTINGS.get(name)
        if kind is None:
            raise Refused("setting_unknown", setting=name)
        if value is None and name in OPTIONAL:
            continue
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise Refused("setting_malformed", setting=name, value=str(value)[:80])
        if kind is int and isinstance(value, int) and value <= 0:
            raise Refused("setting_malformed", setting=name, value=str(value))
    follows = changes.get("follows")
    if isinstance(follows, str) and not SOURCE.fullmatch(follows):
        raise Refused("setting_malformed", setting="follows", value=follows[:80])
    display_name = changes.get("display_name")
    if isinstance(display_name, str) and len(display_name) > LONGEST_NAME:
        raise Refused("name_too_long", limit=str(LONGEST_NAME))
    wording.fit(changes)
