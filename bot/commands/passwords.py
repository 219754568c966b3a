"""The password command: make, list and revoke app passwords."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bot.acts import passwords as acts
from bot.commands.bound import Bound, Deed
from bot.commands.grammar import Misread
from bot.context import Context
from bot.faults import SlackFault
from bot.views import passwords as views
from bot.views.blocks import Shown
from store.terms import Refused


async def password(context: Context, bound: Bound) -> Shown | None:
    """Without a deed, the form."""
    return await DEEDS[bound.deed](context, bound)


async def _form(context: Context, bound: Bound) -> None:
    await context.modal(await acts.form(context))


async def _new(context: Context, bound: Bound) -> None:
    """Answered in the command's own ephemeral message and nowhere else: a direct message would keep the password. What
    could not be shown is revoked."""
    if bound.holder:
        raise Refused("password_foreign", command=context.settings.command)
    if not bound.label:
        await _form(context, bound)
        return
    made = await acts.make(context, bound.label)
    assert context.response_url is not None
    try:
        await context.slack.respond(context.response_url, views.made_answer(context.language, made))
    except SlackFault as fault:
        await acts.withdraw(context, made.password_id)
        raise Refused("password_unseen") from fault


async def _list(context: Context, bound: Bound) -> Shown:
    if bound.label:
        raise Misread("unexpected", word=bound.label[:60])
    return await acts.listing(context, bound.holder)


async def _revoke(context: Context, bound: Bound) -> Shown:
    """Without a name, the list, with a button at each."""
    if not bound.label:
        return await acts.listing(context, bound.holder)
    _, shown = await acts.revoke(context, await acts.named(context, bound.holder, bound.label))
    return shown


DEEDS: Mapping[Deed | None, Callable[[Context, Bound], Awaitable[Shown | None]]] = {
    None: _form,
    Deed.NEW: _new,
    Deed.LIST: _list,
    Deed.REVOKE: _revoke,
}
