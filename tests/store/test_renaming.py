"""Aliases and new addresses: every name leads to its group, nobody else has it, and what went out still comes home."""

from __future__ import annotations

import pytest
from sqlmodel import select

from store import aliases, changes, groups, names, naming, persons, renaming
from store.engine import Database
from store.groups import NewGroup
from store.naming import Naming
from store.roster import Entry
from store.schema.group import Name
from store.terms import Address, NameRole, Refused
from tests.store.offices import SERVED, SYSTEM, contact, group, of, person

D = "groups.example.org"


def at(local: str) -> Address:
    return Address(local, D)


async def roles(database: Database, group_id: int) -> dict[str, NameRole]:
    """The names of a group itself."""
    async with database.reading() as tx:
        return {name.address: name.role for name in await names.of_group(tx, group_id)}


async def test_an_alias_answers_with_all_its_sub_addresses_and_is_free_once_removed(database: Database) -> None:
    ada = await person(database, "ada")
    group_id, other = await group(database, ada), await group(database, ada, "other")
    async with database.writing() as tx:
        await aliases.add(tx, group_id, at("crew"), SERVED, SYSTEM)
    async with database.reading() as tx:
        for local, role in (("crew", NameRole.ALIAS), ("crew-join", NameRole.JOIN), ("crew-leave", NameRole.LEAVE)):
            found = await names.destination(tx, f"{local}@{D}")
            assert found is not None
            assert (found.role, found.group_id) == (role, group_id)
        owner = await names.destination(tx, f"crew-owner@{D}")
        assert owner is not None
        assert owner.group_id == await names.owner_id(tx, group_id)
        for taken in ("crew", "crew-join", "team-join"):
            with pytest.raises(Refused):
                await aliases.check(tx, other, [at(taken)], SERVED)
    async with database.writing() as tx:
        with pytest.raises(Refused, match="alias_there"):
            await aliases.add(tx, group_id, at("crew"), SERVED, SYSTEM)
    async with database.writing() as tx:
        await aliases.remove(tx, group_id, at("crew"), SYSTEM)
        with pytest.raises(Refused, match="alias_absent"):
            await aliases.remove(tx, group_id, at("team"), SYSTEM)  # its own address is none
        assert [row.address for row in (await tx.exec(select(Name))).all() if "crew" in row.address] == []
        await aliases.add(tx, other, at("crew"), SERVED, SYSTEM)


async def test_no_more_than_twenty_aliases(database: Database) -> None:
    ada = await person(database, "ada")
    group_id = await group(database, ada, aliases=tuple(f"a{n}@{D}" for n in range(aliases.MOST)))
    async with database.writing() as tx:
        with pytest.raises(Refused, match="alias_too_many"):
            await aliases.add(tx, group_id, at("one-more"), SERVED, SYSTEM)


async def test_a_renamed_group_is_reached_at_both_and_keeps_its_route(database: Database) -> None:
    ada = await person(database, "ada")
    group_id = await group(database, ada, contacts=(contact("c@x.example"),))
    async with database.writing() as tx:
        await renaming.rename(tx, group_id, at("crew"), SERVED, persons.actor(ada))
    made = await of(database, group_id)
    assert (made.address, made.route, made.version) == (f"crew@{D}", f"team@{D}", 2)
    assert await roles(database, group_id) == {f"crew@{D}": NameRole.PUBLISHED, f"team@{D}": NameRole.ROUTE}
    # And on: what was published between becomes an alias; and back to what it is reached at already.
    async with database.writing() as tx:
        await renaming.rename(tx, group_id, at("band"), SERVED, SYSTEM)
    assert (await roles(database, group_id))[f"crew@{D}"] is NameRole.ALIAS
    async with database.writing() as tx:
        await renaming.rename(tx, group_id, at("team"), SERVED, SYSTEM)
    assert await roles(database, group_id) == {
        f"team@{D}": NameRole.PUBLISHED, f"band@{D}": NameRole.ALIAS, f"crew@{D}": NameRole.ALIAS,
    }  # fmt: skip
    async with database.reading() as tx:
        for local in ("team-join", "crew-join", "band-join"):
            assert await names.destination(tx, f"{local}@{D}") is not None
        found = await changes.newest(tx, group_id, 3)
        assert [one.details for one in found] == [
            {"address": (f"band@{D}", f"team@{D}")},
            {"address": (f"crew@{D}", f"band@{D}")},
            {"address": (f"team@{D}", f"crew@{D}")},
        ]
        assert found[2].person is not None
        assert found[2].person.slack_id == "U0ADA"


