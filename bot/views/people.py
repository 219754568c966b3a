"""The second step of the wizard: administrators, moderators and contacts.

Pure. A picker each for Slack people, and a field for outside addresses. For a group that exists the pickers hold its
roster as it is plus what the draft changes; a roster too large for a form is left to the members form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.views import blocks, limits
from bot.views.blocks import Block, View
from bot.views.draft import Draft
from bot.views.ids import Action, Field, Form
from store.texts import say

MOST_PICKED = 100  # people in one picker; more make Slack's form unusable, and a draft too large
ALSO_YES = "yes"


@dataclass(frozen=True, slots=True)
class Roster:
    """A group's people as they are: Slack ids by flag, and contacts from outside as lines `Name <a@b>`.

    `contacts` counts all; where they are too many for a form, `people` and `outside` of contacts are left empty
    and `too_many` says so.
    """

    administrators: Sequence[str] = ()
    moderators: Sequence[str] = ()
    contacts: Sequence[str] = ()
    outside: Sequence[str] = ()
    count: int = 0
    too_many: bool = False

    def of(self, name: Field) -> Sequence[str]:
        existing = {
            Field.ADMINISTRATORS: self.administrators,
            Field.MODERATORS: self.moderators,
            Field.CONTACTS: self.contacts,
            Field.OUTSIDE: self.outside,
        }
        return existing[name]


EMPTY = Roster()


def step(language: str, draft: Draft, roster: Roster = EMPTY) -> View:
    """The people form."""
    made = draft.group_id is not None
    body: list[Block] = []
    body.append(_picker(language, draft, roster, Field.ADMINISTRATORS, optional=False))
    body.append(_picker(language, draft, roster, Field.MODERATORS))
    if roster.too_many:
        body.append(blocks.section(say(language, "commands.wizard.too_many_contacts", n=roster.count)))
    else:
        body.append(_picker(language, draft, roster, Field.CONTACTS))
        body.append(
            blocks.entry(
                Field.OUTSIDE,
                say(language, "commands.people.outside.label"),
                blocks.text_input(
                    initial="\n".join(draft.roster(Field.OUTSIDE, roster.outside)),
                    multiline=True,
                    longest=limits.INPUT_LENGTH,
                    placeholder=say(language, "commands.people.outside.example"),
                ),
                hint=say(language, "commands.people.outside.hint"),
                optional=True,
            )
        )
    body.append(
        blocks.entry(
            Field.ALSO_CONTACTS,
            say(language, "commands.people.also_contacts.label"),
            blocks.checkboxes(
                [blocks.option(say(language, "commands.people.also_contacts.tick"), ALSO_YES)],
                initial=[ALSO_YES] if draft.also_contacts else [],
            ),
            optional=True,
        )
    )
    body.append(back(language))
    return blocks.modal(
        say(language, "commands.wizard.title_change_2" if made else "commands.wizard.title_create_2"),
        Form.WIZARD_PEOPLE,
        body,
        submit=say(language, "commands.wizard.next"),
        close=say(language, "commands.wizard.cancel"),
        metadata=draft.pack(),
    )


def back(language: str) -> Block:
    """The button to the step before; what is typed here is kept."""
    return blocks.actions(
        blocks.button(say(language, "commands.wizard.back"), Action.WIZARD_BACK, spoken=say(language, "access.back"))
    )


def _picker(language: str, draft: Draft, roster: Roster, name: Field, *, optional: bool = True) -> Block:
    element = blocks.people(initial=draft.roster(name, roster.of(name))[:MOST_PICKED])
    return blocks.entry(
        name,
        say(language, f"commands.people.{name}.label"),
        {**element, "max_selected_items": MOST_PICKED},
        hint=say(language, f"commands.people.{name}.hint"),
        optional=optional,
    )
