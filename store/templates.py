"""Templates: what a new group is for, and the settings that come with it. Every one of them can be changed.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from store.terms import Leave, Moderation, Posting, ReplyTo, SlackContent, Subscription


class Template(StrEnum):
    """A kind of group that people make again and again."""

    TEAM = "team"
    ANNOUNCEMENT = "announcement"
    OUTSIDE = "outside"


SETTINGS: Mapping[Template, Mapping[str, Any]] = {
    # Colleagues write to each other, and strangers' mail is looked at first.
    Template.TEAM: {
        "subscription": Subscription.OPEN,
        "leave": Leave.OPEN,
        "posting": Posting.MEMBERS,
        "moderation": Moderation.NON_MEMBERS,
        "reply_to": ReplyTo.GROUP,
        "slack_content": SlackContent.SUBJECT,
    },
    # A few write to many; what others send is refused in the session, and answers reach those in charge.
    Template.ANNOUNCEMENT: {
        "subscription": Subscription.MODERATED,
        "leave": Leave.OPEN,
        "posting": Posting.ADMINISTRATORS,
        "moderation": Moderation.NONE,
        "reply_to": ReplyTo.ADMINISTRATORS,
        "slack_content": SlackContent.SUBJECT,
    },
    # The world writes to a team (contact@, jobs@): anybody may, nobody joins, and little of it enters Slack unasked.
    Template.OUTSIDE: {
        "subscription": Subscription.CLOSED,
        "leave": Leave.MODERATED,
        "posting": Posting.ANYONE,
        "moderation": Moderation.NONE,
        "reply_to": ReplyTo.AUTHOR,
        "slack_content": SlackContent.NONE,
    },
}
