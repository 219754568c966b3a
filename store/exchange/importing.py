"""Carry a file of groups over into the store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlmodel import col, update

from store import aliases, groups, memberships, persons, rulings, suppressions
from store.chunks import chunks
from store.engine import Database, Writing
from store.exchange import groupfile, newcomers
from store.exchange.difference import Change, Subject, difference
from store.exchange.document import Faults
from store.exchange.newcomers import ROWS_AT_ONCE
from store.names import Served
from store.roster import Entry
from store.schema.membership import Membership
from store.terms import Actor, Address, Refused

ACTOR = Actor("import")


@dataclass(frozen=True, slots=True)
class Options:
    """`prune` removes from the file's groups whom it lacks; `re_enrol` brings back who left; `dry_run` compares."""

    prune: bool = False
    re_enrol: bool = False
    dry_run: bool = False


async def import_groups(database: Database, path: Path, served: Served, options: Options) -> list[Change]:
    """Add and change what the file at `path` says; gives what was changed (or would be, in a dry run).

    Raises ImportRefused, with nothing changed, if the file or the store has anything against it. Groups, settings
    and people with duties go in one transaction; contacts follow in short ones, and an import that was cut off in
    between is finished by running it again.
    """
    files = groupfile.read(path, served)
    async with database.reading() as tx:
        changes = await difference(tx, files, served, prune=options.prune, re_enrol=options.re_enrol)
    if options.dry_run:
        # Done and undone: what the store refuses only as it writes is refused here too.
        with suppress(_Rehearsed):
            async with database.writing() as tx:
                await _settle_all(tx, [replace(change) for change in changes], served)
                raise _Rehearsed
        return changes
    async with database.writing() as tx:
        await _settle_all(tx, changes, served)
    for change in changes:
        await _fill(database, change, options)
    return changes


class _Rehearsed(Exception):  # noqa: N818 - no error: it undoes what a dry run wrote
    pass


async def _settle_all(tx: Writing, changes: Sequence[Change], served: Served) -> None:
    """Everything but contacts. Raises ImportRefused."""
    faults = Faults()
    for change in changes:
        try:
            await _settle(tx, change, served)
        except Refused as refused:
            faults.add_refusal(change.file.place, refused)
            break
    faults.refuse()


async def _settle(tx: Writing, change: Change, served: Served) -> None:
    """Everything of a group but its contacts. Raises Refused."""
    added = {flag: [await _entry(tx, subject) for subject in subjects] for flag, subjects in change.added.items()}
    if change.new is not None:
        people: dict[str, Any] = {f"{flag}s": tuple(entries) for flag, entries in added.items()}
        group = await groups.create(tx, replace(change.new, **people), served, ACTOR)
        change.group_id = group.id
        await _rule(tx, change)
        return
    assert change.group_id is not None
    if change.settings:
        values = {name: after for name, (_, after) in change.settings.items()}
        await groups.change(tx, change.group_id, values, None, ACTOR)
    for alias in change.aliases_removed:
        await aliases.remove(tx, change.group_id, Address.parse(alias), ACTOR)
    for added_alias in change.aliases_added:
        await aliases.add(tx, change.group_id, added_alias, served, ACTOR)
    for flag, entries in added.items():
        if entries:
            await memberships.enrol(tx, change.group_id, entries, actor=ACTOR, **{flag: True})
    for flag, rows in change.removed.items():
        if flag != "contact" and rows:
            await memberships.withdraw_flags(tx, change.group_id, list(rows), actor=ACTOR, **{flag: True})
    await _rule(tx, change)


async def _rule(tx: Writing, change: Change) -> None:
    """Bans and allowed authors, once those in charge are: nobody bans them."""
    assert change.group_id is not None
    for kind, texts in change.unruled.items():
        for text in texts:
            await rulings.lift(tx, change.group_id, kind, text, ACTOR)
    for kind, patterns in change.ruled.items():
        for pattern in patterns:
            await rulings.add(tx, change.group_id, kind, pattern, ACTOR)


async def _entry(tx: Writing, subject: Subject) -> Entry:
    if isinstance(subject, str):
        return Entry(person_id=(await persons.placeholder(tx, subject)).id)
    return Entry(address=subject)


async def _fill(database: Database, change: Change, options: Options) -> None:
    """The contacts of a group, some thousand rows a transaction."""
    group_id = change.group_id
    assert group_id is not None
    async with database.reading() as tx:
        fresh, known = await newcomers.apart(tx, group_id, change.contacts)
    if options.re_enrol:
        async with database.writing() as tx:
            await suppressions.clear(tx, group_id, [address.key for address, _ in fresh])
    await newcomers.enrol(database, group_id, fresh, ACTOR)
    for some in chunks([Entry(address, name=name) for address, name in known], ROWS_AT_ONCE):
        async with database.writing() as tx:
            await memberships.enrol(tx, group_id, some, contact=True, actor=ACTOR, re_enrol=options.re_enrol)
    for gone in chunks(change.removed.get("contact", {}), ROWS_AT_ONCE):
        async with database.writing() as tx:
            await memberships.withdraw_flags(tx, group_id, gone, contact=True, actor=ACTOR)
    for some_names in chunks(change.renamed.items(), ROWS_AT_ONCE):
        async with database.writing() as tx:
            await _rename_contacts(tx, some_names)


async def _rename_contacts(tx: Writing, renamed: Sequence[tuple[int, tuple[str, str]]]) -> None:
    for membership_id, (_, name) in renamed:
        await tx.exec(update(Membership).where(col(Membership.id) == membership_id).values(name=name))
