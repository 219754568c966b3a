"""Passwords: app passwords of people, kept as hashes, and who signs in with one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, delete
from sqlmodel import col, select

from store import audit
from store.engine import Reading, Writing
from store.hashing import AppPassword
from store.schema.password import Password
from store.schema.person import Person
from store.terms import Actor, Refused

MOST = 10  # a person's; each device has its own, so that one can be revoked without the others
LONGEST_LABEL = 60  # characters
# A device that signs in every second costs one write a minute.
NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Login:
    """Who has signed in: with which password, as which address (in the form addresses are compared by)."""

    password_id: int
    address: str


def unfit(person: Person) -> Refused | None:
    """Why this person cannot have an app password, or None. What holds when it is made must hold when it is used."""
    if person.guest or person.stranger:
        return Refused("password_outsider")
    if person.deactivated or person.bot:
        return Refused("password_gone")
    return None if person.email else Refused("password_without_email")


async def of(tx: Reading, person_id: int) -> list[Password]:
    """A person's passwords, the oldest first."""
    rows = await tx.exec(select(Password).where(col(Password.person_id) == person_id).order_by(col(Password.id)))
    return list(rows.all())


async def get(tx: Reading, password_id: int) -> Password | None:
    """The password with this id."""
    return await tx.get(Password, password_id)


def labelled(text: str, present: Sequence[Password]) -> str:
    """The label of one more password beside those present, from what was typed.

    Raises Refused `password_too_many`, `password_label_missing`, `password_label_long`, `password_label_taken`.
    """
    label = " ".join(text.split())
    if len(present) >= MOST:
        raise Refused("password_too_many", limit=str(MOST))
    if not label:
        raise Refused("password_label_missing")
    if len(label) > LONGEST_LABEL:
        raise Refused("password_label_long", limit=str(LONGEST_LABEL))
    if any(one.label.casefold() == label.casefold() for one in present):
        raise Refused("password_label_taken", label=label)
    return label


async def add(tx: Writing, person: Person, text: str, password: AppPassword, digest: str, actor: Actor) -> Password:
    """Keep the hash of a new password of a person, bound to their address. Raises Refused as `unfit` and `labelled`."""
    # Locked, so that two forms sent at once do not both find room for one more.
    found = await tx.exec(select(Person).where(col(Person.id) == person.id).with_for_update())
    holder = found.one()
    refused = unfit(holder)
    if refused is not None:
        raise refused
    assert holder.id is not None
    assert holder.email is not None
    label = labelled(text, await of(tx, holder.id))
    row = Password(
        person_id=holder.id,
        address=holder.email,
        label=label,
        selector=password.selector,
        digest=digest,
        created_at=tx.now,
    )
    tx.add(row)
    await tx.flush()
    await audit.record(tx, "password.made", actor, subject=f"password:{row.id}")
    return row


async def revoke(tx: Writing, password_id: int, actor: Actor) -> bool:
    """From now on nothing signed in with it is taken, sessions under way included. False if it was gone already."""
    gone = await tx.exec(delete(Password).where(col(Password.id) == password_id).returning(col(Password.id)))
    if gone.first() is None:
        return False
    await audit.record(tx, "password.revoked", actor, subject=f"password:{password_id}")
    return True


def meant(present: Sequence[Password], text: str) -> Password | None:
    """The one of these that somebody names, by its label or its first letters."""
    word = " ".join(text.split()).casefold()
    return next((one for one in present if word in (one.label.casefold(), one.selector)), None)


async def candidate(tx: Reading, address: str, selector: str) -> tuple[int, str] | None:
    """Id and hash of the one password that may be meant; None if there is none, or its person may not use it now."""
    query = select(Password.id, Password.digest).where(
        col(Password.address) == address, col(Password.selector) == selector, _usable()
    )
    row = (await tx.exec(query)).first()
    return None if row is None else (row[0] or 0, row[1])


async def use(tx: Writing, password_id: int) -> Login | None:
    """Note that somebody signs in with it; None if it was revoked, or its person went, in the meantime."""
    query = select(Password).where(col(Password.id) == password_id, _usable())
    row = (await tx.exec(query)).first()
    if row is None:
        return None
    if row.used_at is None or tx.now - row.used_at >= NOTED_EVERY:
        row.used_at = tx.now
        tx.add(row)
        await tx.flush()
    return Login(password_id, row.address)


async def holds(tx: Reading, login: Login) -> bool:
    """Whether a sign-in is still good: neither revoked since, nor its person gone or at another address."""
    query = select(Password.id).where(
        col(Password.id) == login.password_id, col(Password.address) == login.address, _usable()
    )
    return (await tx.exec(query)).first() is not None


def _usable() -> ColumnElement[bool]:
    """As `unfit`, and the address is still the person's: who gets another one makes a new password for it."""
    barred = (Person.deactivated, Person.bot, Person.guest, Person.stranger)
    return (
        select(Person.id)
        .where(
            col(Person.id) == col(Password.person_id),
            col(Person.email) == col(Password.address),
            and_(*(col(one).is_(False) for one in barred)),
        )
        .exists()
    )
