"""Reach: how many people a post to a group would go to, over the groups within it, each counted once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, case, func, or_
from sqlmodel import col, select

from store import apart, nesting
from store.engine import Reading
from store.schema.group import Group
from store.schema.membership import Membership
from store.terms import Receiving


@dataclass(frozen=True, slots=True)
class Reach:
    """`outside` are those among `recipients` whose address belongs to nobody in the workspace; `within` the groups that
    pass it on, by address. What their own rules hold or refuse is not known before there is a post."""

    recipients: int
    outside: int
    within: Sequence[Group]


async def of(tx: Reading, group_id: int) -> Reach:
    """Of a post that would be accepted now. One look at each group's contacts who receive."""
    found: dict[int, Group] = {}
    passes: set[int] = set()  # the contacts that are groups
    level = [group_id]
    for _ in range(nesting.DEEPEST):
        inside: dict[int, Group] = {}
        for one in level:
            passes |= {membership_id for membership_id, _ in await apart.nested(tx, one)}
            inside |= {group.id: group for group in await nesting.within(tx, one) if group.id is not None}
        level = [one for one in inside if one not in found and one != group_id]
        if not level:
            break
        found |= {one: inside[one] for one in level}
    receives = or_(
        col(Membership.receiving) == Receiving.ON,
        and_(col(Membership.receiving) == Receiving.PAUSED, col(Membership.paused_until) <= tx.now),
    )
    stranger = case((col(Membership.person_id).is_(None), col(Membership.key)))
    query = select(func.count(func.distinct(col(Membership.key))), func.count(func.distinct(stranger)))
    here = [col(Membership.contact), ~col(Membership.gone), receives]
    query = query.where(col(Membership.group_id).in_([group_id, *found]), *here)
    if passes:
        query = query.where(col(Membership.id).not_in(passes))
    recipients, outside = (await tx.exec(query)).one()
    return Reach(recipients, outside, sorted(found.values(), key=lambda group: group.address))
