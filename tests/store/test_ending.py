"""A group that is archived, deleted, restored, and gone for good after thirty days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from store import aliases, archiving, ending, groups, memberships, names, persons, posts
from store.engine import Database
from store.groups import NewGroup
from store.roster import Entry
from store.schema.audit import Audit
from store.schema.group import Group, Name
from store.terms import Action, Address, Decision, Reason, Refused, Standing
from tests.store.offices import SERVED, SYSTEM, contact, group, of, person, roster

TEAM = "team@groups.example.org"


async def delete(database: Database, group_id: int) -> None:
    async with database.writing() as tx:
        await ending.delete(tx, group_id, SYSTEM)


async def age(database: Database, group_id: int, days: int) -> None:
    """As if it had been deleted so many days ago."""
    async with database.writing() as tx:
        old = tx.now - timedelta(days=days)
        await tx.exec(update(Group).where(col(Group.id) == group_id).values(deleted_at=old))


async def test_a_deleted_group_keeps_its_names_from_others_and_comes_back_whole(database: Database) -> None:
    ada = await person(database, "ada")
    group_id = await group(database, ada, contacts=(contact("c@x.example"),), aliases=("crew@groups.example.org",))
    await delete(database, group_id)
    new = NewGroup(TEAM, administrators=(Entry(person_id=ada.id),))
    async with database.reading() as tx:
        for key in (TEAM, "crew@groups.example.org", "team-owner@groups.example.org"):
            assert await names.destination(tx, key) is None
        assert await names.groups_at(tx, [TEAM]) == {}
        assert [one.id for one in await ending.deleted(tx, "team")] == [group_id]
        for address in (TEAM, "crew@groups.example.org"):
            with pytest.raises(Refused) as caught:
                await groups.check_new(tx, NewGroup(address, administrators=new.administrators), SERVED)
            assert caught.value.name == "name_of_deleted"
            assert caught.value.values["until"] == f"{tx.now + timedelta(days=30):%Y-%m-%d}"
    async with database.writing() as tx:
        await ending.restore(tx, group_id, persons.actor(ada))
    async with database.reading() as tx:
        for key in (TEAM, "crew@groups.example.org", "team-owner@groups.example.org"):
            assert await names.destination(tx, key) is not None
    assert [row.key for row in await roster(database, group_id) if row.contact] == ["c@x.example"]
    async with database.writing() as tx:
        with pytest.raises(Refused, match="group_there"):
            await ending.restore(tx, group_id, SYSTEM)


async def test_who_was_deactivated_while_it_was_deleted_gets_nothing_once_it_is_restored(database: Database) -> None:
    ada, bo = await person(database, "ada"), await person(database, "bo")
    group_id = await group(database, ada, contacts=(Entry(person_id=bo.id),))
    for deactivated in (True, False):
        await delete(database, group_id)
        async with database.writing() as tx:
            profile = persons.Profile("U0BO", "bo", "bo@example.org", deactivated=deactivated)
            await persons.upsert(tx, profile)
        async with database.writing() as tx:
            await ending.restore(tx, group_id, SYSTEM)
            assert (await memberships.counts(tx, group_id)).receiving == (0 if deactivated else 1)


async def test_after_thirty_days_it_is_gone_and_its_names_are_free(database: Database) -> None:
    ada = await person(database, "ada")
    group_id, young = (
        await group(database, ada, contacts=(contact("c@x.example"),)),
        await group(database, ada, "young"),
    )
    for one, days in ((group_id, 30), (young, 29)):
        await delete(database, one)
        await age(database, one, days)
    async with database.writing() as tx:
        with pytest.raises(Refused, match="group_gone"):
            await ending.restore(tx, group_id, SYSTEM)
        assert await ending.deleted(tx, "team") == []
        assert await ending.erase_due(tx) == 1
        assert await ending.erase_due(tx) == 0
        assert [row.address for row in (await tx.exec(select(Name))).all() if "team" in row.address] == []
        erased = (await tx.exec(select(Audit).where(col(Audit.verb) == "group.erased"))).one()
        assert (erased.group_id, erased.details) == (group_id, {"people": 2})
    assert await roster(database, group_id) == []
    assert len(await roster(database, young)) == 1
    assert await group(database, ada) != group_id


async def test_an_archived_group_keeps_its_people_and_lets_nothing_be_lost(database: Database) -> None:
    ada = await person(database, "ada")
    group_id = await group(database, ada, contacts=(contact("c@x.example"),))
    reason = Reason("non_member", {"author": "x@x.example", "group": TEAM})
    submission = posts.Submission(group_id, Standing.STRANGER, Decision(Action.HOLD, (reason,), ()), None)
    async with database.writing() as tx:
        [made] = (await posts.submit(tx, posts.NewMessage(b"x", "p", author="x@x.example"), [submission])).posts
    async with database.writing() as tx:
        with pytest.raises(Refused) as caught:
            await archiving.archive(tx, group_id, SYSTEM)
        assert (caught.value.name, caught.value.values["count"]) == ("archive_waiting", "1")
    assert made.id is not None
    async with database.writing() as tx:
        await posts.discard(tx, made.id, SYSTEM)
        await archiving.archive(tx, group_id, SYSTEM)
    async with database.reading() as tx:
        found = await names.destination(tx, TEAM)
        assert found is not None
        assert found.policy is not None
        assert found.policy.archived
        assert (await memberships.counts(tx, group_id)).contacts == 1
    async with database.writing() as tx:
        await archiving.reopen(tx, group_id, SYSTEM)
        with pytest.raises(Refused, match="not_archived"):
            await archiving.reopen(tx, group_id, SYSTEM)
    assert not (await of(database, group_id)).archived


async def test_erasing_what_was_deleted_twice_over_leaves_the_living_alone(database: Database) -> None:
    ada = await person(database, "ada")
    living = await group(database, ada, "living")
    async with database.writing() as tx:
        await aliases.add(tx, living, Address.parse("other@groups.example.org"), SERVED, SYSTEM)
        assert await ending.erase_due(tx) == 0
    assert len(await roster(database, living)) == 1
