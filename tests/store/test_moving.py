"""A followed contact goes along when the address of its person's profile changes."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from store import following, memberships, persons, suppressions
from store.engine import Database
from store.roster import Entry
from store.schema.audit import Audit
from store.schema.membership import Membership
from store.schema.person import Person
from store.terms import Receiving, SuppressionReason
from tests.store.offices import SYSTEM, contact, group, person, roster
from tests.store.test_going_out import expand, post, states

DESIGN = "C0DESIGN"


async def follower(database: Database, *people: Person, **settings: Any) -> int:
    """A group with these people as contacts by what it follows."""
    group_id = await group(database, await person(database, "ada"), follows=DESIGN, **settings)
    await come(database, group_id, *people)
    return group_id


async def come(database: Database, group_id: int, *people: Person) -> None:
    entries = [Entry(person_id=one.id) for one in people]
    async with database.writing() as tx:
        await memberships.enrol(tx, group_id, entries, contact=True, followed=True, actor=following.ACTOR)


async def contacts(database: Database, group_id: int) -> dict[str, str]:
    """Each contact by address, with the Slack id of its person or ""."""
    found = {}
    async with database.reading() as tx:
        for row in await memberships.page(tx, group_id, limit=100, only="contact"):
            known = await persons.get(tx, row.person_id) if row.person_id else None
            assert row.address == row.key
            assert row.key is not None
            assert row.domain == row.key.partition("@")[2]
            found[row.key] = known.slack_id if known else ""
    return found


async def moved(database: Database) -> int:
    async with database.reading() as tx:
        return len((await tx.exec(select(Audit.id).where(col(Audit.verb) == "membership.moved"))).all())


async def test_the_contact_moves_with_its_duties_its_wishes_and_its_place(database: Database) -> None:
    ben = await person(database, "ben")
    group_id, other = (
        await follower(database, ben),
        await group(database, ben, "other", contacts=(Entry(person_id=ben.id),)),
    )
    (row,) = [one for one in await roster(database, group_id) if one.contact]
    async with database.writing() as tx:
        await memberships.receive(tx, row.id or 0, persons.actor(ben), own=False)
        await memberships.enrol(tx, group_id, [Entry(person_id=ben.id)], moderator=True, actor=SYSTEM)
    under_way = await post(database, group_id)
    await person(database, "ben", "Benjamin@new.example")
    (after,) = [one for one in await roster(database, group_id) if one.contact]
    assert (after.id, after.key, after.domain) == (row.id, "benjamin@new.example", "new.example")
    assert (after.moderator, after.receive_own, after.followed, after.person_id) == (True, False, True, ben.id)
    assert await contacts(database, other) == {"ben@example.org": "U0BEN"}  # somebody put that there
    assert await moved(database) == 1
    await expand(database, under_way)
    assert set(await states(database, under_way)) == {"benjamin@new.example"}
    await person(database, "ben", "Benjamin@new.example")
    assert await moved(database) == 1
    # Whoever has no address any more, or is gone, stays as they were.
    await person(database, "ben", None)
    await person(database, "ben", "late@new.example", deactivated=True)
    assert await contacts(database, group_id) == {"benjamin@new.example": "U0BEN"}


async def test_two_swap_and_three_go_round(database: Database) -> None:
    people = [await person(database, name) for name in ("ann", "ben", "cy")]
    group_id = await follower(database, *people)
    await person(database, "ann", "ben@example.org")  # whose address that still is
    assert await contacts(database, group_id) == {f"{n}@example.org": f"U0{n.upper()}" for n in ("ann", "ben", "cy")}
    await person(database, "ben", "ann@example.org")
    swapped = {"ann@example.org": "U0BEN", "ben@example.org": "U0ANN", "cy@example.org": "U0CY"}
    assert await contacts(database, group_id) == swapped
    for name, address in (("ann", "cy"), ("cy", "ann"), ("ben", "ben")):
        await person(database, name, f"{address}@example.org")
    assert await contacts(database, group_id) == {
        "ann@example.org": "U0CY", "ben@example.org": "U0BEN", "cy@example.org": "U0ANN"
    }  # fmt: skip
    # Who waits for an address somebody else gives up has it with the next look at them.
    await person(database, "ben", "ann@example.org")
    await person(database, "cy", "cy@else.example")
    await person(database, "ben", "ann@example.org")
    assert await contacts(database, group_id) == {
        "cy@else.example": "U0CY", "ann@example.org": "U0BEN", "cy@example.org": "U0ANN"
    }  # fmt: skip


async def test_nobody_is_moved_onto_what_is_not_theirs_or_is_to_get_no_mail(database: Database) -> None:
    ben, cy = await person(database, "ben"), await person(database, "cy")
    group_id = await follower(database, ben)
    async with database.writing() as tx:  # on the roster by hand, at an address that is no profile's
        await memberships.enrol(
            tx, group_id, [Entry(contact("cy@home.example").address, cy.id)], contact=True, actor=SYSTEM
        )
        await suppressions.add(tx, group_id, ["left@x.example"], SuppressionReason.LEFT)
    before = await contacts(database, group_id)
    assert before == {"ben@example.org": "U0BEN", "cy@home.example": "U0CY"}
    for address in ("cy@home.example", "cy@example.org", "left@x.example", "team-owner@groups.example.org"):
        await person(database, "ben", address)
        assert await contacts(database, group_id) == before, address
    assert await moved(database) == 0


async def test_an_address_that_was_there_as_nobody_s_becomes_theirs(database: Database) -> None:
    ben = await person(database, "ben")
    group_id = await follower(database, ben, contacts=(contact("ben@home.example"),))
    async with database.writing() as tx:
        await memberships.enrol(tx, group_id, [Entry(person_id=ben.id)], moderator=True, actor=SYSTEM)
    await person(database, "ben", "ben@home.example")
    assert await contacts(database, group_id) == {"ben@home.example": "U0BEN"}
    (row,) = [one for one in await roster(database, group_id) if one.contact]
    assert (row.moderator, row.followed) == (True, False)


async def test_a_mailbox_that_bounced_is_behind_them(database: Database) -> None:
    ben = await person(database, "ben")
    group_id = await follower(database, ben)
    (row,) = [one for one in await roster(database, group_id) if one.contact]
    async with database.writing() as tx:
        found = await tx.get_one(Membership, row.id)
        found.receiving = Receiving.BOUNCING
        tx.add(found)
    await person(database, "ben", "ben@new.example")
    (after,) = [one for one in await roster(database, group_id) if one.contact]
    assert (after.key, after.receiving) == ("ben@new.example", Receiving.ON)
