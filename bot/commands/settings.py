"""`settings`: the form, or one setting shown or changed by text."""

from __future__ import annotations

from collections.abc import Sequence

from bot.acts import channels, drafts, lookup, sources
from bot.acts import settings as settings_acts
from bot.acts.groups import value as value_of
from bot.commands import french
from bot.commands.bound import Bound
from bot.commands.grammar import Misread, nearest
from bot.context import Context
from bot.permissions import Verb
from bot.views import answers, blocks
from bot.views.blocks import Shown
from bot.views.ids import Field
from bot.views.settings import BY_NAME, Setting, Shape, label, shown
from store import following, groups, sizes
from store.followers import SOURCE
from store.schema.group import Group
from store.texts import Markup
from store.wording import WORDINGS

YES = frozenset({"yes", "on", "true", "1", "oui"})
NO = frozenset({"no", "off", "false", "0", "non"})
NONE = frozenset({"", "none", "-", "aucun", "aucune"})


async def change(context: Context, bound: Bound) -> Shown | None:
    """The form without a setting's name; with it the setting as it is; with a value too, the change of it."""
    assert bound.group is not None
    if bound.setting is None:
        await context.modal(await drafts.change(context, bound.group))
        return None
    async with context.database.reading() as tx:
        group, _ = await lookup.named(context, tx, Verb.SETTINGS, bound.group)
    setting = _setting(bound.setting)
    if bound.value is None:
        notes = await settings_acts.channel_notes(context, group, (setting.field.value,))
        return _told(context, "commands.settings.current", group, setting, notes)
    wanted = read(setting, bound.value)
    await _check_channels(context, group, setting, wanted)
    async with context.database.writing() as tx:
        group, actor = await lookup.named(context, tx, Verb.SETTINGS, bound.group)
        assert group.id is not None
        group = await groups.change(tx, group.id, {setting.field.value: wanted}, None, actor)
        if setting.field is Field.FOLLOWS and wanted is not None:
            await following.again(tx, group.id or 0)  # said once more, it asks for a comparison
    told = _told(context, "commands.settings.changed", group, setting, settings_acts.over(context, setting, wanted))
    if setting.field is Field.FOLLOWS and wanted is not None:
        note = context.say("commands.follow.settings")
        return Shown(f"{told.text} {note}", [*told.blocks, blocks.context(note)])
    return told


def read(setting: Setting, text: str) -> object:
    """A typed value as the store keeps it. Raises Misread, Refused for a size that is none or words that do not fit."""
    word = text.strip().lower()
    match setting.shape:
        case Shape.SIZE:
            return None if word in NONE else sizes.size(text)
        case Shape.TICK:
            if word not in YES | NO:
                raise Misread("neither_yes_nor_no", word=text[:60])
            return word in YES
        case Shape.CHANNEL:
            if word in NONE:
                return None
            if not text.isalnum() or text[:1] not in {"C", "G"}:
                raise Misread("channel_not_picked", word=text[:60])
            return text
        case Shape.SOURCE:
            if word in NONE:
                return None
            if not SOURCE.fullmatch(text):
                raise Misread("source_not_picked", word=text[:60])
            return text
        case Shape.CHOICE:
            assert setting.choices is not None
            values = [choice.value for choice in setting.choices]
            if (chosen := french.VALUES.get(word, word)) in values:
                return setting.choices(chosen)
            near = nearest(word, values)
            choices = ", ".join(values)
            if near is None:
                raise Misread("unknown_choice", word=text[:60], choices=choices)
            raise Misread("unknown_choice_near", word=text[:60], near=near, choices=choices)
        case Shape.TEXT | Shape.LINES:
            if setting.field.value in WORDINGS:
                return None if word in NONE else WORDINGS[setting.field.value](text)
            if not text.strip():
                raise Misread("empty_name")
            return text.strip()


def _setting(word: str) -> Setting:
    found = BY_NAME.get(french.SETTINGS.get(word, word))
    if found is not None:
        return found
    known = ", ".join(BY_NAME)
    near = nearest(word, BY_NAME)
    if near is None:
        raise Misread("unknown_setting", word=word[:60], settings=known)
    raise Misread("unknown_setting_near", word=word[:60], near=near, settings=known)


async def _check_channels(context: Context, group: Group, setting: Setting, wanted: object) -> None:
    """Ask Slack about a channel before it becomes the group's; also when a group with a public one is to be hidden."""
    if setting.field is Field.MODERATION_CHANNEL and isinstance(wanted, str):
        await channels.check_moderation(context.slack, wanted)
    if setting.field is Field.REPORT_CHANNEL and isinstance(wanted, str):
        await channels.check_report(context.slack, wanted, hidden=group.hidden)
    if setting.field is Field.FOLLOWS and isinstance(wanted, str) and wanted != group.follows:
        await sources.check(context.slack, wanted, context.person.slack_id)
    if setting.field is Field.HIDDEN and wanted is True and group.report_channel:
        await channels.check_report(context.slack, group.report_channel, hidden=True)


def _told(context: Context, key: str, group: Group, setting: Setting, notes: Sequence[str] = ()) -> Shown:
    name = setting.field.value
    text = context.say(
        key,
        address=group.address,
        setting=Markup(label(context.language, name)),
        value=shown(context.language, name, value_of(group, name)),
    )
    return answers.told("\n".join([text, *notes]))
