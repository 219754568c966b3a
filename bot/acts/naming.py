"""A group's addresses: aliases, and the one it is published at, by the rules of the installation."""

from __future__ import annotations

from bot.acts import lookup
from bot.context import Context
from bot.payloads import row_id
from bot.permissions import Verb
from bot.views import answers
from bot.views import naming as views
from bot.views.blocks import Shown
from store import addresses, aliases, memberships, naming, renaming
from store.schema.group import Group
from store.terms import Address, Refused

ASKED = "confirm"


def address(context: Context, text: str, domain: str) -> Address:
    """An address that somebody gives to a group, on `domain` where only its local part is given; by the rules.

    Raises Refused for one that no group may have, or that is against the rules.
    """
    found = parsed(context, text, domain)
    naming.check(context.settings.naming, found.local)
    return found


def parsed(context: Context, text: str, domain: str) -> Address:
    """The same for one that may be there already, so that no rule is asked."""
    whole = text if "@" in text else f"{text}@{domain}"
    return addresses.group_address(whole, context.served.domains, context.served.published)


async def aliases_of(context: Context, text: str) -> Shown:
    """The aliases of a group. Raises Refused, NotAllowed."""
    async with context.database.reading() as tx:
        group, _ = await lookup.named(context, tx, Verb.ALIAS, text)
        assert group.id is not None
        there = await aliases.of(tx, group.id)
    if not there:
        return answers.answer(context.language, "commands.alias.none", address=group.address)
    return answers.answer(context.language, "commands.alias.list", address=group.address, aliases=", ".join(there))


async def add_alias(context: Context, text: str, alias: str) -> Shown:
    """Give a group an alias. Raises Refused, NotAllowed."""
    async with context.database.writing() as tx:
        group, actor = await lookup.named(context, tx, Verb.ALIAS, text)
        assert group.id is not None
        wanted = address(context, alias, _domain(group))
        await aliases.add(tx, group.id, wanted, context.served, actor)
    return answers.answer(context.language, "commands.alias.added", address=group.address, alias=str(wanted))


async def remove_alias(context: Context, text: str, alias: str) -> Shown:
    """Take an alias from a group. Raises Refused, NotAllowed."""
    async with context.database.writing() as tx:
        group, actor = await lookup.named(context, tx, Verb.ALIAS, text)
        assert group.id is not None
        gone = parsed(context, alias, _domain(group))
        await aliases.remove(tx, group.id, gone, actor)
    return answers.answer(context.language, "commands.alias.removed", address=group.address, alias=str(gone))


async def rename(context: Context, text: str, anew: str) -> Shown | None:
    """Rename a group nobody receives mail of; else ask, in a form. Raises Refused, NotAllowed."""
    async with context.database.reading() as tx:
        group, _ = await lookup.named(context, tx, Verb.RENAME, text)
        assert group.id is not None
        if anew:
            await renaming.check(tx, group, address(context, anew, _domain(group)), context.served)
        contacts = (await memberships.counts(tx, group.id)).contacts
    if anew and not contacts:
        return await renamed(context, group.id, anew, "", asked=False)
    metadata = f"{group.id} {ASKED}" if contacts else str(group.id)
    await context.modal(views.rename_form(context.language, metadata, group.address, anew, contacts))
    return None


async def renamed(context: Context, group_id: int, anew: str, confirmation: str, *, asked: bool) -> Shown:
    """Rename a group; `asked` where its address had to be typed. Raises Refused `confirmation_differs`, NotAllowed."""
    async with context.database.writing() as tx:
        group, actor = await lookup.numbered(context, tx, Verb.RENAME, group_id)
        old = group.address
        if asked and confirmation.strip().lower() != old:
            raise Refused("confirmation_differs", address=old)
        new = address(context, anew, _domain(group))
        group = await renaming.rename(tx, group_id, new, context.served, actor)
    return answers.answer(context.language, "commands.rename.done", address=group.address, old=old)


def read(metadata: str) -> tuple[int, bool]:
    """What the form carries: the group, and whether its address is to be typed."""
    group_id, _, mark = metadata.partition(" ")
    return row_id(group_id), mark == ASKED


def _domain(group: Group) -> str:
    return group.address.rpartition("@")[2]
