"""Persons: Slack people as the directory last saw them, and their link to addresses."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import asdict, dataclass

from sqlmodel import col, func, select, update

from store import absence, moving, roster
from store.chunks import chunks
from store.engine import Reading, Writing
from store.inserts import insert
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.person import Person
from store.terms import Actor, Address, InvalidAddress, Refused, folded


@dataclass(frozen=True, slots=True)
class Profile:
    """What Slack says about one of its people. `email` is none where there is none or it is not shown to us."""

    slack_id: str
    name: str
    email: str | None = None
    locale: str = "en-US"
    time_zone: str = "UTC"
    guest: bool = False
    stranger: bool = False
    deactivated: bool = False
    bot: bool = False
    workspace_admin: bool = False
    operator: bool = False


async def upsert(tx: Writing, profile: Profile) -> Person:
    """Keep what Slack says now, link memberships that hold the person's address but no person yet, and move the
    person's followed contacts to the address.

    A guest, a stranger, a bot or somebody gone is never operator. An address that is none counts as none.
    """
    seen = asdict(profile)
    seen["email"] = email(profile.email)
    outsider = profile.guest or profile.stranger or profile.deactivated or profile.bot
    seen["operator"] = profile.operator and not outsider
    seen["refreshed_at"] = tx.now
    person = await _written(tx, seen)
    await absence.settle(tx, person)
    # A stranger's address is set by their own workspace: taking its word would hand out rights by e-mail match.
    if person.email and not (profile.stranger or profile.deactivated or profile.bot):
        await _link(tx, person)
        await moving.settle(tx, person)
    return person


async def placeholder(tx: Writing, slack_id: str) -> Person:
    """The person with this Slack id, made with the id as name if the directory has not met them yet."""
    known = await by_slack(tx, slack_id)
    if known is not None:
        return known
    return await _written(tx, asdict(Profile(slack_id, slack_id)) | {"refreshed_at": tx.now})


def email(text: str | None) -> str | None:
    """A profile's address in the form addresses are compared by; None for none or what is no address."""
    if not text:
        return None
    try:
        return Address.parse(text).key
    except InvalidAddress:
        return None


def actor(person: Person, as_operator: bool = False) -> Actor:
    """The person as the audit names them; `as_operator` says the right did not come from the group."""
    return Actor(person.subject, person.id, as_operator)


async def get(tx: Reading, person_id: int) -> Person:
    """The person with this id. Raises Refused `person_unknown`."""
    person = await tx.get(Person, person_id)
    if person is None:
        raise Refused("person_unknown")
    return person


async def by_slack(tx: Reading, slack_id: str) -> Person | None:
    """The person with this Slack id, as last seen."""
    return (await tx.exec(select(Person).where(col(Person.slack_id) == slack_id))).first()


async def by_slack_ids(tx: Reading, slack_ids: Collection[str]) -> list[Person]:
    """Those of these Slack ids that are known, by id, placeholders left out."""
    found: list[Person] = []
    for some in chunks(slack_ids):
        rows = await tx.exec(select(Person).where(col(Person.slack_id).in_(some), col(Person.name) != Person.slack_id))
        found += rows.all()
    return sorted(found, key=lambda person: person.id or 0)


async def by_email(tx: Reading, key: str) -> list[Person]:
    """Everybody whose profile has this address (Slack does not promise that it is one), present people first."""
    rows = await tx.exec(
        select(Person).where(col(Person.email) == folded(key)).order_by(col(Person.deactivated), col(Person.id))
    )
    return list(rows.all())


async def operators(tx: Reading) -> list[Person]:
    """Who may create groups and act on any, by id."""
    rows = await tx.exec(
        select(Person).where(col(Person.operator), col(Person.deactivated).is_(False)).order_by(col(Person.id))
    )
    return list(rows.all())


async def appoint(tx: Writing, slack_ids: Collection[str]) -> int:
    """Make these people operators and nobody else; never a guest, a stranger, a bot or somebody gone. Returns for how
    many that was news."""
    named = col(Person.slack_id).in_(slack_ids)
    fit = [~col(one) for one in (Person.guest, Person.stranger, Person.deactivated, Person.bot)]
    dismissed = await tx.exec(update(Person).where(col(Person.operator), ~named).values(operator=False))
    appointed = await tx.exec(update(Person).where(~col(Person.operator), named, *fit).values(operator=True))
    return int(dismissed.rowcount + appointed.rowcount)


async def workspace_admins(tx: Reading) -> list[Person]:
    """The owners and admins of the workspace who are here, operators or not, by id."""
    here = (col(Person.deactivated).is_(False), col(Person.stranger).is_(False), col(Person.bot).is_(False))
    return list(
        (await tx.exec(select(Person).where(col(Person.workspace_admin), *here).order_by(col(Person.id)))).all()
    )


async def counted(tx: Reading) -> tuple[int, int]:
    """How many people the workspace has that are here (no bots), and how many of them have an address."""
    here = (col(Person.deactivated).is_(False), col(Person.bot).is_(False), col(Person.stranger).is_(False))
    counts = select(func.count(col(Person.id)), func.count(col(Person.email))).where(*here)
    people, addressed = (await tx.exec(counts)).one()
    return people, addressed


async def _written(tx: Writing, seen: dict[str, object]) -> Person:
    statement = insert(tx, Person).values(subject=secrets.token_hex(16), **seen)
    written = await tx.scalars(
        statement.on_conflict_do_update(
            index_elements=["slack_id"], set_={name: value for name, value in seen.items() if name != "slack_id"}
        ).returning(Person),
        execution_options={"populate_existing": True},
    )
    return written.one()


async def _link(tx: Writing, person: Person) -> None:
    assert person.id is not None
    assert person.email is not None
    waiting = await tx.exec(
        select(Membership.group_id)
        .join(Group, col(Group.id) == col(Membership.group_id))
        .where(
            col(Membership.key) == person.email,
            col(Membership.person_id).is_(None),
            col(Group.deleted_at).is_(None),
        )
        # In one order everywhere, so that two links wait for each other instead of locking up.
        .order_by(col(Membership.group_id))
    )
    for group_id in waiting.all():
        await roster.lock(tx, group_id)
        for row in await roster.rows(tx, group_id, keys=[person.email]):
            await roster.link(tx, row, person.id)
