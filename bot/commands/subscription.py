"""Commands on the asker's own place in a group."""

from __future__ import annotations

from bot.acts import subscription as acts
from bot.commands.bound import Bound
from bot.commands.dates import endless, pause_end
from bot.context import Context
from bot.views.blocks import Shown


async def join(context: Context, bound: Bound) -> Shown | None:
    """Who has no e-mail address in Slack and gave none is asked for one in a form."""
    assert bound.group is not None
    if not (bound.mailbox or context.person.email):
        await context.modal(await acts.join_form(context, bound.group, bound.text))
        return None
    return await acts.join(context, bound.group, bound.text, at=bound.mailbox)


async def leave(context: Context, bound: Bound) -> Shown:
    assert bound.group is not None
    return await acts.leave(context, bound.group)


async def pause(context: Context, bound: Bound) -> Shown:
    assert bound.group is not None
    until = None
    if bound.date and not endless(bound.date):
        until = pause_end(bound.date, context.database.clock(), context.person.time_zone)
    return await acts.pause(context, bound.group, until)


async def resume(context: Context, bound: Bound) -> Shown:
    assert bound.group is not None
    return await acts.resume(context, bound.group)


async def receive(context: Context, bound: Bound) -> Shown | None:
    """Without more a form with both wishes; with one of them what it is, or what it is to be."""
    assert bound.group is not None
    if bound.wish is None:
        await context.modal(await acts.receive_form(context, bound.group))
        return None
    return await acts.receive(context, bound.group, {bound.wish.value: bound.switch})


async def test(context: Context, bound: Bound) -> Shown:
    assert bound.group is not None
    return await acts.test(context, bound.group)
