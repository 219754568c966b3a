"""The first step of the wizard, and the same form for a group that exists: its settings, as a table of fields.

Pure. The table also says which names `/group settings ADDRESS NAME VALUE` takes, and how a value is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.views import blocks, escape
from bot.views.blocks import Block, View
from bot.views.draft import Draft
from bot.views.ids import Action, Field, Form
from store import sizes
from store.followers import USER_GROUP
from store.terms import (
    Copies,
    Digest,
    GroupPolicy,
    Language,
    Leave,
    Mode,
    Moderation,
    OverSendSize,
    Posting,
    ReplyTo,
    SlackContent,
    Subscription,
)
from store.texts import Markup, say

LONGEST_ADDRESS = 320  # a whole address may be pasted; too long a local part is refused with its own text
LONGEST_NAME = 120
LONGEST_SIZE = 20
HIDDEN_YES, HIDDEN_NO = "yes", "no"


class Shape(StrEnum):
    TEXT = "text"
    LINES = "lines"
    SIZE = "size"
    CHOICE = "choice"
    TICK = "tick"
    CHANNEL = "channel"
    SOURCE = "source"  # a channel, or a user group, of which Slack has no picker


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its field, the options it has, whether the first page asks for it, whether it may be empty."""

    field: Field
    shape: Shape
    choices: type[StrEnum] | None = None
    asked: bool = True
    optional: bool = False
    private: bool = False  # a channel that must be private


SETTINGS = (
    Setting(Field.DISPLAY_NAME, Shape.TEXT),
    Setting(Field.MAX_RECEIVE, Shape.SIZE, optional=True),
    Setting(Field.MAX_SEND, Shape.SIZE, optional=True),
    Setting(Field.OVER_SEND_SIZE, Shape.CHOICE, OverSendSize, asked=False),
    Setting(Field.SUBSCRIPTION, Shape.CHOICE, Subscription),
    Setting(Field.LEAVE, Shape.CHOICE, Leave),
    Setting(Field.HIDDEN, Shape.TICK, optional=True),
    Setting(Field.POSTING, Shape.CHOICE, Posting),
    Setting(Field.MODERATION, Shape.CHOICE, Moderation, asked=False),
    Setting(Field.REPORT_CHANNEL, Shape.CHANNEL),
    Setting(Field.MODERATION_CHANNEL, Shape.CHANNEL, optional=True, private=True),
    Setting(Field.SLACK_CONTENT, Shape.CHOICE, SlackContent, asked=False),
    Setting(Field.DIGEST, Shape.CHOICE, Digest, asked=False),
    Setting(Field.COPIES, Shape.CHOICE, Copies, asked=False),
    Setting(Field.MODE, Shape.CHOICE, Mode, asked=False),
    Setting(Field.LANGUAGE, Shape.CHOICE, Language, asked=False),
    Setting(Field.SUBJECT_TAG, Shape.TEXT, asked=False, optional=True),
    Setting(Field.FOOTER, Shape.LINES, asked=False, optional=True),
    Setting(Field.REPLY_TO, Shape.CHOICE, ReplyTo, asked=False),
    Setting(Field.FOLLOWS, Shape.SOURCE, optional=True),
    Setting(Field.FOLLOW_GUESTS, Shape.TICK, asked=False, optional=True),
    Setting(Field.FOLLOW_BOTS, Shape.TICK, asked=False, optional=True),
)
BY_NAME: Mapping[str, Setting] = {setting.field.value: setting for setting in SETTINGS}
# What is no setting, and is told beside them when it changes.
NAMES = frozenset({Field.ALIASES.value, Field.ADDRESS.value})
# What no post keeps from its acceptance on has its default here.
_OF_SLACK: Mapping[str, str] = {
    Field.SLACK_CONTENT.value: SlackContent.SUBJECT.value,
    Field.DIGEST.value: Digest.WEEKLY.value,
    Field.HIDDEN.value: HIDDEN_NO,
}
DEFAULTS: Mapping[str, str] = {
    setting.field.value: str(GroupPolicy.__dataclass_fields__[setting.field.value].default)
    for setting in SETTINGS
    if setting.shape is Shape.CHOICE and setting.field.value not in _OF_SLACK
} | dict(_OF_SLACK)


def step(language: str, draft: Draft, domains: Sequence[str], *, address: str = "") -> View:
    """The settings form: of a new group, or of the one at `address`, whose address stands fixed above."""
    made = draft.group_id is not None
    body: list[Block] = []
    if made:
        body.append(blocks.section(say(language, "commands.wizard.of_group", via=escape.mrkdwn, address=address)))
    else:
        body += _address(language, draft, domains)
    body += [_input(language, setting, draft, made=made) for setting in SETTINGS if setting.asked]
    onward = [blocks.button(say(language, "commands.button.more"), Action.WIZARD_MORE)]
    if not made:
        onward.insert(0, blocks.button(say(language, "commands.button.template"), Action.WIZARD_TEMPLATES))
    body.append(blocks.actions(*onward))
    return blocks.modal(
        say(language, "commands.wizard.title_change_1" if made else "commands.wizard.title_create_1"),
        Form.WIZARD_SETTINGS,
        body,
        submit=say(language, "commands.wizard.next"),
        close=say(language, "commands.wizard.cancel"),
        metadata=draft.pack(),
    )


