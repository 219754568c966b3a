"""Commands that only tell: why somebody got a post or did not, what would happen to one's own, a group's figures."""

from __future__ import annotations

from bot.acts import check as check_acts
from bot.acts import figures as figures_acts
from bot.acts import why as why_acts
from bot.commands.bound import Bound
from bot.context import Context
from bot.views.blocks import Shown


async def why(context: Context, bound: Bound) -> Shown:
    assert bound.group is not None
    slack_id = bound.slack_ids[0] if bound.slack_ids else ""
    address = bound.outsiders[0].address if bound.outsiders else ""
    return await why_acts.explain(context, bound.group, slack_id=slack_id, address=address, words=bound.post)


async def check(context: Context, bound: Bound) -> Shown:
    assert bound.group is not None
    return await check_acts.check(context, bound.group)


async def reports(context: Context, bound: Bound) -> Shown:
    assert bound.group is not None
    return await figures_acts.reports(context, bound.group, bound.page)
