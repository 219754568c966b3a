"""Commands on a group's people: look, add, remove."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.acts import lookup
from bot.acts import members as acts
from bot.commands.binding import Bound, Outsider, Role
from bot.commands.grammar import Misread
from bot.context import Context
from bot.permissions import Verb
from bot.views import answers, escape
from bot.views.blocks import Shown
from store import addresses, memberships, persons
from store.engine import Reading
from store.roster import Entry
from store.schema.person import Person
from store.terms import Address
from store.texts import Markup

MOST_NAMED = 30


@dataclass(frozen=True, slots=True)
class Named:
    """Those a command names: Slack people, and addresses with the name written beside them."""

    people: tuple[Person, ...]
    outsiders: tuple[tuple[Address, str], ...]


async def members(context: Context, bound: Bound) -> None:
    assert bound.group is not None
    await context.modal(await acts.form(context, bound.group, search=bound.search, page=bound.page))


async def add(context: Context, bound: Bound) -> Shown:
    """Give everybody named the role (contact if none is); those who have it are named as such."""
    assert bound.group is not None
    role = bound.role or Role.CONTACT
    async with context.database.reading() as tx:  # the right first: who has none learns nothing of people
        await lookup.named(context, tx, Verb.ADD, bound.group)
    named = await _named(context, bound)
    refused = acts.unfit(named.people, contact=role is Role.CONTACT)
    if refused is not None:
        raise refused
    async with context.database.writing() as tx:
        group, actor = await lookup.named(context, tx, Verb.ADD, bound.group)
        assert group.id is not None
        if role is not Role.CONTACT:
            await _all_in_slack(tx, named.outsiders)
        entries = [Entry(None, person.id, person.name) for person in named.people]
        entries += [Entry(address, None, name) for address, name in named.outsiders]
        done = await memberships.enrol(tx, group.id, entries, actor=actor, **{role.value: True})
    noun = Markup(context.say(f"commands.flags.{role.value}"))
    outcomes = (("added", [*done.added, *done.changed]), ("already", done.already), ("suppressed", done.suppressed))
    lines = [
        context.say(
            f"commands.add.{name}", n=len(found), address=group.address, role=noun, people=_listed(found, named)
        )
        for name, found in outcomes
        if found
    ]
    return answers.told("\n".join(lines))


async def remove(context: Context, bound: Bound) -> Shown:
    """Take everybody named out of the group, or with a role only that flag from them."""
    assert bound.group is not None
    async with context.database.reading() as tx:
        await lookup.named(context, tx, Verb.REMOVE, bound.group)
    named = await _named(context, bound)
    async with context.database.writing() as tx:
        group, actor = await lookup.named(context, tx, Verb.REMOVE, bound.group)
        assert group.id is not None
        found: dict[int, Entry] = {}
        absent: list[Entry] = []
        wanted = [Entry(None, person.id, person.name) for person in named.people]
        wanted += [Entry(address, None, name) for address, name in named.outsiders]
        for entry in wanted:
            key = entry.address.key if entry.address else None
            row = await memberships.find(tx, group.id, person_id=entry.person_id, key=key)
            if row is None or row.id is None or not (bound.role is None or getattr(row, bound.role.value)):
                absent.append(entry)
            else:
                found[row.id] = entry
        if found and bound.role is None:
            await memberships.remove(tx, group.id, list(found), actor)
        elif found and bound.role is not None:
            await memberships.withdraw_flags(tx, group.id, list(found), actor=actor, **{bound.role.value: True})
    lines = []
    role = Markup(context.say(f"commands.flags.{bound.role.value}")) if bound.role else ""
    for name, entries in (("done", list(found.values())), ("absent", absent)):
        if entries:
            key = f"commands.remove.{name}" if bound.role is None else f"commands.remove.role_{name}"
            people = _listed(entries, named)
            lines.append(context.say(key, n=len(entries), address=group.address, role=role, people=people))
    return answers.told("\n".join(lines))


async def _named(context: Context, bound: Bound) -> Named:
    """Look everybody up: people as Slack shows them now, addresses by their grammar. Raises Refused."""
    outsiders = tuple((addresses.contact(one.address), _name(one)) for one in bound.outsiders)
    directory = context.services.directory
    people = tuple([await directory.acting(slack_id) for slack_id in bound.slack_ids])
    return Named(people, outsiders)


def _name(one: Outsider) -> str:
    return addresses.display(one.name)


async def _all_in_slack(tx: Reading, outsiders: Sequence[tuple[Address, str]]) -> None:
    """Rights rest on a Slack person: an address without one could never use them."""
    for address, _ in outsiders:
        owners = await persons.by_email(tx, address.key)
        if all(person.deactivated or person.stranger or person.bot for person in owners):
            raise Misread("role_needs_person", address=str(address))


def _listed(entries: Sequence[Entry], named: Named) -> Markup:
    """Entries by mention where they were named so, else by address."""
    slack_ids = {person.id: person.slack_id for person in named.people}
    shown = [
        escape.person(slack_ids[entry.person_id])
        if entry.person_id in slack_ids
        else escape.mrkdwn(str(entry.address) if entry.address else entry.name)
        for entry in entries[:MOST_NAMED]
    ]
    return Markup(", ".join(shown) + (f" {escape.ELLIPSIS}" if len(entries) > MOST_NAMED else ""))
