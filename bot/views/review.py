"""The third step of the wizard: all of it once more, each person with their flags, and what to know before.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.views import answers, blocks, escape, limits
from bot.views.blocks import Block, View
from bot.views.draft import Draft
from bot.views.ids import Action, Field, Form
from bot.views.people import back
from bot.views.settings import DEFAULTS, SETTINGS, label, shown
from store.texts import Markup, say

MOST_SHOWN = 40  # people named one by one; further ones are counted
OF_SOURCE = frozenset({Field.FOLLOW_GUESTS, Field.FOLLOW_BOTS})
FLAG_NOUNS = {
    Field.ADMINISTRATORS: "administrator",
    Field.MODERATORS: "moderator",
    Field.CONTACTS: "contact",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """Someone of the group to be: a Slack person, an address, or a person with theirs. `flags` in table order."""

    slack_id: str | None
    name: str
    address: str
    flags: tuple[Field, ...]

    @property
    def contact(self) -> bool:
        return Field.CONTACTS in self.flags


@dataclass(frozen=True, slots=True)
class Change:
    """One setting of a group that exists, before and after, as a draft holds them."""

    name: str
    before: str
    after: str


def create(
    language: str, draft: Draft, address: str, subjects: Sequence[Subject], *, route: str = "",
    notes: Sequence[str] = (),
) -> View:  # fmt: skip
    """The review of a new group. `route` is shown where it is not the address; notes are ready texts."""
    head = say(language, "commands.review.head", via=escape.mrkdwn, address=address,
               name=draft.settings.get(Field.DISPLAY_NAME, ""))  # fmt: skip
    body: list[Block] = [blocks.section(head)]
    if route and route != address:
        body.append(blocks.context(say(language, "commands.review.route", via=escape.mrkdwn, route=route)))
    values = {one.field: draft.settings.get(one.field, "") or DEFAULTS.get(one.field, "") for one in SETTINGS}
    told = [one for one in SETTINGS if one.asked or values[one.field] != DEFAULTS.get(one.field, "")]
    if not values[Field.FOLLOWS]:  # guests and bots of nothing
        told = [one for one in told if one.field not in OF_SOURCE]
    lines = [
        setting_line(language, one.field, values[one.field]) for one in told if one.field is not Field.DISPLAY_NAME
    ]
    if draft.settings.get(Field.ALIASES):
        aliases = ", ".join(draft.settings[Field.ALIASES].split())
        lines.append(setting_line(language, Field.ALIASES, aliases))
    body += [blocks.fields(*lines[at : at + limits.FIELDS]) for at in range(0, len(lines), limits.FIELDS)]
    body += [blocks.divider(), *people(language, subjects)]
    body += _notes(notes)
    return _modal(language, draft, body, "create")


def change(
    language: str, draft: Draft, address: str, changes: Sequence[Change], come: Sequence[Subject],
    gone: Sequence[Subject], *, notes: Sequence[str] = (),
) -> View:  # fmt: skip
    """The review of changes to a group: each setting before and after, who comes and who goes, by flag."""
    body: list[Block] = [
        blocks.section(say(language, "commands.review.change_head", via=escape.mrkdwn, address=address)),
    ]
    lines = [
        say(
            language,
            "commands.review.changed",
            setting=Markup(label(language, one.name)),
            before=shown(language, one.name, one.before),
            after=shown(language, one.name, one.after),
        )
        for one in changes
    ]
    if lines:
        body.append(blocks.section("\n".join(lines)))
    for key, subjects in (("commands.review.come", come), ("commands.review.gone", gone)):
        if subjects:
            body += [blocks.section(say(language, key)), *people(language, subjects)]
    if not (lines or come or gone):
        body.append(blocks.section(say(language, "commands.review.nothing")))
    body += _notes(notes)
    return _modal(language, draft, body, "change")


def done(language: str, address: str, group_id: int, *, made: bool, held: bool = False) -> View:
    """What stands in the modal once the group exists (`held`: on hold, as all are) or is changed."""
    key = f"commands.wizard.{'changed' if not made else 'created_held' if held else 'created'}"
    body = [blocks.section(say(language, key, via=escape.mrkdwn, address=address))]
    if made:
        spoken = say(language, "commands.button.spoken_test", via=escape.plain, address=address)
        test = blocks.button(say(language, "commands.button.test"), Action.GROUP_TEST, group_id, spoken=spoken)
        body.append(blocks.actions(test))
    return blocks.modal(
        say(language, "commands.wizard.title_done"), Form.MESSAGE, body, close=say(language, "commands.wizard.close")
    )


def setting_line(language: str, name: str, value: str) -> str:
    """A setting with its value, for a field of a section."""
    return say(
        language,
        "commands.review.setting",
        setting=Markup(label(language, name)),
        value=shown(language, name, value),
    )


def people(language: str, subjects: Sequence[Subject]) -> list[Block]:
    """Each person with their flags, a line each, in sections that keep to Slack's limits."""
    lines = [_person(language, subject) for subject in subjects[:MOST_SHOWN]]
    if len(subjects) > MOST_SHOWN:
        lines.append(say(language, "commands.review.more_people", n=len(subjects) - MOST_SHOWN))
    return [blocks.section(text) for text in answers.sections(lines)]


def _person(language: str, subject: Subject) -> str:
    flags = "_".join(FLAG_NOUNS[flag] for flag in FLAG_NOUNS if flag in subject.flags)
    who = escape.person(subject.slack_id) if subject.slack_id else Markup(escape.mrkdwn(subject.name))
    if subject.address and (subject.slack_id or subject.name):
        key = "commands.review.person_with_address"
    elif subject.address:
        key, who = "commands.review.person", Markup(escape.mrkdwn(subject.address))
    else:
        key = "commands.review.person_without_address"
    return say(language, key, via=escape.mrkdwn, who=who, address=subject.address,
               flags=Markup(say(language, f"commands.flags.{flags}")))  # fmt: skip


def _notes(notes: Sequence[str]) -> list[Block]:
    return [blocks.divider(), *(blocks.context(note) for note in notes[:10])] if notes else []


def _modal(language: str, draft: Draft, body: list[Block], kind: str) -> View:
    return blocks.modal(
        say(language, f"commands.wizard.title_{kind}_3"),
        Form.WIZARD_REVIEW,
        [*body, back(language)],
        submit=say(language, f"commands.wizard.{kind}"),
        close=say(language, "commands.wizard.cancel"),
        metadata=draft.pack(),
    )
