"""Which copies of a group's posts a contact wants: of all, or none of what they have anyway.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.views import blocks, escape
from bot.views.blocks import View
from bot.views.ids import Field, Form
from store.texts import say


@dataclass(frozen=True, slots=True)
class Wishes:
    """Copies of the contact's own posts, and of posts that name them in To or Cc."""

    own: bool = True
    addressed: bool = True


NAMES = tuple(Wishes.__dataclass_fields__)
ALL = Wishes()
AT_HOME = "home"


def form(language: str, group_id: int, address: str, wishes: Wishes, *, at_home: bool = False) -> View:
    """Both wishes as boxes, ticked where copies come. The metadata is the group, and `AT_HOME` if Home lies beneath."""
    options = [
        blocks.option(
            say(language, f"commands.receive.{name}"), name, description=say(language, f"commands.receive.{name}_hint")
        )
        for name in NAMES
    ]
    ticked = [name for name in NAMES if getattr(wishes, name)]
    return blocks.modal(
        say(language, "commands.receive.title"),
        Form.RECEIVE,
        [
            blocks.section(say(language, "commands.receive.text", via=escape.mrkdwn, address=address)),
            blocks.entry(
                Field.WISHES,
                say(language, "commands.receive.label"),
                blocks.checkboxes(options, initial=ticked),
                optional=True,
            ),
        ],
        submit=say(language, "commands.receive.submit"),
        close=say(language, "commands.wizard.cancel"),
        metadata=f"{group_id} {AT_HOME}" if at_home else str(group_id),
    )
