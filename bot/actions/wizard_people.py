"""The wizard's second step: who was picked and typed, what is wrong with it, and the roster a form begins with."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.acts.members import NAMED_IN_FAULT, unfit
from bot.context import Context
from bot.views import answers, state
from bot.views.draft import PEOPLE, Draft
from bot.views.ids import Field
from bot.views.people import ALSO_YES, MOST_PICKED, Roster
from store import addresses, memberships, persons
from store.engine import Reading
from store.schema.membership import Membership
from store.schema.person import Person
from store.terms import Address, Refused

MOST_OUTSIDE = 60  # outside contacts shown in a form; their lines have to fit the input's 3,000 characters
LONGEST_OUTSIDE = 2_500


@dataclass(frozen=True, slots=True)
class Found:
    """The draft with what was picked, or the faults by field as plain texts."""

    draft: Draft
    faults: Mapping[str, str] = field(default_factory=dict)


async def read(context: Context, draft: Draft, view: Mapping[str, Any]) -> Found:
    """What stands in the form, judged: people known and able to be what they were picked for, addresses well-formed."""
    faults: dict[str, Refused] = {}
    try:
        draft = kept(draft, view, strict=True)
    except Refused as refused:
        faults[Field.OUTSIDE] = refused
        draft = kept(draft, view)
    if not state.people(view, Field.ADMINISTRATORS):
        faults[Field.ADMINISTRATORS] = Refused("people_need_administrator")
    known = await people(context, {one for name in PEOPLE for one in draft.chosen(name)})
    faults |= unfit_for(draft, known)
    said = {str(at): answers.plain(context.language, one.name, one.values) for at, one in faults.items()}
    return Found(draft, said)


def kept(draft: Draft, view: Mapping[str, Any], *, strict: bool = False) -> Draft:
    """The draft with what stands in the form. `strict` reads outside addresses by their grammar (raises Refused);
    else lines that are none are kept as they were typed, for the person to correct."""
    for name in PEOPLE:
        if state.has(view, name):
            draft = draft.with_choice(name, state.people_drawn(view, name), state.people(view, name))
    if state.has(view, Field.OUTSIDE):
        before = lines(state.text_drawn(view, Field.OUTSIDE), strict=False)
        after = lines(state.text(view, Field.OUTSIDE), strict=strict)
        draft = draft.with_choice(Field.OUTSIDE, before, after)
    return replace(draft, also_contacts=ALSO_YES in state.ticked(view, Field.ALSO_CONTACTS))


def lines(text: str, *, strict: bool) -> list[str]:
    """Pasted addresses as lines, each `Name <address>` or the address alone. Raises Refused if `strict`."""
    try:
        return [line(address, name) for address, name in addresses.contacts(text)]
    except Refused:
        if strict:
            raise
        return [one.strip() for one in text.splitlines() if one.strip()]


def line(address: Address, name: str) -> str:
    """One contact as it stands in the form; reads back as the same."""
    shown = name.translate({ord(one): None for one in '<>"'}).strip()
    return f'"{shown}" <{address}>' if shown else str(address)


def outsiders(draft_lines: Sequence[str]) -> list[tuple[Address, str]]:
    """The addresses and names of a draft's lines. Raises Refused for a line that is none."""
    return addresses.contacts("\n".join(draft_lines))


async def people(context: Context, slack_ids: set[str]) -> dict[str, Person]:
    """The persons with these Slack ids, asked of Slack where they are not known yet."""
    directory = context.services.directory
    found = await asyncio.gather(*(directory.acting(slack_id) for slack_id in sorted(slack_ids)))
    return {person.slack_id: person for person in found}


async def roster(tx: Reading, group_id: int) -> Roster:
    """A group's people for the form; contacts only where they are few enough for it."""
    counts = await memberships.counts(tx, group_id)
    administrators = await memberships.page(tx, group_id, limit=MOST_PICKED, only="administrator")
    moderators = await memberships.page(tx, group_id, limit=MOST_PICKED, only="moderator")
    base = Roster(
        administrators=await _slack_ids(tx, administrators),
        moderators=await _slack_ids(tx, moderators),
        count=counts.contacts,
        too_many=True,
    )
    if counts.contacts > MOST_PICKED:
        return base
    inside: list[str] = []
    outside: list[str] = []
    for row in await memberships.page(tx, group_id, limit=MOST_PICKED, only="contact"):
        person = await persons.get(tx, row.person_id) if row.person_id is not None else None
        # Slack draws no picker with people in it who are gone: their address stands among the others.
        if person is not None and row.key == person.email and not person.deactivated:
            inside.append(person.slack_id)
        elif row.address:
            outside.append(line(Address.parse(row.address), row.name))
    if len(outside) > MOST_OUTSIDE or sum(map(len, outside)) > LONGEST_OUTSIDE:
        return base
    return replace(base, contacts=inside, outside=outside, too_many=False)


async def _slack_ids(tx: Reading, rows: Sequence[Membership]) -> list[str]:
    people = [await persons.get(tx, row.person_id) for row in rows if row.person_id is not None]
    return [person.slack_id for person in people if not person.deactivated]


def unfit_for(draft: Draft, known: Mapping[str, Person]) -> dict[str, Refused]:
    """Who was picked for what they cannot be, by field."""
    found = {name: _unfit(name, [known[one] for one in draft.chosen(name) if one in known]) for name in PEOPLE}
    return {name: refused for name, refused in found.items() if refused is not None}


def _unfit(name: Field, picked: Sequence[Person]) -> Refused | None:
    """Why some of those picked cannot be that; all of them are named."""
    contact = name is Field.CONTACTS
    refused = unfit(picked, contact=contact)
    without = [one.name for one in picked if contact and not one.email]
    if refused is None and without:
        return Refused("people_without_email", people=", ".join(without[:NAMED_IN_FAULT]))
    return refused
