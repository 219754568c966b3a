"""Pages of a group's figures, redrawn where they stand."""

from __future__ import annotations

from bot.acts import figures as acts
from bot.context import ActionHandler, Click, Context
from bot.payloads import page_number, row_id
from bot.views.ids import Action


async def page(context: Context, click: Click) -> None:
    """The value is `group:page`; the right is asked again."""
    group_id, _, number = click.value.partition(":")
    shown = await acts.reports(context, row_id(group_id), page_number(number))
    await context.answer(shown, in_place=click.ephemeral)


ACTIONS: dict[Action, ActionHandler] = {Action.FIGURES_PAGE: page}
