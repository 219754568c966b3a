"""The form that renames a group.

Pure.
"""

from __future__ import annotations

from bot.views import blocks, escape
from bot.views.blocks import View
from bot.views.ids import Field, Form
from bot.views.settings import LONGEST_ADDRESS
from store.texts import say


def rename_form(language: str, metadata: str, address: str, anew: str, contacts: int) -> View:
    """Asks for the new address, and for the old one where contacts know it."""
    key = "commands.rename.text" if contacts else "commands.rename.text_none"
    body = [
        blocks.section(say(language, key, via=escape.mrkdwn, n=contacts, address=address)),
        blocks.entry(
            Field.ADDRESS,
            say(language, "commands.rename.label"),
            blocks.text_input(initial=anew, longest=LONGEST_ADDRESS),
            hint=say(language, "commands.rename.hint"),
        ),
    ]
    if contacts:
        body.append(
            blocks.entry(
                Field.CONFIRM,
                say(language, "commands.rename.confirm"),
                blocks.text_input(longest=LONGEST_ADDRESS, placeholder=escape.plain(address)),
            )
        )
    return blocks.modal(
        say(language, "commands.rename.title"),
        Form.RENAME,
        body,
        submit=say(language, "commands.rename.submit"),
        close=say(language, "commands.wizard.cancel"),
        metadata=metadata,
    )
