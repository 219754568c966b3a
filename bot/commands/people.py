"""Commands on a group's people: look, add, remove."""

from __future__ import annotations

from bot.acts import members as acts
from bot.commands import enrolling
from bot.commands.bound import Bound
from bot.commands.dates import endless, last_day
from bot.commands.enrolling import Wanted
from bot.context import Context
from bot.views.blocks import Shown


async def members(context: Context, bound: Bound) -> None:
    assert bound.group is not None
    await context.modal(await acts.form(context, bound.group, search=bound.search, page=bound.page))


async def add(context: Context, bound: Bound) -> Shown:
    assert bound.group is not None
    return await enrolling.add(context, bound.group, _wanted(context, bound))


async def remove(context: Context, bound: Bound) -> Shown:
    assert bound.group is not None
    return await enrolling.remove(context, bound.group, _wanted(context, bound))


def _wanted(context: Context, bound: Bound) -> Wanted:
    until = None
    if bound.until and not endless(bound.until):
        until = last_day(bound.until, context.database.clock(), context.person.time_zone)
    return Wanted(bound.slack_ids, bound.outsiders, bound.channels, bound.teams, bound.role, until)
