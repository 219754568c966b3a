"""The wizard's first step: what was typed, and what is wrong with it, by input."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any

from bot.acts import channels, drafts, lookup, sources
from bot.context import Context
from bot.permissions import Verb
from bot.views import answers, state
from bot.views.draft import Draft
from bot.views.ids import Field
from bot.views.settings import HIDDEN_NO, HIDDEN_YES, SETTINGS, Setting, Shape, label
from store import addresses, aliases, names, naming, sizes
from store.names import Served
from store.terms import Address, Refused
from store.wording import WORDINGS

Typed = Mapping[str, str]


def read(view: Mapping[str, Any]) -> dict[str, str]:
    """What stands in the form, by field; what the form does not ask is left out."""
    typed = {one.field.value: _value(view, one) for one in SETTINGS if state.has(view, one.field)}
    if state.has(view, Field.ALIASES):
        typed[Field.ALIASES.value] = state.text(view, Field.ALIASES)
    if state.has(view, Field.LOCAL):
        typed[Field.LOCAL.value] = state.text(view, Field.LOCAL)
        typed[Field.DOMAIN.value] = state.choice(view, Field.DOMAIN)
    return typed


async def faults(context: Context, draft: Draft, typed: Typed) -> dict[str, str]:
    """What is wrong, by field, as plain text in the person's language; empty if nothing is."""
    found: dict[str, Refused] = {}
    checks: list[Awaitable[tuple[Field, Refused | None]]] = [
        _checked(Field.REPORT_CHANNEL, _report(context, draft, typed)),
        _checked(Field.MODERATION_CHANNEL, _moderation(context, draft, typed)),
        _checked(Field.FOLLOWS, _follows(context, draft, typed)),
    ]
    if draft.group_id is None:
        checks.append(_checked(Field.LOCAL, _address(context, typed)))
    found |= {field: refused for field, refused in await asyncio.gather(*checks) if refused is not None}
    return _said(context, found | _values(typed))


async def more_faults(context: Context, draft: Draft, typed: Typed) -> dict[str, str]:
    """The same for the page behind the first."""
    found = _values(typed)
    field, refused = await _checked(Field.ALIASES, _aliases(context, draft.with_settings(typed)))
    return _said(context, found if refused is None else found | {field: refused})


async def check_again(context: Context, draft: Draft) -> None:
    """What the steps before found right, once more as all is validated: a form may stand open for hours, in which the
    bot is put out of a channel, a channel is made public, or what is followed is left by who chose it.

    Raises Refused `setting_no_more`, which names the setting.
    """
    before = Draft()
    if draft.group_id is not None:
        async with context.database.reading() as tx:
            group, _ = await lookup.numbered(context, tx, Verb.SETTINGS, draft.group_id)
            before = drafts.of_group(group, await aliases.of(tx, draft.group_id))
        if before.version != draft.version:
            return  # the form is filled anew with what is there now, and shown once more
    typed = draft.settings
    checks = [
        _checked(Field.REPORT_CHANNEL, _report(context, before, typed)),
        _checked(Field.MODERATION_CHANNEL, _moderation(context, before, typed)),
        _checked(Field.FOLLOWS, _follows(context, before, typed)),
        _checked(Field.ALIASES, _aliases(context, draft)),
    ]
    if draft.group_id is None:
        checks.append(_checked(Field.LOCAL, _address(context, typed)))
    for field, refused in await asyncio.gather(*checks):
        if refused is not None:
            why = answers.plain(context.language, refused.name, refused.values)
            raise Refused("setting_no_more", setting=label(context.language, field), why=why)


def _values(typed: Typed) -> dict[str, Refused]:
    """What is wrong with the values themselves, by field."""
    found: dict[str, Refused] = {}
    for one in SETTINGS:
        value = typed.get(one.field.value)
        reader = sizes.size if one.shape is Shape.SIZE else WORDINGS.get(one.field.value)
        if reader is not None and value:
            try:
                reader(value)
            except Refused as refused:
                found[one.field] = refused
        if value == "" and not one.optional and one.shape in {Shape.TEXT, Shape.CHOICE}:
            found[one.field] = Refused("name_missing" if one.shape is Shape.TEXT else "choice_missing")
    return found


