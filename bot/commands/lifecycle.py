"""Commands that stop a group, and let it go on: emergency hold, archive, restoring a deleted one."""

from __future__ import annotations

from bot.acts import lifecycle as acts
from bot.commands.bound import Bound
from bot.context import Context
from bot.views.blocks import Shown


async def hold(context: Context, bound: Bound) -> Shown:
    assert bound.group is not None
    if bound.group.lower() in acts.EVERYWHERE:
        return await acts.hold_all(context, bound.group, bound.text)
    return await acts.hold(context, bound.group, bound.text)


async def unhold(context: Context, bound: Bound) -> Shown:
    assert bound.group is not None
    if bound.group.lower() in acts.EVERYWHERE:
        return await acts.lift_all(context, bound.group)
    return await acts.lift(context, bound.group)


async def archive(context: Context, bound: Bound) -> Shown:
    assert bound.group is not None
    return await acts.archive(context, bound.group)


async def unarchive(context: Context, bound: Bound) -> Shown:
    assert bound.group is not None
    return await acts.reopen(context, bound.group)


async def restore(context: Context, bound: Bound) -> Shown:
    assert bound.group is not None
    return await acts.restore(context, bound.group)