async def test_a_name_of_somebody_elses_is_refused_and_nothing_is_changed(database: Database) -> None:
    ada = await person(database, "ada")
    group_id, _ = await group(database, ada), await group(database, ada, "other")
    for local, why in (("other", "name_taken"), ("other-join", "name_is_reserved"), ("team", "rename_same")):
        async with database.writing() as tx:
            with pytest.raises(Refused, match=why):
                await renaming.rename(tx, group_id, at(local), SERVED, SYSTEM)
    assert await roles(database, group_id) == {f"team@{D}": NameRole.PUBLISHED}


async def test_a_taken_name_does_not_say_which_hidden_group_has_it(database: Database) -> None:
    ada = await person(database, "ada")
    hidden = {"hidden": True, "aliases": (f"merger@{D}",), "contacts": (contact(f"box@{D}"),)}
    await group(database, ada, "secret", **hidden)
    group_id = await group(database, ada)
    for local in ("secret", "merger", "merger-join", "secret-owner", "box"):
        async with database.writing() as tx:
            with pytest.raises(Refused) as caught:
                await aliases.add(tx, group_id, at(local), SERVED, SYSTEM)
        assert (caught.value.name, dict(caught.value.values)) == ("name_held", {"address": f"{local}@{D}"})


async def test_what_was_changed_since_a_version_and_what_it_was(database: Database) -> None:
    ada = await person(database, "ada")
    group_id = await group(database, ada)
    for name in ("One", "Two"):
        async with database.writing() as tx:
            await groups.change(tx, group_id, {"display_name": name, "hidden": True}, None, persons.actor(ada))
    async with database.reading() as tx:
        both = await changes.newest(tx, group_id, 2)
        assert [one.details for one in both] == [
            {"display_name": ("One", "Two")},
            {"display_name": ("team", "One"), "hidden": (False, True)},
        ]
        assert changes.before(both) == {"display_name": "team", "hidden": False}


@pytest.mark.parametrize(
    ("local", "why"),
    [
        ("grp-team-list", None),
        ("GRP-Team-List", None),
        ("team-list", "name_lacks_prefix"),
        ("grp-team", "name_lacks_suffix"),
        ("grp-list", "name_lacks_suffix"),  # nothing is left of a name
        ("grp-boss-list", "name_blocked"),
        ("grp-the.boss-list", "name_blocked"),
        ("grp-bossa-nova-list", None),  # a word of its own, not a part of one
    ],
)
def test_naming_rules(local: str, why: str | None) -> None:
    rules = Naming("grp-", "-list", ("Boss", "admin"))
    if why is None:
        naming.check(rules, local)
        return
    with pytest.raises(Refused) as caught:
        naming.check(rules, local)
    assert caught.value.name == why


def test_without_rules_every_name_goes() -> None:
    naming.check(naming.FREE, "a")


async def test_imported_aliases_reserve_their_sub_addresses_too(database: Database) -> None:
    ada = await person(database, "ada")
    new = NewGroup(f"team@{D}", aliases=(f"team-join@{D}",), administrators=(Entry(person_id=ada.id),))
    async with database.reading() as tx:
        with pytest.raises(Refused, match="name_twice"):
            await groups.check_new(tx, new, SERVED)
