"""Where the wizard begins: with a new group, or with one that exists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.acts import lookup, naming, sources
from bot.acts.groups import value
from bot.context import Context
from bot.permissions import Verb
from bot.views import settings as views
from bot.views.blocks import View
from bot.views.draft import Draft
from bot.views.ids import Field
from bot.views.review import Change
from bot.views.settings import BY_NAME, DEFAULTS, HIDDEN_YES, SETTINGS, Setting, Shape, drafted
from store import addresses, aliases, changes, languages, names, sizes, templates
from store.engine import Reading
from store.schema.group import Group
from store.templates import Template
from store.terms import Address, Language, Refused


def domains(context: Context) -> tuple[str, ...]:
    """The domains a group's address may be on, the served ones first."""
    return tuple(dict.fromkeys((*context.served.domains, *context.served.published)))


async def create(
    context: Context, address_text: str = "", template: Template | None = None, *, follows: str | None = None
) -> View:
    """The first step for a new group, filled in with the address and what a template says where they were given, and
    with the name, and an address that is free, of what it is to follow. It speaks the language of who makes it.

    Raises Refused for an address that no group may have or that is taken, or what cannot be followed; NotAllowed.
    """
    settings = {Field.LANGUAGE.value: languages.spoken(context.language, Language.EN).value}
    settings |= {} if template is None else preset(template)
    async with context.database.reading() as tx:
        await context.require(tx, Verb.CREATE)
    named = await sources.check(context.slack, follows, context.person.slack_id) if follows else None
    async with context.database.reading() as tx:
        if named is not None:
            settings |= {Field.FOLLOWS.value: named.id, Field.DISPLAY_NAME.value: _display(named.name)}
            if not address_text:
                settings |= await _suggested(context, tx, named.name)
        if address_text:
            address = naming.address(context, address_text, domains(context)[0])
            await names.check_free(tx, [address.key])
            settings |= {Field.LOCAL.value: address.local, Field.DOMAIN.value: address.domain}
    draft = Draft(settings=settings, added={Field.ADMINISTRATORS.value: (context.person.slack_id,)})
    return views.step(context.language, draft, domains(context))


def _display(name: str) -> str:
    words = name.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


async def _suggested(context: Context, tx: Reading, name: str) -> dict[str, str]:
    """The address of a channel's own name; nothing where no group can have that, or one has."""
    try:
        whole = f"{name}@{domains(context)[0]}"
        address = addresses.group_address(whole, context.served.domains, context.served.published)
        await names.check_free(tx, [address.key])
    except Refused:
        return {}
    return {Field.LOCAL.value: address.local, Field.DOMAIN.value: address.domain}


async def change(context: Context, group: str | int) -> View:
    """The first step for a group that exists, filled in. Raises Refused, NotAllowed."""
    async with context.database.reading() as tx:
        found, _ = await lookup.meant(context, tx, Verb.SETTINGS, group)
        assert found.id is not None
        draft = of_group(found, await aliases.of(tx, found.id))
    return views.step(context.language, draft, domains(context), address=found.address)


def preset(template: Template) -> dict[str, str]:
    """What a template says, as a draft holds it."""
    return {name: str(value) for name, value in templates.SETTINGS[template].items()}


def of_group(group: Group, there: Sequence[str]) -> Draft:
    """A draft that holds a group's settings as they are, and its aliases."""
    settings = {one.field.value: value(group, one.field.value) for one in SETTINGS}
    settings[Field.ALIASES.value] = "\n".join(there)
    return Draft(settings=settings, group_id=group.id, version=group.version)


def kept(setting: Setting, text: str) -> object:
    """A draft's value of a setting as the store keeps it. Raises Refused for a size that is none."""
    match setting.shape:
        case Shape.SIZE:
            return sizes.size(text) if text else None
        case Shape.TICK:
            return text == HIDDEN_YES
        case Shape.CHANNEL | Shape.SOURCE:
            return text or None
        case Shape.TEXT | Shape.LINES if setting.optional:
            return text or None
        case Shape.CHOICE:
            assert setting.choices is not None
            return setting.choices(text or DEFAULTS[setting.field.value])
        case Shape.TEXT | Shape.LINES:
            return text


def wanted_aliases(context: Context, draft: Draft) -> list[Address]:
    """The aliases a draft names, each once. Raises Refused for one that no group may have."""
    domain = draft.settings.get(Field.DOMAIN) or domains(context)[0]
    lines = draft.settings.get(Field.ALIASES, "").replace(",", " ").split()
    found = [naming.parsed(context, line, domain) for line in lines]
    return list({alias.key: alias for alias in found}.values())


async def rebase(tx: Reading, draft: Draft, group: Group) -> tuple[Draft, list[changes.Change]]:
    """The draft as if its form had been opened on the group as it is now, and what was changed meanwhile.

    What others changed and the person left alone is taken over; what both changed stays as the person typed it.
    """
    assert group.id is not None
    meanwhile = await changes.newest(tx, group.id, max(0, group.version - (draft.version or 0)))
    now = of_group(group, await aliases.of(tx, group.id))
    taken = {}
    for name, was in changes.before(meanwhile).items():
        mine = draft.settings.get(name, "")
        if name == Field.ALIASES:
            same = sorted(mine.split()) == sorted(str(was).replace(",", " ").split())
        else:
            same = name in BY_NAME and kept(BY_NAME[name], mine) == kept(BY_NAME[name], drafted(was))
        if same:
            taken[name] = now.settings[name]
    return replace(draft.with_settings(taken), version=group.version), meanwhile


def differences(draft: Draft, group: Group, there: Sequence[str] = ()) -> list[Change]:
    """The settings that a draft would change in a group as it is now, and its aliases."""
    found = []
    for one in SETTINGS:
        name = one.field.value
        after = draft.settings.get(name, "")
        if kept(one, after) != getattr(group, name):
            found.append(Change(name, value(group, name), after))
    if (wanted := sorted(draft.settings.get(Field.ALIASES, "").split())) != sorted(there):
        found.append(Change(Field.ALIASES.value, ", ".join(there), ", ".join(wanted)))
    return found
