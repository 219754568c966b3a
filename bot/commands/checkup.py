"""The command that asks for a checkup."""

from __future__ import annotations

from bot.acts import checkups as acts
from bot.commands.bound import Bound
from bot.context import Context
from bot.views.blocks import Shown


async def ask(context: Context, bound: Bound) -> Shown:
    del bound
    return await acts.ask(context)
