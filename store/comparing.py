"""What a list of contacts would change of a group's roster, as it is shown before anything is written."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from store import rulings, suppressions
from store.engine import Reading
from store.names import NESTABLE
from store.proposals import Changes, Seen
from store.schema.group import Group, Name
from store.schema.membership import Membership
from store.terms import Address, NameRole, Receiving, SuppressionReason

Contact = tuple[Address, str]
PAGE = 5000


@dataclass(frozen=True, slots=True)
class Refusal:
    """An address that can be no contact: `name` of a refusal whose only value is `address`."""

    address: Address
    name: str


@dataclass(frozen=True, slots=True)
class Difference:
    seen: Seen
    refused: Sequence[Refusal]
    kept_out: Sequence[tuple[Address, str]]  # with why: left, complained, forgotten, banned


async def difference(
    tx: Reading, group: Group, contacts: Collection[Contact], *, withdraw_others: bool = False
) -> Difference:
    """The contacts against the roster; who left, complained, was forgotten or is banned stays out.

    With `withdraw_others` contacts the list lacks would stop being contacts, but for those who stopped their mail
    themselves: they receive nothing, and an export leaves them out.
    """
    assert group.id is not None
    held = {row.key: row for row in await roster(tx, group.id) if row.key}
    out = await suppressions.among(tx, group.id, [address.key for address, _ in contacts])
    banned = await rulings.bans(tx, group.id)
    own = await ours(tx)
    return await asyncio.to_thread(_compared, group.id, contacts, held, out, own, banned, withdraw_others)


def _compared(
    group_id: int,
    contacts: Collection[Contact],
    held: Mapping[str, Any],
    out: Mapping[str, SuppressionReason],
    own: Mapping[str, tuple[NameRole, int | None, int | None]],
    banned: Callable[[str], bool],
    withdraw_others: bool,
) -> Difference:
    add: list[tuple[str, str]] = []
    rename: list[tuple[int, str]] = []
    refused: list[Refusal] = []
    kept_out: list[tuple[Address, str]] = []
    counts: Counter[str] = Counter()
    for address, name in contacts:
        key = address.key
        row = held.get(key)
        if key in own and (why := unfit(own[key], group_id)) is not None:
            refused.append(Refusal(address, why))
        elif row is not None and row.contact and row.receiving is not Receiving.STOPPED:
            renamed = bool(name) and row.person_id is None and row.name != name
            if renamed:
                rename.append((row.id, name))
            counts["already"] += not renamed
            counts["bouncing"] += row.receiving is Receiving.BOUNCING
        elif key in out or (row is not None and row.receiving is Receiving.STOPPED):
            kept_out.append((address, (out.get(key) or SuppressionReason.LEFT).value))
        elif banned(key):
            kept_out.append((address, "banned"))
        else:
            add.append((str(address), name))
            counts["nested"] += key in own
    withdraw: list[int] = []
    if withdraw_others:
        kept = {address.key for address, _ in contacts}
        withdraw = [
            row.id
            for key, row in held.items()
            if row.contact and key not in kept and row.receiving is not Receiving.STOPPED
        ]
    for _, why in kept_out:
        counts[why] += 1
    counts["added"], counts["renamed"], counts["withdrawn"] = len(add), len(rename), len(withdraw)
    counts["contacts"] = sum(row.contact for row in held.values())
    shown = {name: number for name, number in counts.items() if number}
    return Difference(Seen(Changes(add, rename, withdraw), shown), refused, kept_out)


async def roster(tx: Reading, group_id: int) -> Sequence[Any]:
    """The group's rows by id, as far as an import or an export looks at them."""
    # Columns, not rows of the tables: a group may have 100,000 contacts.
    query = (
        select(
            col(Membership.id), col(Membership.key), col(Membership.name), col(Membership.person_id),
            col(Membership.contact), col(Membership.receiving), col(Membership.address),
        )
        .where(col(Membership.group_id) == group_id)
        .order_by(col(Membership.id))
        .limit(PAGE)
    )  # fmt: skip
    found: list[Any] = []
    while True:
        # A page at a time: between them the loop that asks has acknowledgements to make.
        after = found[-1].id if found else 0
        page = (await (await tx.connection()).execute(query.where(col(Membership.id) > after))).all()
        found += page
        if len(page) < PAGE:
            return found


async def ours(tx: Reading) -> dict[str, tuple[NameRole, int | None, int | None]]:
    """Every address of ours: there are as many as groups, and a list may hold 200,000."""
    query = select(col(Name.address), col(Name.role), col(Name.group_id), col(Group.parent_id)).outerjoin(
        Group, col(Group.id) == col(Name.group_id)
    )
    found = (await (await tx.connection()).execute(query)).all()
    return {address: (role, group_id, parent_id) for address, role, group_id, parent_id in found}


def unfit(name: tuple[NameRole, int | None, int | None], group_id: int) -> str | None:
    """Why an address of ours can be no contact, as `enrolment.check_contacts` says it; None for a group within."""
    role, holder, parent_id = name
    if group_id in (holder, parent_id):
        return "contact_is_this_group"
    return None if role in NESTABLE else "contact_is_reserved"
