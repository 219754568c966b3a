"""The forms beside the members: whom to add, and until when somebody is a contact.

Pure.
"""

from __future__ import annotations

import json
from datetime import date

from bot.views import blocks, escape
from bot.views.blocks import View
from bot.views.ids import Field, Form
from store.texts import Markup, say

ROLES = ("contact", "moderator", "administrator")


def add_form(language: str, group_id: int, address: str) -> View:
    """Slack people, addresses, or everybody of a channel; with a role, and a last day for contacts."""
    roles = [blocks.option(say(language, f"commands.flags.{role}"), role) for role in ROLES]
    parts = (
        (Field.PEOPLE, blocks.people(), "people"),
        (Field.OUTSIDE, blocks.text_input(multiline=True), "outside"),
        (Field.EVERYONE_IN, blocks.channel(), "everyone_in"),
    )
    return blocks.modal(
        say(language, "commands.enrol.title"),
        Form.MEMBERS_ADD,
        [
            blocks.section(say(language, "commands.enrol.text", via=escape.mrkdwn, address=address)),
            *(
                blocks.entry(
                    field,
                    say(language, f"commands.enrol.{name}"),
                    element,
                    hint=say(language, f"commands.enrol.{name}_hint"),
                    optional=True,
                )
                for field, element, name in parts
            ),
            blocks.entry(Field.ROLE, say(language, "commands.enrol.role"), blocks.select(roles, initial="contact")),
            blocks.entry(
                Field.UNTIL,
                say(language, "commands.enrol.until"),
                blocks.date(),
                hint=say(language, "commands.enrol.until_hint"),
                optional=True,
            ),
        ],
        submit=say(language, "commands.enrol.submit"),
        close=say(language, "commands.button.cancel"),
        metadata=str(group_id),
    )


def until_form(language: str, group_id: int, membership_id: int, who: Markup, last: date | None) -> View:
    """The last day of a contact; none is for good."""
    return blocks.modal(
        say(language, "commands.enrol.until_title"),
        Form.MEMBERS_UNTIL,
        [
            blocks.section(say(language, "commands.enrol.until_text", who=who)),
            blocks.entry(
                Field.UNTIL,
                say(language, "commands.enrol.until"),
                blocks.date(initial=last.isoformat() if last else None),
                hint=say(language, "commands.enrol.until_hint"),
                optional=True,
            ),
        ],
        submit=say(language, "commands.enrol.keep"),
        close=say(language, "commands.button.cancel"),
        metadata=json.dumps({"group": group_id, "member": membership_id}, separators=(",", ":")),
    )


def unpack(metadata: str) -> tuple[int, int]:
    """The group's and the membership's id. Raises ValueError."""
    try:
        data = json.loads(metadata)
        return int(data["group"]), int(data["member"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError("not this form's") from error
