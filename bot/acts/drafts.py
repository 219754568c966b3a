"""Where the wizard begins: with a new group, or with one that exists."""

from __future__ import annotations

from bot.acts import lookup, sources
from bot.acts.groups import value
from bot.context import Context
from bot.permissions import Verb
from bot.views import settings as views
from bot.views.blocks import View
from bot.views.draft import Draft
from bot.views.ids import Field
from bot.views.review import Change
from bot.views.settings import DEFAULTS, HIDDEN_YES, SETTINGS, Setting, Shape
from store import addresses, names, sizes
from store.engine import Reading
from store.schema.group import Group
from store.terms import Refused


def domains(context: Context) -> tuple[str, ...]:
    """The domains a group's address may be on, the served ones first."""
    return tuple(dict.fromkeys((*context.served.domains, *context.served.published)))


async def create(context: Context, address_text: str = "", *, follows: str | None = None) -> View:
    """The first step for a new group, with the address filled in if one was given, and with the name, and an address
    that is free, of what it is to follow.

    Raises Refused for an address that no group may have or that is taken, or what cannot be followed; NotAllowed.
    """
    settings: dict[str, str] = {}
    async with context.database.reading() as tx:
        await context.require(tx, Verb.CREATE)
    named = await sources.check(context.slack, follows) if follows else None
    async with context.database.reading() as tx:
        if named is not None:
            settings = {Field.FOLLOWS.value: named.id, Field.DISPLAY_NAME.value: _display(named.name)}
            if not address_text:
                settings |= await _suggested(context, tx, named.name)
        if address_text:
            whole = address_text if "@" in address_text else f"{address_text}@{domains(context)[0]}"
            address = addresses.group_address(whole, context.served.domains, context.served.published)
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
        if isinstance(group, int):
            found, _ = await lookup.numbered(context, tx, Verb.SETTINGS, group)
        else:
            found, _ = await lookup.named(context, tx, Verb.SETTINGS, group)
    return views.step(context.language, of_group(found), domains(context), address=found.address)


def of_group(group: Group) -> Draft:
    """A draft that holds a group's settings as they are."""
    settings = {one.field.value: value(group, one.field.value) for one in SETTINGS}
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


def differences(draft: Draft, group: Group) -> list[Change]:
    """The settings that a draft would change in a group as it is now."""
    found = []
    for one in SETTINGS:
        name = one.field.value
        after = draft.settings.get(name, "")
        if kept(one, after) != getattr(group, name):
            found.append(Change(name, value(group, name), after))
    return found
