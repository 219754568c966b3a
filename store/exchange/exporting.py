"""Write the groups of the store as a file that an import takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Any

import yaml
from sqlmodel import col, select

from store import names, rulings
from store.configuration import SETTINGS
from store.engine import Reading
from store.exchange.groupfile import RULINGS
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.person import Person
from store.terms import GroupKind, NameRole, Receiving

COLUMNS: tuple[Any, ...] = (
    Membership.address,
    Membership.name,
    Person.slack_id,
    Membership.contact,
    Membership.moderator,
    Membership.administrator,
    Membership.receiving,
    Membership.followed,
)


@dataclass(frozen=True, slots=True)
class Exported:
    """How many groups were written, and how many contacts were not because they stopped their mail."""

    groups: int
    stopped: int


async def export_groups(tx: Reading, out: IO[str]) -> Exported:
    """Write every group with all its settings and people as YAML, one after the other; gives how many there were.

    Importing the file into the same store changes nothing. A contact who stopped is left out: a roster that another
    store takes as new would mail somebody who left.
    """
    query = (
        select(Group)
        .where(col(Group.kind) == GroupKind.GROUP, col(Group.deleted_at).is_(None))
        .order_by(col(Group.address))
    )
    found = list((await tx.exec(query)).all())
    if not found:
        out.write("groups: []\n")
        return Exported(0, 0)
    out.write("groups:\n")
    stopped = 0
    for group in found:
        written, left_out = await _group(tx, group)
        stopped += left_out
        text = yaml.dump(
            [written],
            Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper),
            sort_keys=False,
            allow_unicode=True,
            width=1000,
        )
        out.write(text)
    return Exported(len(found), stopped)


async def _group(tx: Reading, group: Group) -> tuple[dict[str, Any], int]:
    """The group as the file has it, and how many of its contacts are left out."""
    assert group.id is not None
    written: dict[str, Any] = {"address": group.address}
    for name in SETTINGS:
        value = getattr(group, name)
        written[name] = str(value) if isinstance(value, StrEnum) else value
    if group.route != group.address:
        written["route"] = group.route
    aliases = [name.address for name in await names.of_group(tx, group.id) if name.role is NameRole.ALIAS]
    people: dict[str, list[Any]] = {"administrators": [], "moderators": [], "contacts": []}
    stopped = 0
    # Columns, not rows of the tables: a group may have 100,000 contacts.
    query: Any = (
        select(*(col(column) for column in COLUMNS))
        .outerjoin(Person, col(Person.id) == col(Membership.person_id))
        .where(col(Membership.group_id) == group.id)
        .order_by(col(Membership.id))
    )
    for row in (await (await tx.connection()).execute(query)).all():
        subject = row.slack_id or row.address
        if row.administrator:
            people["administrators"].append(subject)
        if row.moderator:
            people["moderators"].append(subject)
        if row.contact and row.receiving is Receiving.STOPPED:
            stopped += 1
        elif row.contact and not row.followed:  # what the group follows brings the others
            people["contacts"].append({"address": row.address, "name": row.name} if row.name else row.address)
    ruled = {key: [one.pattern for one in await rulings.of_group(tx, group.id, kind)] for key, kind in RULINGS.items()}
    return written | {"aliases": aliases} | ruled | people, stopped
