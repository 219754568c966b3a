"""The menu of a held post in Home and in what waits: what its card offers as buttons, by the word of the option."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from bot.actions import bans, why
from bot.context import ActionHandler, Click, Context
from bot.views.ids import Action
from store.terms import Refused

HANDLERS: Final[Mapping[str, ActionHandler]] = {"why": why.held, "always": bans.ask_always, "ban": bans.ask_post}


async def chosen(context: Context, click: Click) -> None:
    """What was chosen of the menu. Raises Refused for a word it does not have: a value comes from the client."""
    word, _, number = click.value.partition(" ")
    if word not in HANDLERS:
        raise Refused("form_old")
    await HANDLERS[word](context, replace(click, value=number))


ACTIONS: dict[Action, ActionHandler] = {Action.POST_MENU: chosen}
