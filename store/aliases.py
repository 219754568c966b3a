"""Aliases: further addresses of a group, each with its own -join, -leave and the rest where we serve its domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlmodel import col, delete, select

from store import audit, names, roster
from store.engine import Reading, Writing
from store.names import Served
from store.schema.group import Group, Name
from store.terms import Actor, Address, NameRole, Refused

MOST: Final = 20


async def of(tx: Reading, group_id: int) -> list[str]:
    """The aliases of a group, in order."""
    query = select(Name.address).where(col(Name.group_id) == group_id, col(Name.role) == NameRole.ALIAS)
    return list((await tx.exec(query.order_by(col(Name.address)))).all())


async def check(tx: Reading, group_id: int, wanted: Sequence[Address], served: Served) -> None:
    """Raises Refused, changing nothing, if these cannot be the group's aliases: `alias_too_many`, `name_*`,
    `address_is_*`."""
    if len(wanted) > MOST:
        raise Refused("alias_too_many", limit=str(MOST))
    there = set(await of(tx, group_id))
    await names.check_alias(tx, [alias for alias in wanted if alias.key not in there], served.domains)


async def add(tx: Writing, group_id: int, alias: Address, served: Served, actor: Actor) -> Group:
    """Give a group an alias, from the commit on. Raises Refused as `check`, `alias_there`, `group_gone`."""
    group = await roster.lock(tx, group_id)
    before = await of(tx, group_id)
    if alias.key in before:
        raise Refused("alias_there", address=alias.key, group=group.address)
    if len(before) >= MOST:
        raise Refused("alias_too_many", limit=str(MOST))
    await names.check_alias(tx, [alias], served.domains)
    await put(tx, group_id, alias, served)
    await _changed(tx, group, before, actor)
    return group


async def remove(tx: Writing, group_id: int, alias: Address, actor: Actor) -> Group:
    """Take an alias and its sub-addresses away: they are free at once. Raises Refused `alias_absent`, `group_gone`."""
    group = await roster.lock(tx, group_id)
    before = await of(tx, group_id)
    if alias.key not in before:
        raise Refused("alias_absent", address=alias.key, group=group.address)
    gone = [alias.key, *(names.sub_address(alias, role).key for role in names.SUFFIXES)]
    ids = [group_id, await names.owner_id(tx, group_id)]
    await tx.exec(delete(Name).where(col(Name.group_id).in_(ids), col(Name.address).in_(gone)))
    await _changed(tx, group, before, actor)
    return group


async def put(tx: Writing, group_id: int, alias: Address, served: Served, *, role: NameRole = NameRole.ALIAS) -> None:
    """Write the names of an alias, or with another `role` those of an address that has been checked to be free."""
    owner_id = await names.owner_id(tx, group_id)
    rows = [
        (name.key, role if of_role is NameRole.ALIAS else of_role, owner_id if of_role is NameRole.OWNER else group_id)
        for name, of_role in names.of_alias(alias, served.domains)
    ]
    await names.take(tx, rows)


async def _changed(tx: Writing, group: Group, before: Sequence[str], actor: Actor) -> None:
    assert group.id is not None
    group.version += 1
    tx.add(group)
    await tx.flush()
    after = await of(tx, group.id)
    details = {"before": {"aliases": ", ".join(before)}, "after": {"aliases": ", ".join(after)}}
    await audit.record(tx, "group.changed", actor, group_id=group.id, details=details)
