"""Audience: where in Slack a group's decisions are asked for."""

from __future__ import annotations

from sqlmodel import col, or_, select

from store import persons
from store.engine import Reading
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.person import Person


async def moderators(tx: Reading, group: Group) -> list[str]:
    """The targets of a group's cards: its moderation channel, or else the Slack ids of its moderators and
    administrators, or of the operators where nobody of those can be reached."""
    if group.moderation_channel:
        return [group.moderation_channel]
    people = await deciders(tx, group.id) or await persons.operators(tx)
    return [person.slack_id for person in people]


async def administrators(tx: Reading, group: Group) -> list[str]:
    """As `moderators`, for what only those who administer the group decide."""
    if group.moderation_channel:
        return [group.moderation_channel]
    people = await deciders(tx, group.id, administrators_only=True) or await persons.operators(tx)
    return [person.slack_id for person in people]


async def hosts(tx: Reading, group: Group) -> list[str]:
    """The targets of what a group has nobody for: the operators. Where there is none, the workspace's owners and
    admins, who know whoever runs this; and where Slack shows none of those, the group's report channel."""
    people = await persons.operators(tx) or await persons.workspace_admins(tx)
    if not people and group.report_channel:
        return [group.report_channel]
    return [person.slack_id for person in people]


async def deciders(tx: Reading, group_id: int | None, *, administrators_only: bool = False) -> list[Person]:
    """The people of a group who may decide (or who administer it), by id; none who are gone from Slack, or whose
    account is in another workspace's hands and so carries no right."""
    flags = (
        col(Membership.administrator)
        if administrators_only
        else or_(col(Membership.administrator), col(Membership.moderator))
    )
    rows = await tx.exec(
        select(Person)
        .join(Membership, col(Membership.person_id) == col(Person.id))
        .where(
            col(Membership.group_id) == group_id,
            flags,
            col(Person.deactivated).is_(False),
            col(Person.bot).is_(False),
            col(Person.stranger).is_(False),
        )
        .order_by(col(Person.id))
    )
    return list(rows.all())


async def places(tx: Reading) -> list[Group]:
    """Every group that names a channel, by address."""
    named = or_(col(Group.report_channel).is_not(None), col(Group.moderation_channel).is_not(None))
    return list(
        (await tx.exec(select(Group).where(col(Group.deleted_at).is_(None), named).order_by(col(Group.address)))).all()
    )
