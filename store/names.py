"""Names: every address of ours, whose it is, and whether one is free."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam
from sqlmodel import col, select

from store.addresses import RESERVED_LOCALS
from store.chunks import chunks
from store.engine import Reading, Writing
from store.inserts import insert
from store.schema.group import Group, Name
from store.schema.membership import Membership
from store.schema.person import Person
from store.terms import Address, GroupKind, GroupPolicy, NameRole, Refused, folded

# Reserved with every group on its route's domain; what answers there is decided by role.
SUFFIXES = {
    NameRole.JOIN: "-join",
    NameRole.LEAVE: "-leave",
    NameRole.OWNER: "-owner",
    NameRole.HELP: "-help",
    NameRole.CONFIRM: "-confirm",
}
# What a contact's address may be among ours: another group's own, which nests it.
NESTABLE = (NameRole.PUBLISHED, NameRole.ROUTE, NameRole.ALIAS)
ROUTES_TRIED = 99
# How long a deleted group can be restored, and its names are nobody else's.
RESTORABLE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Served:
    """The domains we serve (the first one carries routes of foreign groups) and those that only forward to us."""

    domains: tuple[str, ...]
    published: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an address of ours leads: what it is to its group, and the group's settings (none for `bounces`)."""

    address: str
    role: NameRole
    group_id: int | None
    policy: GroupPolicy | None


# Asked for every recipient of every mail, and so built once.
_LED_TO = (
    select(Name, Group)
    .outerjoin(Group, col(Group.id) == col(Name.group_id))
    .where(col(Name.address) == bindparam("key"))
)


async def destination(tx: Reading, address_key: str) -> Destination | None:
    """What `address_key` (domain as A-label) is to us; None if it is not ours.

    For `-owner` the policy is that of the built-in group, whose contacts are the administrators.
    """
    row = (await tx.exec(_LED_TO, params={"key": folded(address_key)})).first()
    if row is None:
        return None
    name, group = row
    if group is not None and group.deleted_at is not None:
        return None  # kept for the group alone, should it be restored
    return Destination(name.address, name.role, name.group_id, policy(group) if group else None)


def policy(group: Group) -> GroupPolicy:
    """The settings policy judges by and a post keeps, as a frozen value."""
    assert group.id is not None
    return GroupPolicy(
        group_id=group.id,
        **{name: getattr(group, name) for name in GroupPolicy.__dataclass_fields__ if name != "group_id"},
    )


def sub_address(route: Address, role: NameRole) -> Address:
    """A group's reserved sub-address on the domain of its route: `dev-owner@…` of `dev@…`."""
    return Address(route.local + SUFFIXES[role], route.domain)


def around(
    address: Address, route: Address, aliases: Iterable[Address] = (), domains: Collection[str] = ()
) -> dict[str, NameRole]:
    """Every name a group needs, by role: published, route, aliases, and the sub-addresses of the route and of aliases
    on `domains`, those that we serve.

    Raises Refused `name_twice` where two of them are the same address.
    """
    wanted = {address.key: NameRole.PUBLISHED}
    more = [(name, role) for alias in aliases for name, role in of_alias(alias, domains)]
    more += [(sub_address(route, role), role) for role in SUFFIXES]
    if route.key != address.key:
        more.append((route, NameRole.ROUTE))
    for name, role in more:
        if name.key in wanted:
            raise Refused("name_twice", address=name.key)
        wanted[name.key] = role
    return wanted


def of_alias(alias: Address, domains: Collection[str]) -> list[tuple[Address, NameRole]]:
    """An alias, and its own sub-addresses where we serve its domain: who writes to it joins and leaves there too."""
    subs = [(sub_address(alias, role), role) for role in SUFFIXES] if alias.domain in domains else []
    return [(alias, NameRole.ALIAS), *subs]


async def check_free(tx: Reading, keys: Collection[str], *, contact_allowed: bool = False) -> None:
    """Raises Refused for the first of `keys` that is taken, naming what holds it.

    `name_*`: it is a group's (by role; also of one that can still be restored) or reserved by a domain; `name_held`
    where that group is hidden, which administrators of others must not learn by trying addresses;
    `address_is_mailbox`: a colleague's own mailbox; `address_is_contact`: somebody's contact, which a group would then
    shadow (`contact_allowed` permits a contact that is about to become a nested group).
    """
    for key in sorted(keys):
        if key.partition("@")[0] in RESERVED_LOCALS:
            raise Refused("address_reserved", local=key.partition("@")[0])
    await _check_names(tx, keys)
    for chunk in chunks(keys):
        person = (
            await tx.exec(select(Person).where(col(Person.email).in_(chunk), col(Person.deactivated).is_(False)))
        ).first()
        if person is not None:
            raise Refused("address_is_mailbox", address=str(person.email), name=person.name)
        if contact_allowed:
            continue
        held = await tx.exec(
            select(Membership.key, Group.display_name, Group.hidden)
            .join(Group, col(Group.id) == col(Membership.group_id))
            .where(col(Membership.key).in_(chunk), col(Membership.contact), col(Group.deleted_at).is_(None))
        )
        contact = held.first()
        if contact is not None and contact[2]:
            raise Refused("name_held", address=str(contact[0]))
        if contact is not None:
            raise Refused("address_is_contact", address=str(contact[0]), group=contact[1])


