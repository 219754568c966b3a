"""Renaming: a group is published at another address, and the old one goes on leading to it.

The route stays as it is: return paths, tokens, List-Id (RFC 2919 3: it outlives a change of host or name) and the
sub-addresses in mail that went out already rest on it.
"""

from __future__ import annotations

from sqlmodel import col, delete, select, update

from store import aliases, audit, names, roster
from store.engine import Reading, Writing
from store.names import Served
from store.schema.group import Group, Name
from store.terms import Actor, Address, NameRole, Refused


async def check(tx: Reading, group: Group, new: Address, served: Served) -> None:
    """Raises Refused, changing nothing, if the group cannot be published at `new`: `rename_same`, `name_*`,
    `address_is_*`, `alias_too_many`. One of its own aliases, or its route, can be."""
    assert group.id is not None
    if new.key == group.address:
        raise Refused("rename_same", address=group.address)
    if await _own(tx, group.id, new):
        return
    if group.address != group.route and len(await aliases.of(tx, group.id)) >= aliases.MOST:
        raise Refused("alias_too_many", limit=str(aliases.MOST))
    await names.check_alias(tx, [new], served.domains)


async def rename(tx: Writing, group_id: int, new: Address, served: Served, actor: Actor) -> Group:
    """Publish a group at `new`; the old address becomes an alias (or is its route still). Posts that were accepted
    keep the address they were accepted with. Raises Refused as `check`, `group_gone`."""
    group = await roster.lock(tx, group_id)
    await check(tx, group, new, served)
    old = group.address
    before = NameRole.ROUTE if old == group.route else NameRole.ALIAS
    own = await _own(tx, group_id, new)
    published = [col(Name.group_id) == group_id, col(Name.role) == NameRole.PUBLISHED]
    await tx.exec(update(Name).where(*published).values(role=before))
    if not own:
        await aliases.put(tx, group_id, new, served, role=NameRole.PUBLISHED)
    else:  # its sub-addresses answer already
        await tx.exec(delete(Name).where(col(Name.address) == new.key, col(Name.group_id) == group_id))
        await names.take(tx, [(new.key, NameRole.PUBLISHED, group_id)])
    group.address = new.key
    group.version += 1
    tx.add(group)
    await tx.flush()
    details = {"before": {"address": old}, "after": {"address": new.key}}
    await audit.record(tx, "group.renamed", actor, group_id=group_id, details=details)
    return group


async def _own(tx: Reading, group_id: int, address: Address) -> bool:
    """Whether the address is an alias of the group, or its route."""
    mine = select(Name.address).where(col(Name.address) == address.key, col(Name.group_id) == group_id)
    return (await tx.exec(mine.where(col(Name.role).in_([NameRole.ALIAS, NameRole.ROUTE])))).first() is not None