def _said(context: Context, found: Mapping[str, Refused]) -> dict[str, str]:
    return {str(field): answers.plain(context.language, one.name, one.values) for field, one in found.items()}


def settled(context: Context, draft: Draft, typed: Typed) -> dict[str, str]:
    """What goes on in the draft: as typed, the words made fit, the address split into its parts, aliases whole."""
    kept = {name: WORDINGS[name](value) if value and name in WORDINGS else value for name, value in typed.items()}
    if Field.ALIASES in typed:
        wanted = drafts.wanted_aliases(context, draft.with_settings(typed))
        kept[Field.ALIASES.value] = "\n".join(alias.key for alias in wanted)
    if Field.LOCAL in typed:
        address = address_of(typed, drafts.domains(context), context.served)
        kept |= {Field.LOCAL.value: address.local, Field.DOMAIN.value: address.domain}
    return kept


def address_of(typed: Typed, domains: tuple[str, ...], served: Served) -> Address:
    """The address from its two inputs; a whole one pasted into the first is taken as it is. Raises Refused."""
    local = typed.get(Field.LOCAL, "")
    whole = local if "@" in local else f"{local}@{typed.get(Field.DOMAIN) or domains[0]}"
    return addresses.group_address(whole, served.domains, served.published)


def _value(view: Mapping[str, Any], setting: Setting) -> str:
    match setting.shape:
        case Shape.CHANNEL | Shape.SOURCE:
            return state.channel(view, setting.field)
        case Shape.CHOICE:
            return state.choice(view, setting.field)
        case Shape.TICK:
            return HIDDEN_YES if state.ticked(view, setting.field) else HIDDEN_NO
        case Shape.TEXT | Shape.LINES | Shape.SIZE:
            return state.text(view, setting.field)


async def _checked(field: Field, check: Awaitable[None]) -> tuple[Field, Refused | None]:
    try:
        await check
    except Refused as refused:
        return field, refused
    return field, None


async def _address(context: Context, typed: Typed) -> None:
    address = address_of(typed, drafts.domains(context), context.served)
    naming.check(context.settings.naming, address.local)
    async with context.database.reading() as tx:
        await names.check_free(tx, [address.key])  # first, so that not one of its sub-addresses is named instead
        route = await names.free_route(tx, address, context.served)
        await names.check_free(tx, list(names.around(address, route)))


async def _aliases(context: Context, draft: Draft) -> None:
    wanted = drafts.wanted_aliases(context, draft)
    async with context.database.reading() as tx:
        there = set(await aliases.of(tx, draft.group_id or 0))
        for alias in wanted:
            if alias.key not in there:
                naming.check(context.settings.naming, alias.local)
        await aliases.check(tx, draft.group_id or 0, wanted, context.served)


async def _report(context: Context, draft: Draft, typed: Typed) -> None:
    channel = typed.get(Field.REPORT_CHANNEL)
    hidden = typed.get(Field.HIDDEN, HIDDEN_NO)
    before = (draft.settings.get(Field.REPORT_CHANNEL), draft.settings.get(Field.HIDDEN) or HIDDEN_NO)
    if channel and (channel, hidden) != before:  # what stood there already must not keep the rest from being changed
        await channels.check_report(context.slack, channel, hidden=hidden == HIDDEN_YES)
    elif not channel and draft.group_id is None:
        raise Refused("choice_missing")


async def _moderation(context: Context, draft: Draft, typed: Typed) -> None:
    channel = typed.get(Field.MODERATION_CHANNEL)
    if channel and channel != draft.settings.get(Field.MODERATION_CHANNEL):
        await channels.check_moderation(context.slack, channel)


async def _follows(context: Context, draft: Draft, typed: Typed) -> None:
    source = typed.get(Field.FOLLOWS)
    if source and (draft.group_id is None or source != draft.settings.get(Field.FOLLOWS)):
        await sources.check(context.slack, source, context.person.slack_id)
