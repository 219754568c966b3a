"""The wizard's third step: the whole draft shown once more, and then carried out in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.actions import wizard_people, wizard_settings
from bot.acts import changes as change_acts
from bot.acts import drafts, lookup
from bot.acts import settings as settings_acts
from bot.context import Context
from bot.permissions import Verb
from bot.views import changes as change_views
from bot.views import escape, review
from bot.views.blocks import View
from bot.views.draft import PEOPLE, Draft
from bot.views.ids import Field
from bot.views.review import Subject
from bot.views.settings import SETTINGS, Shape
from store import aliases, groups, memberships, naming, persons, roster
from store.engine import Reading, Writing
from store.groups import NewGroup
from store.roster import Entry
from store.schema.group import Group
from store.schema.person import Person
from store.terms import Actor, Address
from store.texts import Markup

FLAG = {Field.ADMINISTRATORS: "administrator", Field.MODERATORS: "moderator", Field.CONTACTS: "contact"}


@dataclass(frozen=True, slots=True)
class Subjects:
    """Who a draft names, each once with all their flags, and what is to be said of them."""

    subjects: Sequence[Subject]
    notes: Sequence[str]


async def view(context: Context, draft: Draft) -> View:
    """The review of a draft. Raises Refused for what the store would refuse, NotAllowed."""
    people = await _people(context, draft)
    if draft.group_id is not None:
        return await _change_view(context, draft, people)
    async with context.database.reading() as tx:
        await context.require(tx, Verb.CREATE)
        address, _, route = await groups.check_new(tx, _new(draft, people), context.served)
        found = await _subjects(context, tx, draft, people)
    return review.create(
        context.language, draft, str(address), found.subjects, route=str(route),
        notes=[*found.notes, *_sizes(context, draft)],
    )  # fmt: skip


async def validate(context: Context, draft: Draft) -> View:
    """Make the group, or change it; the right and the version are asked once more. Raises Refused, NotAllowed."""
    people = await _people(context, draft)
    await wizard_settings.check_again(context, draft)
    async with context.database.writing() as tx:
        if draft.group_id is None:
            actor = await context.require(tx, Verb.CREATE)
            group = await groups.create(tx, _new(draft, people), context.served, actor)
        else:
            group, actor = await lookup.numbered(context, tx, Verb.SETTINGS, draft.group_id)
            # Locked before its version is looked at: who submits at the same moment waits, and is told.
            group = await roster.lock(tx, draft.group_id)
            if draft.version == group.version:
                group = await _change(context, tx, draft, group, people, actor)
            else:
                return await _once_more(context, tx, draft, group, people)
    assert group.id is not None
    return review.done(context.language, group.address, group.id, made=draft.group_id is None, held=group.on_hold)


async def _once_more(context: Context, tx: Reading, draft: Draft, group: Group, people: Mapping[str, Person]) -> View:
    """The review again, where others changed the group while the form stood open: who, and what; nothing is lost."""
    rebased, meanwhile = await drafts.rebase(tx, draft, group)
    # The oldest first, as it happened.
    notes = [change_views.meanwhile(context.language, change_acts.told(one)) for one in reversed(meanwhile)]
    return await _drawn(context, tx, rebased, group, people, notes)


async def _change_view(context: Context, draft: Draft, people: Mapping[str, Person]) -> View:
    assert draft.group_id is not None
    async with context.database.reading() as tx:
        group, _ = await lookup.numbered(context, tx, Verb.SETTINGS, draft.group_id)
        if draft.version != group.version:
            return await _once_more(context, tx, draft, group, people)
        return await _drawn(context, tx, draft, group, people)


async def _drawn(
    context: Context, tx: Reading, draft: Draft, group: Group, people: Mapping[str, Person],
    notes: Sequence[str] = (),
) -> View:  # fmt: skip
    assert group.id is not None
    come = await _subjects(context, tx, draft, people)
    gone = await _subjects(context, tx, Draft(added=draft.removed), people)
    return review.change(
        context.language,
        draft,
        group.address,
        drafts.differences(draft, group, await aliases.of(tx, group.id)),
        come.subjects,
        gone.subjects,
        notes=[*notes, *come.notes, *_sizes(context, draft)],
    )


def _sizes(context: Context, draft: Draft) -> list[str]:
    """What is to be said of sizes that the server's own limit is below."""
    found = []
    for one in SETTINGS:
        if one.shape is Shape.SIZE:
            wanted = drafts.kept(one, draft.settings.get(one.field, ""))
            found += settings_acts.over(context, one, wanted)
    return found


async def _people(context: Context, draft: Draft) -> dict[str, Person]:
    """Those a draft names, as they are now. Raises Refused where one can no longer be what they were picked for."""
    named = {one for name in PEOPLE for one in (*draft.chosen(name), *draft.dropped(name))}
    people = await wizard_people.people(context, named)
    for refused in wizard_people.unfit_for(draft, people).values():
        raise refused
    return people


def _address(draft: Draft) -> Address:
    return Address.parse(f"{draft.settings.get(Field.LOCAL, '')}@{draft.settings.get(Field.DOMAIN, '')}")


def _new(draft: Draft, people: Mapping[str, Person]) -> NewGroup:
    settings: dict[str, Any] = {
        one.field.value: drafts.kept(one, draft.settings.get(one.field, "")) for one in SETTINGS
    }
    return NewGroup(
        address=str(_address(draft)),
        administrators=tuple(_entries(draft.chosen(Field.ADMINISTRATORS), people)),
        moderators=tuple(_entries(draft.chosen(Field.MODERATORS), people)),
        contacts=tuple(_contacts(draft, people, draft.chosen(Field.ADMINISTRATORS))),
        aliases=tuple(draft.settings.get(Field.ALIASES, "").split()),
        **settings,
    )


