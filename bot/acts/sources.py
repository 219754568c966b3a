"""Whether a channel or user group can be what a group follows: it can be read, we hear of its changes, and whoever
chooses it may know who is in it.

The attack: an administrator names a private channel that the bot is in and they are not, and reads off the roster who
is in it.
"""

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


async def check(slack: Slack, source_id: str, asker: str) -> Source:
    """The source, chosen by the person with the Slack id `asker`. Raises Refused `follow_*` where a group cannot follow
    it, or not by their choice."""
    try:
        async with asyncio.timeout(SECONDS):
            found = await source.look(slack, source_id)
            if found.private and not await _inside(slack, source_id, asker):
                raise Refused("follow_not_inside")  # its name is not for them either
            return found
    except Unreadable as fault:
        raise Refused(REFUSALS[fault.code], name=fault.name) from None
    except (SlackFault, TimeoutError):
        raise Refused("follow_unchecked") from None


async def _inside(slack: Slack, channel_id: str, slack_id: str) -> bool:
    cursor = ""
    while True:
        page, cursor = await slack.members(channel_id, cursor)
        if slack_id in page:
            return True
        if not cursor:
            return False
