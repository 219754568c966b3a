"""What is to be said of a group's settings beside their values: what never comes to bear, what Slack will not take."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

from bot.acts import channels
from bot.context import Context
from bot.views.settings import BY_NAME, Setting, Shape, label, shown
from store import sizes
from store.schema.group import Group
from store.terms import Refused
from store.texts import Markup

CHANNELS = ("report_channel", "moderation_channel")


def over(context: Context, setting: Setting, wanted: object) -> list[str]:
    """That the server takes less than a group's own limit, where it does."""
    limit = context.settings.max_size
    if setting.shape is not Shape.SIZE or not isinstance(wanted, int) or wanted <= limit:
        return []
    name = Markup(label(context.language, setting.field))
    shown, most = (sizes.show(octets, context.language) for octets in (wanted, limit))
    return [context.say("commands.note.size_over", limit=most, setting=name, size=shown)]


async def channel_notes(context: Context, group: Group, names: Sequence[str] = CHANNELS) -> list[str]:
    """Which of a group's channels Slack will not let us post to any more, why, and what to do: archived, left, made
    public. A channel that was renamed is the same one."""
    checks: dict[str, Awaitable[None]] = {}
    if group.report_channel and "report_channel" in names:
        checks["report_channel"] = channels.check_report(context.slack, group.report_channel, hidden=group.hidden)
    if group.moderation_channel and "moderation_channel" in names:
        checks["moderation_channel"] = channels.check_moderation(context.slack, group.moderation_channel)
    found = await asyncio.gather(*(_refusal(check) for check in checks.values()))
    return [
        context.say(
            "commands.note.channel",
            setting=Markup(label(context.language, name)),
            channel=shown(context.language, name, str(getattr(group, name))),
            why=Markup(context.say(f"refused.{refused.name}", **dict[str, Any](refused.values))),
        )
        for name, refused in zip(checks, found, strict=True)
        if refused is not None and refused.name != "channel_unchecked" and name in BY_NAME
    ]


async def _refusal(check: Awaitable[None]) -> Refused | None:
    try:
        await check
    except Refused as refused:
        return refused
    return None