def _entries(slack_ids: Iterable[str], people: Mapping[str, Person]) -> list[Entry]:
    return [Entry(None, people[one].id, people[one].name) for one in slack_ids if one in people]


def _contacts(draft: Draft, people: Mapping[str, Person], administrators: Sequence[str]) -> list[Entry]:
    """Contacts from Slack and from outside, and the administrators with an address if they are to be contacts too."""
    found = _entries(draft.chosen(Field.CONTACTS), people)
    if draft.also_contacts:
        found += _entries((one for one in administrators if one in people and people[one].email), people)
    found += [Entry(address, None, name) for address, name in wizard_people.outsiders(draft.chosen(Field.OUTSIDE))]
    return found


async def _subjects(context: Context, tx: Reading, draft: Draft, people: Mapping[str, Person]) -> Subjects:
    """Each subject of a draft once: people by their Slack id, addresses by the person they belong to, if any."""
    flags: dict[str, list[Field]] = {}
    shown: dict[str, Subject] = {}
    merged: list[str] = []
    for name in PEOPLE:
        for one in draft.chosen(name):
            if one in people:
                person = people[one]
                shown[one] = Subject(one, person.name, person.email or "", ())
                flags.setdefault(one, []).append(name)
    if draft.also_contacts:
        for one in draft.chosen(Field.ADMINISTRATORS):
            if one in people and people[one].email:
                flags[one].append(Field.CONTACTS)
    for address, written in wizard_people.outsiders(draft.chosen(Field.OUTSIDE)):
        owner = next((p for p in await persons.by_email(tx, address.key) if not (p.deactivated or p.stranger)), None)
        mark = owner.slack_id if owner else address.key
        if mark in shown:
            merged.append(str(address))
        else:
            shown[mark] = Subject(owner.slack_id if owner else None, owner.name if owner else written, str(address), ())
        flags.setdefault(mark, []).append(Field.CONTACTS)
    subjects = [
        Subject(one.slack_id, one.name, one.address, tuple(flag for flag in PEOPLE if flag in flags[mark]))
        for mark, one in shown.items()
    ]
    return Subjects(subjects, _notes(context, subjects, merged, made=draft.group_id is None))


def _notes(context: Context, subjects: Sequence[Subject], merged: Sequence[str], *, made: bool) -> list[str]:
    notes = []
    if made and not any(one.contact for one in subjects):
        notes.append(context.say("commands.review.note.no_contacts"))
    silent = [one for one in subjects if Field.ADMINISTRATORS in one.flags and not one.contact]
    without = [one for one in silent if not one.address]
    silent = [one for one in silent if one.address]
    for name, some in (("administrators_silent", silent), ("without_email", without)):
        if some:
            people = Markup(", ".join(escape.person(one.slack_id or "") for one in some))
            notes.append(context.say(f"commands.review.note.{name}", people=people))
    if merged:
        notes.append(context.say("commands.review.note.merged", people=", ".join(merged[:10])))
    return notes


async def _change(
    context: Context, tx: Writing, draft: Draft, group: Group, people: Mapping[str, Person], actor: Actor
) -> Group:
    """Settings by the version the form was opened with, then who comes, then who goes: so one administrator may
    replace another in one form."""
    assert group.id is not None
    group_id = group.id
    settings = {one.field.value: one for one in SETTINGS}
    changes = {
        one.name: drafts.kept(settings[one.name], one.after) for one in drafts.differences(draft, group)
        if one.name in settings
    }  # fmt: skip
    if changes:
        group = await groups.change(tx, group_id, changes, draft.version, actor)
    there = await aliases.of(tx, group_id)
    wanted = {alias.key: alias for alias in drafts.wanted_aliases(context, draft)}
    for key in there:
        if key not in wanted:
            await aliases.remove(tx, group_id, Address.parse(key), actor)
    for key, alias in wanted.items():
        if key not in there:
            naming.check(context.settings.naming, alias.local)
            await aliases.add(tx, group_id, alias, context.served, actor)
    present = [person.slack_id for person in await memberships.administrators(tx, group_id)]
    administrators = draft.roster(Field.ADMINISTRATORS, present)
    for name in (Field.ADMINISTRATORS, Field.MODERATORS):
        entries = _entries(draft.chosen(name), people)
        if entries:
            await memberships.enrol(tx, group_id, entries, actor=actor, **{FLAG[name]: True})
    known = dict(people)
    for one in administrators if draft.also_contacts else ():
        person = await persons.by_slack(tx, one)
        if person is not None:
            known[one] = person
    contacts = _contacts(draft, known, administrators)
    if contacts:
        await memberships.enrol(tx, group_id, contacts, actor=actor, contact=True)
    for name in PEOPLE:
        await _withdraw(tx, group_id, FLAG[name], _entries(draft.dropped(name), people), actor)
    coming = {address.key for address, _ in wizard_people.outsiders(draft.chosen(Field.OUTSIDE))}
    going = wizard_people.outsiders(draft.dropped(Field.OUTSIDE))
    entries = [Entry(address, None, name) for address, name in going if address.key not in coming]
    await _withdraw(tx, group_id, "contact", entries, actor)
    return group


async def _withdraw(tx: Writing, group_id: int, flag: str, entries: Sequence[Entry], actor: Actor) -> None:
    ids = []
    for entry in entries:
        key = entry.address.key if entry.address else None
        row = await memberships.find(tx, group_id, person_id=entry.person_id, key=key)
        if row is not None and row.id is not None and getattr(row, flag):  # who is gone meanwhile is as wanted
            ids.append(row.id)
    if ids:
        await memberships.withdraw_flags(tx, group_id, ids, actor=actor, **{flag: True})
