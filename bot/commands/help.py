"""Help, printed from the command table itself: all commands, or one with its usage and examples.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.commands.bound import Argument
from bot.commands.entry import Entry
from bot.views import answers, blocks, escape
from bot.views.blocks import Shown
from store.texts import Markup, say


def everything(language: str, table: Mapping[str, Entry], command: str, *, operator: bool) -> Shown:
    """Every command with what it is for, in the table's order; those only operators may use are shown to them."""
    lines = [
        say(
            language,
            "commands.help.line",
            usage=Markup(usage(language, command, entry)),
            summary=Markup(say(language, f"commands.verb.{name}.summary")),
        )
        for name, entry in table.items()
        if operator or not entry.operators_only
    ]
    title = say(language, "commands.help.title", command=Markup(command))
    body = [blocks.section(title), *(blocks.section(text) for text in answers.sections(lines))]
    body.append(blocks.context(say(language, "commands.help.footer", command=Markup(command))))
    return blocks.shown(title, body)


def one(language: str, entry: Entry, command: str, domain: str) -> Shown:
    """One command: usage, what it does, examples."""
    title = say(
        language,
        "commands.help.line",
        usage=Markup(usage(language, command, entry)),
        summary=Markup(say(language, f"commands.verb.{entry.verb}.summary")),
    )
    more = say(language, f"commands.verb.{entry.verb}.more", via=escape.mrkdwn, command=Markup(command))
    example = say(language, f"commands.verb.{entry.verb}.example", command=Markup(command), domain=Markup(domain))
    return blocks.shown(title, [blocks.section(title), blocks.section(more), blocks.section(example)])


def usage(language: str, command: str, entry: Entry) -> str:
    """How a command is written: `/group add ADDRESS PEOPLE [as ROLE]`; what may be left out stands in brackets."""
    return " ".join([command, entry.verb.value, *(_argument(language, argument) for argument in entry.arguments)])


def _argument(language: str, argument: Argument) -> str:
    noun = say(language, f"commands.argument.{argument.kind.value}")
    return noun if argument.required else f"[{noun}]"
