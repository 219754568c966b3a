"""A group's people, from their rows to the members form, and the acts of administrators on them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from bot.acts import lookup
from bot.context import Context
from bot.permissions import Verb
from bot.views import members as views
from bot.views.blocks import View
from store import bounces, incidents, memberships, names, persons
from store.engine import Reading, Writing
from store.roster import Entry
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.person import Person
from store.terms import Actor, Address, BounceReason, Receiving, Refused

NAMED_IN_FAULT = 10
Act = Callable[[Writing, int, Membership, Actor], Awaitable[Any]]


async def form(context: Context, group: str | int, *, search: str = "", page: int = 1, said: str = "") -> View:
    """The members form of a group. Raises Refused, NotAllowed."""
    async with context.database.reading() as tx:
        found, _ = await lookup.meant(context, tx, Verb.MEMBERS, group)
        drawn = await _page(tx, found, search, page)
    return views.form(context.language, drawn, said=said)


async def choose(context: Context, group_id: int, name: str, membership_id: int) -> str:
    """Do what was chosen in a member's menu; gives what to say of it, as a mrkdwn text. Raises Refused, NotAllowed."""
    verb, act = CHOICES[name]
    async with context.database.writing() as tx:
        group, actor = await lookup.numbered(context, tx, verb, group_id)
        membership = await tx.get(Membership, membership_id)
        if membership is None or membership.group_id != group.id:
            raise Refused("member_gone")
        who = (await shown(tx, [membership]))[0]
        await act(tx, group_id, membership, actor)
    named = views.who(who)
    return context.say(f"commands.members.did.{name}", who=named)


async def _page(tx: Reading, group: Group, search: str, page: int) -> views.Page:
    assert group.id is not None
    offset = (page - 1) * views.PAGE
    rows = await memberships.page(tx, group.id, search=search, offset=offset, limit=views.PAGE + 1)
    counts = await memberships.counts(tx, group.id)
    return views.Page(
        group_id=group.id,
        address=group.address,
        search=search,
        page=page,
        more=len(rows) > views.PAGE,
        members=await shown(tx, rows[: views.PAGE]),
        contacts=counts.contacts,
        moderators=counts.moderators,
        administrators=counts.administrators,
        receiving=counts.receiving,
    )


async def shown(tx: Reading, rows: Sequence[Membership]) -> list[views.Member]:
    """Memberships as the form shows them."""
    found = []
    bouncing = await incidents.of(tx, [row.id for row in rows if row.receiving is Receiving.BOUNCING and row.id])
    nested = await names.groups_at(tx, [row.key for row in rows if row.contact and row.key])
    for row in rows:
        assert row.id is not None
        incident = bouncing.get(row.id)
        person = await persons.get(tx, row.person_id) if row.person_id is not None else None
        found.append(
            views.Member(
                membership_id=row.id,
                slack_id=person.slack_id if person else None,
                name=person.name if person else row.name,
                address=row.address or (person.email or "" if person else ""),
                flags=lookup.flags(row),
                receiving=row.receiving,
                paused_until=row.paused_until,
                why=BounceReason(incident.reason) if incident else None,
                gone=row.gone,
                nested=row.contact and row.key in nested,
                since=row.created_at,
                until=row.until,
                reply=await bounces.last_reply(tx, row.id) if incident else "",
            )
        )
    return found


def unfit(people: Sequence[Person], *, contact: bool) -> Refused | None:
    """Why some of these cannot be given a flag (`contact`, or one that is a right); all of them are named."""
    kinds = (
        ("people_are_bots", [one for one in people if one.bot]),
        ("people_are_gone", [one for one in people if one.deactivated]),
        ("people_are_strangers", [one for one in people if one.stranger and not contact]),
    )
    for reason, some in kinds:
        if some:
            return Refused(reason, people=", ".join(one.name for one in some[:NAMED_IN_FAULT]))
    return None


# ---------------------------------------------------------------- what the menu offers


def _give(**flag: bool) -> Act:
    async def act(tx: Writing, group_id: int, row: Membership, actor: Actor) -> None:
        person = await persons.get(tx, row.person_id) if row.person_id is not None else None
        refused = unfit([person], contact=flag == {"contact": True}) if person is not None else None
        if refused is not None:
            raise refused
        address = Address.parse(row.address) if row.address else None
        await memberships.enrol(tx, group_id, [Entry(address, row.person_id, row.name)], actor=actor, **flag)

    return act


def _withdraw(**flag: bool) -> Act:
    async def act(tx: Writing, group_id: int, row: Membership, actor: Actor) -> None:
        assert row.id is not None
        await memberships.withdraw_flags(tx, group_id, [row.id], actor=actor, **flag)

    return act


async def _pause(tx: Writing, group_id: int, row: Membership, actor: Actor) -> None:
    assert row.id is not None
    _not_stopped(row)
    await memberships.pause(tx, row.id, None, actor)


async def _resume(tx: Writing, group_id: int, row: Membership, actor: Actor) -> None:
    assert row.id is not None
    _not_stopped(row)
    await memberships.resume(tx, row.id, actor)


def _not_stopped(row: Membership) -> None:
    """Raises Refused `copies_stopped`: the store would say it as to the contact themselves."""
    if row.receiving is Receiving.STOPPED:
        raise Refused("copies_stopped")


async def _remove(tx: Writing, group_id: int, row: Membership, actor: Actor) -> None:
    assert row.id is not None
    await memberships.remove(tx, group_id, [row.id], actor)


CHOICES: dict[str, tuple[Verb, Act]] = {
    "make_moderator": (Verb.ADD, _give(moderator=True)),
    "withdraw_moderator": (Verb.REMOVE, _withdraw(moderator=True)),
    "make_administrator": (Verb.ADD, _give(administrator=True)),
    "withdraw_administrator": (Verb.REMOVE, _withdraw(administrator=True)),
    "make_contact": (Verb.ADD, _give(contact=True)),
    "withdraw_contact": (Verb.REMOVE, _withdraw(contact=True)),
    "pause": (Verb.MEMBERS, _pause),
    "resume": (Verb.MEMBERS, _resume),
    "remove": (Verb.REMOVE, _remove),
}
