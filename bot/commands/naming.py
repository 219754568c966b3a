"""Commands on a group's addresses: its aliases, and the one it is published at."""

from __future__ import annotations

from bot.acts import naming as acts
from bot.commands.bound import Bound, Turn
from bot.context import Context
from bot.views.blocks import Shown


async def alias(context: Context, bound: Bound) -> Shown:
    """Without more the aliases there are; else one is added or removed."""
    assert bound.group is not None
    if not bound.alias:
        return await acts.aliases_of(context, bound.group)
    if bound.turn is Turn.REMOVE:
        return await acts.remove_alias(context, bound.group, bound.alias)
    return await acts.add_alias(context, bound.group, bound.alias)


async def rename(context: Context, bound: Bound) -> Shown | None:
    """At once where nobody receives mail yet; else in a form that asks for the old address."""
    assert bound.group is not None
    return await acts.rename(context, bound.group, bound.anew)
