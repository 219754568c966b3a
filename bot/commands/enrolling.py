"""Adding and removing people: those named one by one at once, a channel or a user group after a look if it is large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.acts import lookup, rosters
from bot.acts import members as acts
from bot.commands import snapshots
from bot.commands.grammar import Misread
from bot.commands.named import Outsider, Place, Role
from bot.commands.snapshots import Snapshot
from bot.context import Context
from bot.permissions import Verb
from bot.views import answers, endings, escape
from bot.views.blocks import Shown
from store import addresses, comparing, memberships, persons, proposals, roster
from store import endings as ends
from store.engine import Reading, Writing
from store.proposals import Changes, Seen
from store.roster import Entry
from store.schema.group import Group
from store.schema.person import Person
from store.terms import Actor, Address, Refused
from store.texts import Markup

MOST_NAMED = 30


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom somebody names: Slack people, addresses, and places whose people are meant. `until` is when it ends."""

    slack_ids: Sequence[str] = ()
    outsiders: Sequence[Outsider] = ()
    channels: Sequence[Place] = ()
    teams: Sequence[Place] = ()
    role: Role | None = None
    until: datetime | None = None

    @property
    def placed(self) -> bool:
        return bool(self.channels or self.teams)

    @property
    def named(self) -> bool:
        return bool(self.slack_ids or self.outsiders)


@dataclass(frozen=True, slots=True)
class Named:
    """Those named one by one, looked up."""

    people: tuple[Person, ...] = ()
    outsiders: tuple[tuple[Address, str], ...] = ()
    slack_ids: Mapping[int | None, str] = field(default_factory=dict)

    @property
    def entries(self) -> list[Entry]:
        found = [Entry(None, person.id, person.name) for person in self.people]
        return found + [Entry(address, None, name) for address, name in self.outsiders]


async def add(context: Context, group: str | int, wanted: Wanted) -> Shown:
    """Give everybody the role (contact if none is named), and say of each what happened. Raises Refused, NotAllowed."""
    role = wanted.role or Role.CONTACT
    async with context.database.reading() as tx:  # the right first: who has none learns nothing of people
        found, _ = await lookup.meant(context, tx, Verb.ADD, group)
    assert found.id is not None
    if wanted.until is not None and role is not Role.CONTACT:
        raise Misread("until_contacts_only")
    lines: list[str] = []
    if wanted.named:
        lines += await _add_named(context, found.id, await _looked_up(context, wanted), role, wanted.until)
    if wanted.placed:
        snapshot = await snapshots.taken(context, wanted.channels, wanted.teams)
        lines += await _add_all(context, found, snapshot, role, wanted.until)
    return answers.told("\n".join(lines))


async def _add_named(context: Context, group_id: int, named: Named, role: Role, until: datetime | None) -> list[str]:
    refused = acts.unfit(named.people, contact=role is Role.CONTACT)
    if refused is not None:
        raise refused
    async with context.database.writing() as tx:
        group, actor = await lookup.numbered(context, tx, Verb.ADD, group_id)
        if role is not Role.CONTACT:
            await _all_in_slack(tx, named.outsiders)
        return await _enrolled(context, tx, group, named, role, until, actor)


async def _enrolled(
    context: Context, tx: Writing, group: Group, named: Named, role: Role, until: datetime | None, actor: Actor
) -> list[str]:
    assert group.id is not None
    done = await memberships.enrol(tx, group.id, named.entries, actor=actor, **{role.value: True})
    noun = Markup(context.say(f"commands.flags.{role.value}"))
    outcomes = (("added", [*done.added, *done.changed]), ("already", done.already), ("suppressed", done.suppressed))
    lines = [
        context.say(
            f"commands.add.{name}", n=len(found), address=group.address, role=noun, people=_listed(found, named)
        )
        for name, found in outcomes
        if found
    ]
    inside = [*done.added, *done.changed, *done.already]
    if until is not None and inside:
        rows = [
            await memberships.find(tx, group.id, person_id=one.person_id, key=one.address.key if one.address else None)
            for one in inside
        ]
        ids = [row.id for row in rows if row is not None and row.id is not None]
        await ends.limit(tx, group.id, ids, until, actor)
        lines.append(context.say("commands.add.until", n=len(inside), day=endings.last_day(until)))
    return lines


async def _add_all(context: Context, group: Group, snapshot: Snapshot, role: Role, until: datetime | None) -> list[str]:
    """Everybody of a place: at once if they are few, else as a difference to be applied by a click."""
    assert group.id is not None
    async with context.database.reading() as tx:
        found = await comparing.difference(tx, group, snapshot.contacts)
    if (role is not Role.CONTACT or until is not None) and len(snapshot.fit) > proposals.LARGE:
        raise Refused("place_only_contacts", limit=str(proposals.LARGE))
    if role is Role.CONTACT and len(found.seen.changes.add) > proposals.LARGE:
        counts = {**found.seen.counts, **{why: len(some) for why, some in snapshot.unfit.items()}}
        return await rosters.propose(context, group.id, snapshot.source, Seen(Changes(found.seen.changes.add), counts))
    kept_out = {address.key: why for address, why in found.kept_out} if role is Role.CONTACT else {}
    refused = {one.address.key for one in found.refused}
    some = [person for person in snapshot.fit if person.email not in kept_out and person.email not in refused]
    named = Named(tuple(some), (), {person.id: person.slack_id for person in some})
    lines: list[str] = []
    if some:
        async with context.database.writing() as tx:
            fresh, actor = await lookup.numbered(context, tx, Verb.ADD, group.id)
            lines = await _enrolled(context, tx, fresh, named, role, until, actor)
    reasons: dict[str, list[Person]] = dict(snapshot.unfit)
    for person in snapshot.fit:
        if why := kept_out.get(person.email or ""):
            reasons.setdefault(why, []).append(person)
    lines += [
        context.say(f"commands.add.why.{why}", n=len(people), people=_mentioned(people))
        for why, people in reasons.items()
    ]
    return lines or [context.say("commands.add.nobody", source=snapshot.source)]