async def check_alias(tx: Reading, aliases: Iterable[Address], domains: Collection[str]) -> None:
    """Raises Refused as `check_free` for addresses that are to lead to a group, or for sub-addresses that come with
    them; the addresses first, so that not one of their sub-addresses is named instead."""
    wanted = [of_alias(alias, domains) for alias in aliases]
    await check_free(tx, [name.key for (name, _), *_ in wanted])
    await check_free(tx, [name.key for _, *subs in wanted for name, _ in subs])


async def free_route(tx: Reading, address: Address, served: Served) -> Address:
    """The route of a group published at `address`: itself where we serve its domain, else its local part on our first
    domain, with `-2`, `-3`, … where that or one of its sub-addresses is taken. Raises Refused `route_taken`."""
    if address.domain in served.domains:
        return address
    for number in range(1, ROUTES_TRIED + 1):
        local = address.local if number == 1 else f"{address.local}-{number}"
        route = Address(local, served.domains[0])
        try:
            await check_free(tx, [route.key, *(sub_address(route, role).key for role in SUFFIXES)])
        except Refused:
            continue
        return route
    raise Refused("route_taken", address=str(address), domain=served.domains[0])


async def take(tx: Writing, wanted: Sequence[tuple[str, NameRole, int | None]]) -> None:
    """Write name rows (address, role, group id). Raises Refused as `check_free` does if another transaction was
    first: the database's constraint decides, and this transaction must then end."""
    # In one order everywhere, so that two creations wait for each other instead of locking up.
    rows = [{"address": address, "role": role, "group_id": group_id} for address, role, group_id in sorted(wanted)]
    statement = insert(tx, Name).values(rows).on_conflict_do_nothing().returning(col(Name.address))
    taken = {str(address) for address in (await tx.scalars(statement)).all()}
    missing = [address for address, _, _ in sorted(wanted) if address not in taken]
    if missing:
        await _check_names(tx, missing)
        raise Refused("name_taken", address=missing[0], holder=missing[0])


async def groups_at(tx: Reading, keys: Collection[str]) -> dict[str, int]:
    """Of these addresses those that are groups, each with the group's id: as contacts they nest it."""
    found: dict[str, int] = {}
    for chunk in chunks(keys):
        rows = await tx.exec(
            select(Name.address, Name.group_id)
            .join(Group, col(Group.id) == col(Name.group_id))
            .where(col(Name.address).in_(chunk), col(Name.role).in_(NESTABLE), col(Group.deleted_at).is_(None))
        )
        found.update({address: group_id for address, group_id in rows if group_id is not None})
    return found


async def owner_id(tx: Reading, group_id: int) -> int | None:
    """The id of a group's -owner."""
    return (await tx.exec(select(Group.id).where(col(Group.parent_id) == group_id))).first()


async def of_group(tx: Reading, group_id: int) -> list[Name]:
    """The names that lead to a group itself: published, route and aliases, in that order."""
    order = {NameRole.PUBLISHED: 0, NameRole.ROUTE: 1, NameRole.ALIAS: 2}
    rows = await tx.exec(select(Name).where(col(Name.group_id) == group_id, col(Name.role).in_(list(order))))
    return sorted(rows.all(), key=lambda name: (order[name.role], name.address))


async def _check_names(tx: Reading, keys: Collection[str]) -> None:
    for chunk in chunks(keys):
        rows = await tx.exec(
            select(Name, Group)
            .outerjoin(Group, col(Group.id) == col(Name.group_id))
            .where(col(Name.address).in_(chunk))
            .order_by(col(Name.address))
        )
        row = rows.first()
        if row is None:
            continue
        name, group = row
        if group is None or group.kind in (GroupKind.POSTMASTER, GroupKind.ABUSE):
            raise Refused("address_reserved", local=name.address.partition("@")[0])
        if group.deleted_at is not None:
            until = group.deleted_at + RESTORABLE
            raise Refused("name_of_deleted", address=name.address, until=f"{until:%Y-%m-%d}")
        refusal = {NameRole.PUBLISHED: "name_taken", NameRole.ALIAS: "name_is_alias", NameRole.ROUTE: "name_is_route"}
        holder = group
        if name.role is NameRole.OWNER and group.parent_id is not None:
            holder = (await tx.exec(select(Group).where(col(Group.id) == group.parent_id))).one()
        if holder.hidden:
            raise Refused("name_held", address=name.address)
        raise Refused(refusal.get(name.role, "name_is_reserved"), address=name.address, holder=holder.address)
