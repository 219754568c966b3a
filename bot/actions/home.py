"""The Home tab: drawn when it is opened, and anew after what its person did in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

from bot.acts import home as acts
from bot.context import ActionHandler, Answer, Click, Context, FormHandler, Submission
from bot.faults import SlackFault
from bot.views import home as views
from bot.views.ids import Action, Form

HOME_SECONDS = 0.7
AT_ONCE = frozenset({Action.REQUEST_APPROVE, Action.POST_RELEASE, Action.POST_DISCARD})


async def opened(context: Context) -> None:
    """The person looks at the Home tab."""
    await context.slack.publish_home(context.person.slack_id, await acts.home(context))


async def refresh(context: Context, click: Click) -> None:
    """Draw the Home tab anew if it is where the click was."""
    if click.view is not None and click.view.get("type") == "home":
        await opened(context)


async def turn(context: Context, click: Click) -> None:
    """A page button under the person's groups."""
    await context.redraw(await acts.home(context, page=_page(click)))


async def turn_waiting(context: Context, click: Click) -> None:
    """A page button under what waits: in the Home tab, or in the answer to the pending command."""
    if click.view is not None:
        await context.redraw(await acts.home(context, waiting_page=_page(click)))
        return
    shown = views.pending(context.language, await acts.waiting(context, _page(click)))
    await context.answer(shown, in_place=True)


def deciding(table: Mapping[Action, ActionHandler]) -> dict[Action, ActionHandler]:
    """The table of decisions, those that are taken by the click itself also `showing` what they changed."""
    return {action: showing(handler) if action in AT_ONCE else handler for action, handler in table.items()}


def deciding_forms(table: Mapping[Form, FormHandler]) -> dict[Form, FormHandler]:
    """The table of decisions that ask for a reason first, each followed by a fresh Home tab."""
    return {form: _then_home(handler) for form, handler in table.items()}


def _then_home(handler: FormHandler) -> FormHandler:
    async def then_shown(context: Context, submission: Submission) -> Answer:
        answer = await handler(context, submission)
        # A form does not say where it was opened; if Home cannot be drawn in time, opening it anew draws it.
        with contextlib.suppress(SlackFault, TimeoutError):
            async with asyncio.timeout(HOME_SECONDS):
                await opened(context)
        return answer

    return then_shown


def _page(click: Click) -> int:
    return max(int(click.value), 1) if click.value.isdecimal() and len(click.value) < 7 else 1


ACTIONS: dict[Action, ActionHandler] = {
    Action.HOME_PAGE: turn,
    Action.PENDING_PAGE: turn_waiting,
}


def showing(handler: ActionHandler) -> ActionHandler:
    """A decision's handler, whose outcome also shows where it was taken: in the Home tab, or in the answer that
    listed what waits (the cards themselves are redrawn by the outbox)."""

    async def then_shown(context: Context, click: Click) -> None:
        await handler(context, click)
        await refresh(context, click)
        if click.ephemeral:
            await context.answer(views.pending(context.language, await acts.waiting(context)), in_place=True)

    return then_shown
