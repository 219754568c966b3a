"""The offer to send as mail what was typed in the thread of a report, and its buttons."""

from __future__ import annotations

import structlog

from bot.acts import threads as acts
from bot.context import ActionHandler, Click, Context
from bot.faults import SlackFault
from bot.views.ids import Action

log = structlog.get_logger()
typed = acts.typed


async def send(context: Context, click: Click) -> None:
    """Send as mail…: the form of an answer. Nothing is sent yet."""
    context.response_url = None  # what may go wrong is told where the form would be, not under the channel
    await context.modal(await acts.of_offer(context, click.number, click.channel_id))
    shown = await acts.taken(context, click.number)
    try:
        await context.slack.respond(click.response_url or "", shown, in_place=True)
    except SlackFault as fault:  # the form is open, which says all there is to say
        log.info("offer.stale", offer=click.number, cause=fault)


async def decline(context: Context, click: Click) -> None:
    """Don't tell me again."""
    await context.answer(await acts.declined(context, click.number), in_place=True)


ACTIONS: dict[Action, ActionHandler] = {Action.THREAD_SEND: send, Action.THREAD_DECLINE: decline}
