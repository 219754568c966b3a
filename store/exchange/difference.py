"""What an import would change: the file against the store, computed before anything is written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlmodel
from sqlalchemy import select
from sqlmodel import col

from store import groups, names, roster, rulings, suppressions
from store.chunks import chunks
from store.engine import Reading
from store.exchange.document import Faults
from store.exchange.groupfile import PEOPLE, Contact, GroupFile
from store.groups import NewGroup
from store.names import NESTABLE, Served
from store.pattern import Pattern
from store.schema.group import Group, Name
from store.schema.membership import Membership
from store.schema.person import Person
from store.terms import Address, GroupKind, NameRole, Receiving, Refused, SuppressionReason
from store.word import RulingKind

FLAGS: Mapping[str, str] = {"administrators": "administrator", "moderators": "moderator", "contacts": "contact"}
Subject = str | Address  # a Slack id or an address


@dataclass(slots=True)
class Change:
    """What one group's import changes; `group_id` is None for a group that is new."""

    file: GroupFile
    group_id: int | None = None
    new: NewGroup | None = None
    settings: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    aliases_added: tuple[Address, ...] = ()
    aliases_removed: tuple[str, ...] = ()
    ruled: dict[RulingKind, list[Pattern]] = field(default_factory=dict)  # to add
    unruled: dict[RulingKind, list[str]] = field(default_factory=dict)  # to take back
    added: dict[str, list[Subject]] = field(default_factory=dict)  # by flag
    removed: dict[str, dict[int, str]] = field(default_factory=dict)  # by flag: membership id -> who
    contacts: list[Contact] = field(default_factory=list)  # to enrol
    renamed: dict[int, tuple[str, str]] = field(default_factory=dict)  # membership id -> address, name
    kept_out: dict[SuppressionReason, list[str]] = field(default_factory=dict)
    unlinked: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether nothing would be written."""
        some = (self.new, self.settings, self.aliases_added, self.aliases_removed, self.contacts, self.renamed)
        parts = (self.added, self.removed, self.ruled, self.unruled)
        return not any(some) and not any(any(part.values()) for part in parts)


@dataclass(frozen=True, slots=True)
class Row:
    """A membership as far as an import looks at it."""

    id: int
    key: str | None
    name: str
    slack_id: str | None
    flags: frozenset[str]
    stopped: bool
    followed: bool

    @property
    def subjects(self) -> frozenset[str]:
        """What a file may call them."""
        return frozenset(subject for subject in (self.key, self.slack_id) if subject)

    @property
    def shown(self) -> str:
        return self.key or self.slack_id or self.name


async def difference(
    tx: Reading, files: Iterable[GroupFile], served: Served, *, prune: bool, re_enrol: bool
) -> list[Change]:
    """One change a group, in the file's order. Raises ImportRefused with everything the store would refuse."""
    faults = Faults()
    changes = [await _change(tx, file, served, prune=prune, re_enrol=re_enrol, faults=faults) for file in files]
    faults.refuse()
    return changes


async def _change(
    tx: Reading, file: GroupFile, served: Served, *, prune: bool, re_enrol: bool, faults: Faults
) -> Change:
    group = await existing(tx, file.address)
    change = Change(file, group.id if group else None)
    rows: list[Row] = []
    if group is None:
        change.new = _new_group(file)
        try:
            await groups.check_new(tx, change.new, served)
        except Refused as refused:
            faults.add_refusal(file.place, refused)
    else:
        rows = await _roster(tx, group.id)
        change.settings = {
            name: (getattr(group, name), value)
            for name, value in file.settings.items()
            if getattr(group, name) != value
        }
        await _names(tx, change, group, served, prune=prune, faults=faults)
    for kind, patterns in file.rulings.items():
        there = {one.pattern for one in await rulings.of_group(tx, group.id or 0, kind)} if group else set()
        change.ruled[kind] = [one for one in patterns if one.text not in there]
        if prune:
            change.unruled[kind] = sorted(there - {one.text for one in patterns})
    known = await _known(tx, file)
    for key in PEOPLE:
        _people(change, key, getattr(file, key), rows, known, prune=prune)
    if file.contacts is not None:
        await _contacts(tx, change, file.contacts, rows, prune=prune, re_enrol=re_enrol, faults=faults)
    return change


async def existing(tx: Reading, address: Address) -> Group | None:
    """The living group published at this address."""
    query = sqlmodel.select(Group).where(
        col(Group.address) == address.key, col(Group.kind) == GroupKind.GROUP, col(Group.deleted_at).is_(None)
    )
    return (await tx.exec(query)).first()


def _new_group(file: GroupFile) -> NewGroup:
    # Its administrators come by `_people`; one stands in here so that a file without any is refused.
    return NewGroup(
        str(file.address),
        **{name: value for name, value in file.settings.items() if value is not None},
        route=str(file.route) if file.route else None,
        aliases=tuple(str(alias) for alias in file.aliases or ()),
        administrators=(roster.Entry(),) if file.administrators else (),
    )