async def remove(context: Context, group: str | int, wanted: Wanted) -> Shown:
    """Take everybody named out, or with a role that flag alone; a place's people lose their copies and keep their
    offices. Raises Refused, NotAllowed."""
    async with context.database.reading() as tx:
        found, _ = await lookup.meant(context, tx, Verb.REMOVE, group)
    assert found.id is not None
    lines: list[str] = []
    if wanted.named:
        lines += await _remove_named(context, found.id, await _looked_up(context, wanted), wanted.role)
    if wanted.placed:
        snapshot = await snapshots.taken(context, wanted.channels, wanted.teams)
        lines += await _remove_all(context, found.id, snapshot, wanted.role or Role.CONTACT)
    return answers.told("\n".join(lines))


async def _remove_named(context: Context, group_id: int, named: Named, role: Role | None) -> list[str]:
    async with context.database.writing() as tx:
        group, actor = await lookup.numbered(context, tx, Verb.REMOVE, group_id)
        found: dict[int, Entry] = {}
        absent: list[Entry] = []
        for entry in named.entries:
            key = entry.address.key if entry.address else None
            row = await memberships.find(tx, group.id, person_id=entry.person_id, key=key)
            if row is None or row.id is None or not (role is None or getattr(row, role.value)):
                absent.append(entry)
            else:
                found[row.id] = entry
        if found and role is None:
            await memberships.remove(tx, group_id, list(found), actor)
        elif found and role is not None:
            await memberships.withdraw_flags(tx, group_id, list(found), actor=actor, **{role.value: True})
    lines = []
    noun = Markup(context.say(f"commands.flags.{role.value}")) if role else ""
    for name, entries in (("done", list(found.values())), ("absent", absent)):
        if entries:
            key = f"commands.remove.{name}" if role is None else f"commands.remove.role_{name}"
            people = _listed(entries, named)
            lines.append(context.say(key, n=len(entries), address=group.address, role=noun, people=people))
    return lines


async def _remove_all(context: Context, group_id: int, snapshot: Snapshot, role: Role) -> list[str]:
    everybody = [*snapshot.fit, *(person for some in snapshot.unfit.values() for person in some)]
    ids = [person.id for person in everybody if person.id is not None]
    async with context.database.writing() as tx:
        group, actor = await lookup.numbered(context, tx, Verb.REMOVE, group_id)
        rows = [row for row in await roster.rows(tx, group_id, person_ids=ids) if getattr(row, role.value)]
        few = [row.id for row in rows if row.id is not None]
        contacts = (await memberships.counts(tx, group_id)).contacts
        if few and (role is not Role.CONTACT or not proposals.large(len(few), contacts)):
            await memberships.withdraw_flags(tx, group_id, few, actor=actor, **{role.value: True})
            people = {person.id: person for person in everybody}
            shown = _mentioned([people[row.person_id] for row in rows])
            noun = Markup(context.say(f"commands.flags.{role.value}"))
            key = "commands.remove.role_done"
            return [context.say(key, n=len(few), address=group.address, role=noun, people=shown)]
    if not few:
        return [context.say("commands.remove.nobody", source=snapshot.source, address=group.address)]
    seen = Seen(Changes(withdraw=few), {"withdrawn": len(few), "contacts": contacts})
    return await rosters.propose(context, group_id, snapshot.source, seen)


async def _looked_up(context: Context, wanted: Wanted) -> Named:
    """People as Slack shows them now, addresses by their grammar. Raises Refused."""
    outsiders = tuple((addresses.contact(one.address), addresses.display(one.name)) for one in wanted.outsiders)
    directory = context.services.directory
    people = tuple([await directory.acting(slack_id) for slack_id in wanted.slack_ids])
    return Named(people, outsiders, {person.id: person.slack_id for person in people})


async def _all_in_slack(tx: Reading, outsiders: Sequence[tuple[Address, str]]) -> None:
    """Rights rest on a Slack person: an address without one could never use them."""
    for address, _ in outsiders:
        owners = await persons.by_email(tx, address.key)
        if all(person.deactivated or person.stranger or person.bot for person in owners):
            raise Misread("role_needs_person", address=str(address))


def _listed(entries: Sequence[Entry], named: Named) -> Markup:
    """Entries by mention where they were named so, else by address."""
    shown = [
        escape.person(named.slack_ids[entry.person_id])
        if entry.person_id in named.slack_ids
        else escape.mrkdwn(str(entry.address) if entry.address else entry.name)
        for entry in entries[:MOST_NAMED]
    ]
    return Markup(", ".join(shown) + (f" {escape.ELLIPSIS}" if len(entries) > MOST_NAMED else ""))


def _mentioned(people: Sequence[Person]) -> Markup:
    shown = [escape.person(person.slack_id) for person in people[:MOST_NAMED]]
    return Markup(", ".join(shown) + (f" {escape.ELLIPSIS}" if len(people) > MOST_NAMED else ""))
