"""A slash command from its text to its answer."""

from __future__ import annotations

from typing import Any

from bot.commands import help, table  # noqa: A004 - the noun is the command's
from bot.commands.binding import bind
from bot.commands.entry import Entry
from bot.commands.grammar import Misread, tokens
from bot.context import Command, Context
from bot.views import answers
from bot.views.blocks import Shown
from store.texts import Markup


async def handle(context: Context, command: Command) -> None:
    """Answer one slash command; what cannot be read is answered with what is wrong and how it is written.

    Raises what handlers raise (Refused, NotAllowed, faults), which the guard tells the person.
    """
    entry: Entry | None = None
    try:
        words = tokens(command.text)
        entry = table.entry(words[0].value.lower() if words else "help")
        shown = await entry.handler(context, bind(entry.arguments, command.text, words[1:]))
    except Misread as misread:
        shown = _misread(context, misread, entry)
    if shown is not None:
        await context.answer(shown)


def _misread(context: Context, misread: Misread, entry: Entry | None) -> Shown:
    command = context.settings.command
    values: dict[str, Any] = {"command": Markup(command), **misread.values}
    fault = context.say(f"commands.misread.{misread.name}", **values)
    if entry is None:
        return answers.told(fault)
    usage = help.usage(context.language, command, entry)
    return answers.told("\n".join([fault, context.say("commands.help.usage", usage=Markup(usage))]))
