"""Whether a channel can be a group's: the bot can post there, it is no direct message, and as private as it must be."""

from __future__ import annotations

import asyncio

from bot.faults import Denied, Gone, SlackFault
from bot.slack import Channel, Slack
from store.terms import Refused

SECONDS = 1.5  # a form waits for this, within Slack's three seconds


async def check_report(slack: Slack, channel_id: str, *, hidden: bool) -> None:
    """Raises Refused `channel_*` if reports of a group cannot go there; a hidden one's only to a private channel."""
    channel = await _usable(slack, channel_id)
    if hidden and not channel.private:
        raise Refused("channel_public_for_hidden", channel=channel_id)
    if hidden and channel.shared:
        raise Refused("channel_shared_for_hidden", channel=channel.name)


async def check_moderation(slack: Slack, channel_id: str) -> None:
    """Raises Refused `channel_*` if cards cannot go there: held mail and applicants are for moderators' eyes only."""
    channel = await _usable(slack, channel_id)
    if not channel.private:
        raise Refused("channel_not_private")
    if channel.shared:
        raise Refused("channel_shared", channel=channel.name)


async def _usable(slack: Slack, channel_id: str) -> Channel:
    """The channel, which the bot can post to. Raises Refused."""
    if channel_id.startswith("D"):  # asking about these takes a scope that nothing else needs
        raise Refused("channel_direct")
    try:
        async with asyncio.timeout(SECONDS):
            channel = await slack.channel(channel_id)
    except (Gone, Denied):  # a private channel the bot is not in looks to it like none
        raise Refused("channel_unseen") from None
    except (SlackFault, TimeoutError):
        raise Refused("channel_unchecked") from None
    if channel.direct:
        raise Refused("channel_direct")
    if channel.archived:
        raise Refused("channel_archived", channel=channel.name)
    if not channel.member:
        raise Refused("channel_uninvited", channel=channel.name)
    return channel