def more(language: str, draft: Draft, *, address: str = "") -> View:
    """The page behind the first one: what most groups leave as it is. It leads back to the form."""
    made = draft.group_id is not None
    body: list[Block] = []
    if made:
        body.append(blocks.section(say(language, "commands.wizard.of_group", via=escape.mrkdwn, address=address)))
    body.append(
        blocks.entry(
            Field.ALIASES,
            label(language, Field.ALIASES),
            blocks.text_input(initial=draft.settings.get(Field.ALIASES, ""), multiline=True),
            hint=say(language, "commands.setting.aliases.hint"),
            optional=True,
        )
    )
    body += [_input(language, setting, draft, made=made) for setting in SETTINGS if not setting.asked]
    return blocks.modal(
        say(language, "commands.more.title"),
        Form.WIZARD_MORE,
        body,
        submit=say(language, "commands.more.done"),
        close=say(language, "commands.wizard.cancel"),
        metadata=draft.pack(),
    )


def drafted(found: object) -> str:
    """A value as the store or the audit keeps it, as a draft holds it: text, option, bytes, channel id; "" for none."""
    if isinstance(found, bool):
        return HIDDEN_YES if found else HIDDEN_NO
    return "" if found is None else str(found)


def label(language: str, field: Field | str) -> str:
    """The name of a setting as people read it."""
    return say(language, f"commands.setting.{field}.label")


def shown(language: str, name: str, value: str) -> Markup:
    """A setting's value (as a draft holds it) for a mrkdwn text."""
    if name in NAMES:
        return Markup(escape.mrkdwn(value) if value else say(language, "commands.setting.aliases.none"))
    setting = BY_NAME[name]
    if setting.shape is Shape.CHANNEL:
        return escape.channel(value) if value else Markup(say(language, f"commands.setting.{name}.none"))
    if setting.shape is Shape.SOURCE:
        return followed(value) if value else Markup(say(language, f"commands.setting.{name}.none"))
    if setting.shape is Shape.SIZE:
        octets = sizes.size(value) if value else None
        return Markup(
            say(language, "commands.setting.server_limit") if octets is None else sizes.show(octets, language)
        )
    if setting.shape is Shape.TICK:
        return Markup(say(language, f"commands.setting.{name}.{value or HIDDEN_NO}"))
    if setting.choices is not None:
        return Markup(say(language, f"commands.setting.{name}.{value or DEFAULTS[name]}"))
    if not value and setting.optional:
        return Markup(say(language, f"commands.setting.{name}.none"))
    # Where one line ends and the next begins is a part of the value; a bare break would read as one more setting.
    lines = " ⏎ ".join(escape.mrkdwn(line) for line in value.splitlines())
    return Markup(" ".join(lines.split()) or blocks.BLANK)


def followed(source_id: str) -> Markup:
    """A channel or user group by its id, for what one person sees: Slack shows its name, and rings for nobody."""
    if source_id.startswith(USER_GROUP):
        return Markup(f"<!subteam^{source_id}>")
    return escape.channel(source_id)


def _address(language: str, draft: Draft, domains: Sequence[str]) -> list[Block]:
    local = draft.settings.get(Field.LOCAL, "")
    domain = draft.settings.get(Field.DOMAIN) or domains[0]
    many = len(domains) > 1
    hint = (
        say(language, "commands.setting.local.hint_many")
        if many
        else say(language, "commands.setting.local.hint_one", domain=domain)
    )
    found = [
        blocks.entry(
            Field.LOCAL,
            label(language, Field.LOCAL),
            blocks.text_input(
                initial=local, longest=LONGEST_ADDRESS, placeholder=say(language, "commands.setting.local.example")
            ),
            hint=hint,
        )
    ]
    if many:
        options = [blocks.option(f"@{one}", one) for one in domains]
        found.append(blocks.entry(Field.DOMAIN, label(language, Field.DOMAIN), blocks.select(options, initial=domain)))
    return found


def _input(language: str, setting: Setting, draft: Draft, *, made: bool) -> Block:
    name = setting.field.value
    value = draft.settings.get(name, "") or DEFAULTS.get(name, "")
    hint = say(language, f"commands.setting.{name}.hint")
    # A group that came by import may have no report channel; changing something else must not force one on it.
    optional = setting.optional or (made and setting.shape is Shape.CHANNEL)
    match setting.shape:
        case Shape.CHOICE:
            assert setting.choices is not None
            options = [
                blocks.option(say(language, f"commands.setting.{name}.{choice.value}"), choice.value)
                for choice in setting.choices
            ]
            element = blocks.select(options, initial=value)
        case Shape.TICK:
            options = [blocks.option(say(language, f"commands.setting.{name}.tick"), HIDDEN_YES)]
            element = blocks.checkboxes(options, initial=[value])
        case Shape.CHANNEL:
            kinds = ("private",) if setting.private else ("public", "private")
            element = blocks.channel(initial=value or None, kinds=kinds)
        case Shape.SOURCE:
            if value.startswith(USER_GROUP):  # no picker shows it, and an empty one would end it
                return blocks.section(say(language, f"commands.setting.{name}.team", team=followed(value)))
            element = blocks.channel(initial=value or None)
        case Shape.SIZE:
            element = blocks.text_input(
                initial=_written(language, value),
                longest=LONGEST_SIZE,
                placeholder=say(language, "commands.setting.size_example"),
            )
        case Shape.TEXT:
            # Longer than a tag may be: what is too long is refused with its own text.
            element = blocks.text_input(initial=value, longest=LONGEST_NAME)
        case Shape.LINES:
            element = blocks.text_input(initial=value, multiline=True)
    return blocks.entry(setting.field, label(language, setting.field), element, hint=hint, optional=optional)


def _written(language: str, size: str) -> str:
    """A number of bytes as a person would have typed it, where that says exactly the same; else as it is."""
    if not size.isdecimal() or int(size) < sizes.SMALLEST:
        return size
    short = sizes.show(int(size), language)
    return short if str(sizes.size(short)) == size else size
