"""What administrators say to a membership whose date comes near."""

from __future__ import annotations

from collections.abc import Mapping

from bot import endings as drawn
from bot.acts import lookup
from bot.context import ActionHandler, Click, Context
from bot.permissions import Verb
from bot.views import endings as views
from bot.views.ids import Action
from store import endings
from store.terms import Refused
from store.texts import Markup
from store.verdicts import EndingAnswer


async def extend(context: Context, click: Click) -> None:
    await _answer(context, click, EndingAnswer.EXTENDED)


async def let(context: Context, click: Click) -> None:
    await _answer(context, click, EndingAnswer.END)


async def _answer(context: Context, click: Click, said: EndingAnswer) -> None:
    """The message is redrawn by the outbox; who comes later is told that somebody was faster."""
    async with context.database.writing() as tx:
        ending = await endings.get(tx, click.number)
        found = await lookup.behind(context, tx, Verb.ADD, ending.group_id) if ending is not None else None
        if ending is None or found is None:
            raise Refused("member_gone")
        won = await endings.answer(tx, ending, said, found[1])
        late = None if won else await drawn.ending(tx, await endings.get(tx, click.number) or ending)
    if late is not None:
        what = Markup(views.outcome(context.language, late))
        await context.answer(context.say("slack.ending.late", what=what))


ACTIONS: Mapping[Action, ActionHandler] = {Action.ENDING_EXTEND: extend, Action.ENDING_LET: let}
