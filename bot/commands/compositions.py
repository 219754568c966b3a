"""The post command: a mail to a group, written in Slack."""

from __future__ import annotations

from bot.acts import compositions as acts
from bot.commands.bound import Bound
from bot.context import Context


async def post(context: Context, bound: Bound) -> None:
    """Opens the form; nothing is sent by a line typed in a channel, since nobody could see it before."""
    await context.modal(await acts.to(context, bound.group or ""))
