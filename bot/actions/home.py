"""The Home tab: drawn when it is opened, and anew after what its person did in it."""

from __future__ import annotations

import asyncio

import structlog

from bot import answering
from bot.acts import home as acts
from bot.context import ActionHandler, Click, Context
from bot.faults import RateLimited, SlackFault, Unreachable
from bot.payloads import page_number
from bot.views import home as views
from bot.views.ids import Action

log = structlog.get_logger()
HOME_SECONDS = 0.7  # a form's submission waits for it


async def opened(context: Context) -> None:
    """The person looks at the Home tab. Raises SlackFault where Slack does not take it for a while."""
    for wait in (*answering.WAITS, None):
        try:
            await context.slack.publish_home(context.person.slack_id, await acts.home(context))
        except (RateLimited, Unreachable) as fault:
            if wait is None:
                raise
            log.info("home.unpublished", person=context.person.slack_id, cause=fault)
            await asyncio.sleep(max(wait, fault.seconds) if isinstance(fault, RateLimited) else wait)
        else:
            return


async def refresh(context: Context, click: Click) -> None:
    """Draw the Home tab anew if it is where the click was."""
    if click.view is not None and click.view.get("type") == "home":
        await redrawn(context)


async def redrawn(context: Context) -> None:
    """Draw the Home tab anew after what was done in it. If Slack has no ear for it now, opening it again draws it;
    what was done is done, and must not be told as a failure."""
    view = await acts.home(context)
    try:
        async with asyncio.timeout(HOME_SECONDS):
            await context.slack.publish_home(context.person.slack_id, view)
    except (SlackFault, TimeoutError) as fault:
        log.info("home.stale", person=context.person.slack_id, cause=fault)


async def turn(context: Context, click: Click) -> None:
    """A page button under the person's groups."""
    await context.redraw(await acts.home(context, page=page_number(click.value)))


async def turn_waiting(context: Context, click: Click) -> None:
    """A page of what waits: in the Home tab, in the answer to the pending command, or asked for by a reminder, which
    stays as it is."""
    if click.view is not None:
        await context.redraw(await acts.home(context, waiting_page=page_number(click.value)))
        return
    shown = views.pending(context.language, await acts.waiting(context, page_number(click.value)))
    await context.answer(shown, in_place=click.ephemeral)


ACTIONS: dict[Action, ActionHandler] = {
    Action.HOME_PAGE: turn,
    Action.PENDING_PAGE: turn_waiting,
}
