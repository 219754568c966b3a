"""Where the wizard begins: with a new group, or with one that exists."""

from __future__ import annotations

from bot.acts import lookup
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
from store.schema.group import Group


def domains(context: Context) -> tuple[str, ...]:
    """The domains a group's address may be on, the served ones first."""
    return tuple(dict.fromkeys((*context.served.domains, *context.served.published)))


async def create(context: Context, address_text: str = "") -> View:
    """The first step for a new group, with the address filled in if one was given.

    Raises Refused for an address that no group may have or that is taken, NotAllowed.
    """
    settings: dict[str, str] = {}
    async with context.database.reading() as tx:
        await context.require(tx, Verb.CREATE)
        if address_text:
            whole = address_text if "@" in address_text else f"{address_text}@{domains(context)[0]}"
            address = addresses.group_address(whole, context.served.domains, context.served.published)
            await names.check_free(tx, [address.key])
            settings = {Field.LOCAL.value: address.local, Field.DOMAIN.value: address.domain}
    draft = Draft(settings=settings, added={Field.ADMINISTRATORS.value: (context.person.slack_id,)})
    return views.step(context.language, draft, domains(context))


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
        case Shape.CHANNEL:
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
