"""App passwords as they are kept: hashed, few, each with its name, and good only while its person is."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, delete, select

from store import hashing, passwords, persons
from store.engine import Database
from store.hashing import AppPassword
from store.persons import Profile
from store.schema.audit import Audit
from store.schema.password import Password
from store.schema.person import Person
from store.terms import Refused
from tests.conftest import Clock
from tests.store.offices import SYSTEM, person

WRITTEN = AppPassword("abcdefghijkmnpqr")
DIGEST = hashing.digest(WRITTEN)  # one for all: hashing is slow on purpose


async def add(database: Database, who: Person, label: str = "printer", made: AppPassword | None = None) -> Password:
    async with database.writing() as tx:
        return await passwords.add(tx, who, label, made or hashing.generate(), DIGEST, persons.actor(who))


async def audited(database: Database) -> list[tuple[str, str, dict[str, object]]]:
    async with database.reading() as tx:
        rows = (await tx.exec(select(Audit).order_by(col(Audit.id)))).all()
    return [(row.verb, row.subject, row.details) for row in rows if row.verb.startswith("password.")]


# ---------------------------------------------------------------- as text


def test_a_password_is_random_readable_and_hidden_from_logs() -> None:
    made = {hashing.generate().letters for _ in range(200)}
    assert len(made) == 200
    assert {letter for one in made for letter in one} == set(hashing.ALPHABET)
    assert WRITTEN.shown == "abcd-efgh-ijkm-npqr"
    assert repr(WRITTEN) == "AppPassword()"
    assert len(hashing.ALPHABET) == 32


def test_a_selector_that_is_taken_is_not_given_again() -> None:
    free = "aaaa"
    taken = {"".join(letters) for letters in _selectors()} - {free}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashing, "ALPHABET", "ab")
        assert hashing.generate(taken).selector == free


def _selectors() -> list[str]:
    return [f"{a}{b}{c}{d}" for a in "ab" for b in "ab" for c in "ab" for d in "ab"]


@pytest.mark.parametrize(
    "typed", ["abcdefghijkmnpqr", "ABCD-EFGH-IJKM-NPQR", " abcd efgh\tijkm npqr\n", "a-b-c-d-efghijkmnpqr"]
)
def test_it_is_read_as_people_type_it(typed: str) -> None:
    assert hashing.read(typed) == WRITTEN
    assert hashing.matches(DIGEST, typed)


@pytest.mark.parametrize("typed", ["", "abcd", "abcdefghijkmnpq", "abcdefghijkmnpqrs", "abcdefghijkmnpq0", "é" * 16])
def test_what_is_none_opens_nothing(typed: str) -> None:
    assert hashing.read(typed) is None
    assert not hashing.matches(DIGEST, typed)


def test_nobodys_hash_costs_what_others_cost_and_opens_to_nothing() -> None:
    assert DIGEST.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hashing.NOBODYS.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert len(hashing.NOBODYS) == len(DIGEST)
    assert not hashing.matches(hashing.NOBODYS, WRITTEN.shown)


def test_each_hash_has_its_own_salt() -> None:
    assert hashing.digest(WRITTEN) != DIGEST


@given(st.text(max_size=200))
def test_nothing_typed_is_a_fault(typed: str) -> None:
    read = hashing.read(typed)
    assert read is None or hashing.read(read.shown) == read


# ---------------------------------------------------------------- as rows


async def test_it_is_made_used_and_revoked(database: Database, clock: Clock) -> None:
    linus = await person(database, "linus")
    row = await add(database, linus, "  printer   on floor 2 ", WRITTEN)
    assert row.id is not None
    assert (row.label, row.address, row.selector, row.used_at) == (
        "printer on floor 2",
        "linus@example.org",
        "abcd",
        None,
    )
    async with database.reading() as tx:
        assert await passwords.candidate(tx, "linus@example.org", "abcd") == (row.id, DIGEST)
        assert await passwords.candidate(tx, "linus@example.org", "abce") is None
        assert await passwords.candidate(tx, "grace@example.org", "abcd") is None
    clock.advance(5)
    async with database.writing() as tx:
        login = await passwords.use(tx, row.id)
    assert login == passwords.Login(row.id, "linus@example.org")
    async with database.writing() as tx:
        assert await passwords.holds(tx, login)
        (kept,) = await passwords.of(tx, linus.id or 0)
        assert kept.used_at == clock()
        assert await passwords.revoke(tx, row.id, SYSTEM)
        assert not await passwords.revoke(tx, row.id, SYSTEM)
        assert not await passwords.holds(tx, login)
        assert await passwords.use(tx, row.id) is None
        assert await passwords.of(tx, linus.id or 0) == []
    # Neither names nor addresses: the audit outlives the person.
    assert await audited(database) == [
        ("password.made", f"password:{row.id}", {}), ("password.revoked", f"password:{row.id}", {}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"guest": True}, "password_outsider"),
        ({"stranger": True}, "password_outsider"),
        ({"deactivated": True}, "password_gone"),
        ({"bot": True}, "password_gone"),
        ({"email": None}, "password_without_email"),
        ({"email": "no address"}, "password_without_email"),
    ],
)
async def test_who_may_have_none_gets_and_uses_none(
    database: Database, changes: dict[str, object], refusal: str
) -> None:
    linus = await person(database, "linus")
    row = await add(database, linus)
    profile = Profile(linus.slack_id, linus.name, linus.email)
    async with database.writing() as tx:
        changed = await persons.upsert(tx, replace(profile, **changes))  # type: ignore[arg-type]  # of a table
    with pytest.raises(Refused) as refused:
        await add(database, changed, "another")
    assert refused.value.name == refusal
    async with database.writing() as tx:
        assert await passwords.candidate(tx, row.address, row.selector) is None
        assert await passwords.use(tx, row.id or 0) is None
        assert not await passwords.holds(tx, passwords.Login(row.id or 0, row.address))
        assert len(await passwords.of(tx, linus.id or 0)) == 1  # it can still be seen, and revoked


async def test_two_forms_at_once_find_room_for_one(database: Database) -> None:
    linus = await person(database, "linus")
    for n in range(passwords.MOST - 1):
        await add(database, linus, f"device {n}")
    made = await asyncio.gather(*(add(database, linus, f"late {n}") for n in range(3)), return_exceptions=True)
    assert sorted(one.name if isinstance(one, Refused) else type(one).__name__ for one in made) == [
        "Password", "password_too_many", "password_too_many",
    ]  # fmt: skip


async def test_labels_tell_devices_apart_and_name_them(database: Database) -> None:
    linus, grace = await person(database, "linus"), await person(database, "grace")
    row = await add(database, linus, "Straße", WRITTEN)
    await add(database, grace, "Straße")
    for text, refusal in (
        ("STRASSE", "password_label_taken"), (" ", "password_label_missing"), ("x" * 61, "password_label_long"),
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            await add(database, linus, text)
        assert refused.value.name == refusal
    assert await add(database, linus, "x" * 60)
    for text in ("strasse", "Straße ", "ABCD"):
        assert passwords.meant([row], text) is row
    assert passwords.meant([row], "abc") is None


async def test_a_person_who_is_erased_takes_them_along(database: Database) -> None:
    linus = await person(database, "linus")
    await add(database, linus)
    async with database.writing() as tx:
        await tx.exec(delete(Person).where(col(Person.id) == linus.id))
    async with database.reading() as tx:
        assert (await tx.exec(select(Password))).all() == []
