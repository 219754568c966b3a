"""App passwords: a person's own, made, listed and revoked; operators see and revoke those of others."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.context import Context
from bot.permissions import Verb, judge
from bot.views import passwords as views
from bot.views.blocks import Shown, View
from store import hashing, passwords, persons
from store.engine import Reading
from store.passwords import LONGEST_LABEL, MOST
from store.schema.password import Password
from store.schema.person import Person
from store.terms import Refused


async def form(context: Context, *, said: str = "") -> View:
    """The person's own, with a field for one more where there can be one. Raises Refused where there is nothing to
    show either."""
    async with context.database.reading() as tx:
        await context.require(tx, Verb.PASSWORD)
        held = await _held(context, tx, context.person)
    barred = _barred(context, held)
    if barred is not None and not held.lines and not said:
        raise barred
    told = context.say(f"refused.{barred.name}", **dict[str, Any](barred.values)) if barred else ""
    return views.form(context.language, held, barred=told, longest=LONGEST_LABEL, said=said)


async def make(context: Context, text: str) -> views.Made:
    """A new app password of the person, named `text`. Raises Refused, NotAllowed.

    Only its hash is kept, so what this gives can be shown once.
    """
    server = context.settings.submission
    if server is None:
        raise Refused("password_not_offered")
    person = context.person
    async with context.database.reading() as tx:
        await context.require(tx, Verb.MAKE_PASSWORD)
        refused = passwords.unfit(person)
        if refused is not None:
            raise refused
        assert person.id is not None
        present = await passwords.of(tx, person.id)
        passwords.labelled(text, present)
    made = hashing.generate({one.selector for one in present})
    # The event loop's few threads bound how many are hashed at once.
    digest = await asyncio.to_thread(hashing.digest, made)
    async with context.database.writing() as tx:
        actor = await context.require(tx, Verb.MAKE_PASSWORD)
        row = await passwords.add(tx, person, text, made, digest, actor)
    assert row.id is not None
    return views.Made(row.id, row.label, made.shown, row.address, *server)


async def listing(context: Context, slack_id: str = "") -> Shown:
    """The app passwords of the person, or, for an operator, of somebody else."""
    async with context.database.reading() as tx:
        person = await _meant(context, tx, slack_id)
        held = await _held(context, tx, person)
    return views.listing(context.language, held)


async def named(context: Context, slack_id: str, text: str) -> int:
    """The id of the app password that somebody names by its name or its first letters. Raises Refused, NotAllowed."""
    async with context.database.reading() as tx:
        person = await _meant(context, tx, slack_id)
        assert person.id is not None
        found = passwords.meant(await passwords.of(tx, person.id), text)
    if found is None or found.id is None:
        raise Refused("password_unknown")
    return found.id


async def revoke(context: Context, password_id: int) -> tuple[str, Shown]:
    """Revoke one's own, or, as operator, somebody else's. Gives what to say of it, and the list as it is then.

    Raises Refused `password_unknown`, also to whoever may not know of it.
    """
    async with context.database.writing() as tx:
        row = await passwords.get(tx, password_id)
        own = row is not None and row.person_id == context.person.id
        if row is None or not (own or judge(Verb.REVOKE_PASSWORD, await context.who(tx, None)).allowed):
            raise Refused("password_unknown")
        actor = await context.require(tx, Verb.PASSWORD if own else Verb.REVOKE_PASSWORD)
        person, label = await persons.get(tx, row.person_id), row.label
        await passwords.revoke(tx, password_id, actor)
        held = await _held(context, tx, person)
    said = context.say("commands.password.revoked", label=label)
    return said, views.listing(context.language, held, said=said)


async def withdraw(context: Context, password_id: int) -> None:
    """Take back what could not be shown."""
    async with context.database.writing() as tx:
        await passwords.revoke(tx, password_id, context.actor())


async def _meant(context: Context, tx: Reading, slack_id: str) -> Person:
    if slack_id in ("", context.person.slack_id):
        await context.require(tx, Verb.PASSWORD)
        return context.person
    await context.require(tx, Verb.REVOKE_PASSWORD)
    person = await persons.by_slack(tx, slack_id)
    if person is None:
        raise Refused("person_unknown")
    return person


async def _held(context: Context, tx: Reading, person: Person) -> views.Held:
    assert person.id is not None
    rows = await passwords.of(tx, person.id)
    return views.Held(person.slack_id, person.id == context.person.id, [_line(row, person) for row in rows])


def _line(row: Password, person: Person) -> views.Line:
    assert row.id is not None
    return views.Line(
        password_id=row.id,
        label=row.label,
        selector=row.selector,
        address=row.address,
        made=row.created_at,
        used=row.used_at,
        stale=row.address != person.email,
    )


def _barred(context: Context, held: views.Held) -> Refused | None:
    """Why this person cannot make one more; the same is asked again when they try."""
    if context.settings.submission is None:
        return Refused("password_not_offered")
    if len(held.lines) >= MOST:
        return Refused("password_too_many", limit=str(MOST))
    return passwords.unfit(context.person)