async def _roster(tx: Reading, group_id: int | None) -> list[Row]:
    query = (
        select(
            col(Membership.id), col(Membership.key), col(Membership.name), col(Person.slack_id),
            col(Membership.contact), col(Membership.moderator), col(Membership.administrator),
            col(Membership.receiving), col(Membership.followed),
        )
        .outerjoin(Person, col(Person.id) == col(Membership.person_id))
        .where(col(Membership.group_id) == group_id)
        .order_by(col(Membership.id))
    )  # fmt: skip
    return [
        Row(
            row.id or 0,
            row.key,
            row.name,
            row.slack_id,
            frozenset(flag for flag in FLAGS.values() if getattr(row, flag)),
            row.receiving is Receiving.STOPPED,
            row.followed,
        )
        for row in (await (await tx.connection()).execute(query)).all()
    ]


async def _names(tx: Reading, change: Change, group: Group, served: Served, *, prune: bool, faults: Faults) -> None:
    file = change.file
    if file.route is not None and file.route.key != group.route:
        faults.add(file.place, "route_fixed", address=group.address, route=group.route)
    if file.aliases is None:
        return
    assert group.id is not None
    held = {name.address for name in await names.of_group(tx, group.id) if name.role is NameRole.ALIAS}
    change.aliases_added = tuple(alias for alias in file.aliases if alias.key not in held)
    if prune:
        change.aliases_removed = tuple(sorted(held - {alias.key for alias in file.aliases}))
    try:
        await names.check_alias(tx, change.aliases_added, served.domains)
    except Refused as refused:
        faults.add_refusal(file.place, refused)


async def _known(tx: Reading, file: GroupFile) -> dict[str, str]:
    """Address -> Slack id for the people the directory knows by an address the file names."""
    wanted = {one.key for key in PEOPLE for one in getattr(file, key) or () if isinstance(one, Address)}
    found: dict[str, str] = {}
    for chunk in chunks(wanted):
        query = select(col(Person.email), col(Person.slack_id)).where(
            col(Person.email).in_(chunk),
            col(Person.stranger).is_(False),
            col(Person.bot).is_(False),
            col(Person.deactivated).is_(False),
        )
        found.update({str(email): slack_id for email, slack_id in (await (await tx.connection()).execute(query)).all()})
    return found


def _people(
    change: Change,
    key: str,
    wanted: tuple[Subject, ...] | None,
    rows: Collection[Row],
    known: Mapping[str, str],
    *,
    prune: bool,
) -> None:
    if wanted is None:
        return
    flag = FLAGS[key]
    holders = {subject: row for row in rows if flag in row.flags for subject in row.subjects}
    kept: set[int] = set()
    for subject in wanted:
        name = subject.key if isinstance(subject, Address) else subject
        row = holders.get(name) or holders.get(known.get(name, ""))
        if row is None:
            change.added.setdefault(flag, []).append(subject)
        else:
            kept.add(row.id)
        if isinstance(subject, Address) and name not in known and not (row and row.slack_id):
            change.unlinked.append(name)
    if prune:
        change.removed[flag] = {row.id: row.shown for row in rows if flag in row.flags and row.id not in kept}


async def _contacts(
    tx: Reading,
    change: Change,
    wanted: tuple[Contact, ...],
    rows: Collection[Row],
    *,
    prune: bool,
    re_enrol: bool,
    faults: Faults,
) -> None:
    keys = {address.key for address, _ in wanted}
    out: dict[str, SuppressionReason] = {}
    if change.group_id is not None and not re_enrol:
        out = await suppressions.among(tx, change.group_id, keys)
    held = {row.key: row for row in rows if "contact" in row.flags}
    for address, name in wanted:
        row = held.get(address.key)
        if row is None or row.stopped:
            if address.key in out:
                change.kept_out.setdefault(out[address.key], []).append(address.key)
            elif row is None or re_enrol:
                change.contacts.append((address, name))
        elif name and row.name != name and row.slack_id is None:
            change.renamed[row.id] = (address.key, name)
    if prune:
        # An export leaves out who stopped, so that a file's lack of them says nothing; and they receive nothing. Nor
        # does it list whom the group has by what it follows.
        kept = [row for key, row in held.items() if key not in keys and not row.stopped and not row.followed]
        gone = {row.id: row.shown for row in kept}
        change.removed["contact"] = gone
    await _reachable(tx, change, faults)


async def _reachable(tx: Reading, change: Change, faults: Faults) -> None:
    """Note contacts that are addresses of ours and no group: their mail would run in circles, or to no one."""
    file = change.file
    for chunk in chunks(address.key for address, _ in change.contacts):
        if file.address.key in chunk:
            faults.add_refusal(file.place, Refused("contact_is_this_group", address=file.address.key))
        query = select(col(Name.address), col(Name.role), col(Name.group_id)).where(col(Name.address).in_(chunk))
        for address, role, group_id in (await (await tx.connection()).execute(query)).all():
            if change.group_id is not None and group_id == change.group_id:
                if address != file.address.key:
                    faults.add_refusal(file.place, Refused("contact_is_this_group", address=address))
            elif role not in NESTABLE:
                faults.add_refusal(file.place, Refused("contact_is_reserved", address=address))
