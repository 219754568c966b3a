"""Whether a channel or user group can be what a group follows: it can be read, and we hear of its changes."""

from __future__ import annotations

import asyncio

from bot import source
from bot.acts.channels import SECONDS
from bot.faults import SlackFault
from bot.slack import Slack
from bot.source import Source, Unreadable
from store.terms import Refused

# Why it cannot be read -> what the person who chose it is told.
REFUSALS = {
    "unseen": "follow_unseen",
    "uninvited": "follow_uninvited",
    "archived": "follow_archived",
    "direct": "follow_direct",
    "no_group": "follow_no_group",
    "disabled": "follow_disabled",
    "no_scope": "follow_no_scope",
    "no_scope_channel": "follow_no_scope_channel",
    "paid": "follow_paid",
}


async def check(slack: Slack, source_id: str) -> Source:
    """The source. Raises Refused `follow_*` where a group cannot follow it."""
    try:
        async with asyncio.timeout(SECONDS):
            return await source.look(slack, source_id)
    except Unreadable as fault:
        raise Refused(REFUSALS[fault.code], name=fault.name) from None
    except (SlackFault, TimeoutError):
        raise Refused("follow_unchecked") from None
