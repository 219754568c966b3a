"""The page that offers templates for a new group.

Pure.
"""

from __future__ import annotations

from bot.views import blocks, escape
from bot.views.blocks import Block, View
from bot.views.draft import Draft
from bot.views.ids import Action, Form, numbered
from bot.views.people import back
from store.templates import Template
from store.texts import say

OFFERED = tuple(Template)


def page(language: str, draft: Draft) -> View:
    """Each template with what it says, and a button that fills in the form."""
    body: list[Block] = [blocks.section(say(language, "commands.template.intro"))]
    for n, template in enumerate(OFFERED, 1):
        name = say(language, f"commands.template.name.{template.value}")
        button = blocks.button(
            say(language, "commands.button.use"),
            numbered(Action.WIZARD_TEMPLATE, n),
            n,
            spoken=say(language, "commands.button.spoken_use", via=escape.plain, template=name),
        )
        body.append(blocks.section(say(language, f"commands.template.{template.value}"), accessory=button))
    return blocks.modal(
        say(language, "commands.template.title"),
        Form.WIZARD_TEMPLATES,
        [*body, back(language)],
        close=say(language, "commands.wizard.cancel"),
        metadata=draft.pack(),
    )
