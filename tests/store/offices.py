"""What the store's tests of people and groups begin from."""

from __future__ import annotations

from typing import Any

from store import groups, memberships, persons
from store.engine import Database, Reading
from store.groups import NewGroup
from store.names import Served
from store.persons import Profile
from store.roster import Entry
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.person import Person
from store.terms import Actor, Address

SERVED = Served(("groups.example.org",))
SYSTEM = Actor("system")


async def person(database: Database, name: str, email: str | None = "", **profile: Any) -> Person:
    """A person of the workspace; their address is made of the name unless given, None for one without."""
    shown = f"{name}@example.org" if email == "" else email
    async with database.writing() as tx:
        return await persons.upsert(tx, Profile(f"U0{name.upper()}", name, shown, **profile))


async def group(database: Database, administrator: Person, local: str = "team", **settings: Any) -> int:
    """A group with one administrator; gives its id."""
    new = NewGroup(f"{local}@{SERVED.domains[0]}", administrators=(Entry(person_id=administrator.id),), **settings)
    async with database.writing() as tx:
        made = await groups.create(tx, new, SERVED, SYSTEM)
    assert made.id is not None
    return made.id


async def of(database: Database, group_id: int) -> Group:
    """The group's row."""
    async with database.reading() as tx:
        found = await groups.get(tx, group_id)
    assert found is not None
    return found


async def roster(database: Database, group_id: int) -> list[Membership]:
    """Every row of a group's roster, by id."""
    async with database.reading() as tx:
        return await memberships.page(tx, group_id, limit=1000)


def contact(text: str) -> Entry:
    """An address to enrol."""
    return Entry(Address.parse(text))


async def row_of(tx: Reading, group_id: int, key: str) -> Membership:
    """The row of an address that is on the roster."""
    row = await memberships.find(tx, group_id, key=key)
    assert row is not None
    return row
