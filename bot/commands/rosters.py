"""Commands on a roster as a file."""

from __future__ import annotations

from bot.acts import rosters as acts
from bot.commands.bound import Bound
from bot.context import Context
from bot.views import answers
from bot.views.blocks import Shown


async def take(context: Context, bound: Bound) -> None:
    assert bound.group is not None
    await context.modal(await acts.import_form(context, bound.group))


async def give(context: Context, bound: Bound) -> Shown:
    assert bound.group is not None
    return answers.told(await acts.export(context, bound.group))
