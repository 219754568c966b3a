"""Groups: made, found and changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlmodel import col, func, or_, select

from store import (
    addresses,
    audit,
    builtin,
    configuration,
    following,
    memberships,
    names,
    outbox,
    posts,
    standstill,
    wording,
)
from store.engine import Reading, Writing
from store.names import Served
from store.roster import Entry
from store.schema.group import Group, Name
from store.schema.membership import Membership
from store.schema.person import Person
from store.search import plain
from store.terms import (
    Actor,
    Address,
    Copies,
    Digest,
    GroupKind,
    GroupPolicy,
    Language,
    Leave,
    Mode,
    Moderation,
    NameRole,
    NoticeKind,
    OverSendSize,
    Posting,
    Refused,
    ReplyTo,
    SlackContent,
    Subscription,
    folded,
)

MOST_MEANT = 20


@dataclass(frozen=True, slots=True)
class NewGroup:
    """A group to be made: its published address, every setting, and its people. `route` is chosen where it is none."""

    address: str
    display_name: str = ""
    max_receive_size: int | None = None
    max_send_size: int | None = None
    over_send_size: OverSendSize = OverSendSize.REFUSE
    subscription: Subscription = Subscription.MODERATED
    leave: Leave = Leave.OPEN
    posting: Posting = Posting.MEMBERS
    moderation: Moderation = Moderation.NON_MEMBERS
    hidden: bool = False
    copies: Copies = Copies.PERSONAL
    report_channel: str | None = None
    moderation_channel: str | None = None
    slack_content: SlackContent = SlackContent.SUBJECT
    digest: Digest = Digest.WEEKLY
    mode: Mode = Mode.LIVE
    language: Language = Language.EN
    subject_tag: str | None = None
    footer: str | None = None
    reply_to: ReplyTo = ReplyTo.AUTHOR
    follows: str | None = None
    follow_guests: bool = False
    follow_bots: bool = False
    route: str | None = None
    aliases: tuple[str, ...] = ()
    administrators: tuple[Entry, ...] = ()
    moderators: tuple[Entry, ...] = ()
    contacts: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A group in the directory, with the asker's own membership if there is one."""

    group: Group
    membership: Membership | None


def _settings(new: NewGroup) -> dict[str, Any]:
    return {one.name: getattr(new, one.name) for one in fields(new) if one.name in configuration.SETTINGS}


async def check_new(tx: Reading, new: NewGroup, served: Served) -> tuple[Address, dict[str, NameRole], Address]:
    """What `create` would refuse, without changing anything: address, names, settings, people.

    Gives the address, all names the group needs, and its route. Raises Refused.
    """
    address = addresses.group_address(new.address, served.domains, served.published)
    configuration.check(_settings(new))
    if not new.administrators:
        raise Refused("administrator_missing")
    if new.route is None:
        route = await names.free_route(tx, address, served)
    else:
        route = addresses.group_address(new.route, served.domains)
    aliases = [addresses.group_address(alias, served.domains, served.published) for alias in new.aliases]
    wanted = names.around(address, route, aliases, served.domains)
    await names.check_free(tx, [address.key, *(alias.key for alias in aliases)])  # before what comes with them
    await names.check_free(tx, wanted)
    return address, wanted, route


async def create(tx: Writing, new: NewGroup, served: Served, actor: Actor) -> Group:
    """Make a group with its names, its -owner and its people; it takes mail from the commit on, and is on hold where
    all are. Raises Refused.

    Whether the actor may create groups is asked by the caller, at click and at submit.
    """
    address, wanted, route = await check_new(tx, new, served)
    settings = wording.fit(_settings(new))
    group = Group(address=address.key, route=route.key, created_at=tx.now, **settings)
    group.display_name = new.display_name.strip() or address.local
    tx.add(group)
    await tx.flush()
    assert group.id is not None
    owner_address = names.sub_address(route, NameRole.OWNER)
    owner = builtin.row(tx, GroupKind.OWNER, owner_address, group.id)
    tx.add(owner)
    await tx.flush()
    holders = {role: owner.id if role is NameRole.OWNER else group.id for role in NameRole}
    await names.take(tx, [(key, role, holders[role]) for key, role in wanted.items()])
    await audit.record(tx, "group.created", actor, group_id=group.id, details={"address": group.address})
    people: tuple[tuple[Sequence[Entry], dict[str, bool]], ...] = (
        (new.administrators, {"administrator": True}),
        (new.moderators, {"moderator": True}),
        (new.contacts, {"contact": True}),
    )
    for entries, flag in people:
        if entries:
            await memberships.enrol(tx, group.id, entries, actor=actor, re_enrol=True, **flag)
    if group.follows is not None:
        await following.settle(tx, group)
    if group.report_channel:
        targets = [group.report_channel]
        await outbox.announce(tx, NoticeKind.GROUP_CREATED, group.id, targets, group_id=group.id)
    await standstill.reach(tx, group.id)
    return group


async def meant(tx: Reading, text: str) -> list[Group]:
    """The groups a text may mean: the one with that address, or those with that local part on any domain."""
    wanted = folded(text.strip()).removeprefix("mailto:")
    query = (
        select(Group)
        .join(Name, col(Name.group_id) == col(Group.id))
        .where(col(Group.kind) == GroupKind.GROUP, col(Group.deleted_at).is_(None))
        .where(col(Name.role).in_([NameRole.PUBLISHED, NameRole.ROUTE, NameRole.ALIAS]))
        .distinct()
        .order_by(col(Group.id))
    )
    one = col(Name.address) == wanted if "@" in wanted else col(Name.address).startswith(f"{wanted}@", autoescape=True)
    return list((await tx.exec(query.where(one).limit(MOST_MEANT))).all())


async def get(tx: Reading, group_id: int | None) -> Group | None:
    """The group with this id, deleted ones too; fresh from the database."""
    return None if group_id is None else await tx.get(Group, group_id, populate_existing=True)


def policy(group: Group) -> GroupPolicy:
    """The settings policy judges by."""
    return names.policy(group)


async def directory(
    tx: Reading, person: Person | None, operator: bool, search: str = "", offset: int = 0, limit: int = 20
) -> list[Listed]:
    """Groups by name that this person may see: hidden ones only from inside, or as operator.

    With `search` those whose name or address holds it, whatever case and accents either is written with.
    """
    query = (
        select(Group, Membership)
        .outerjoin(
            Membership,
            (col(Membership.group_id) == col(Group.id))
            & (col(Membership.person_id) == (person.id if person and person.id is not None else 0)),
        )
        .where(col(Group.kind) == GroupKind.GROUP, col(Group.deleted_at).is_(None))
    )
    if not operator:
        query = query.where(or_(~col(Group.hidden), col(Membership.id).is_not(None)))
    order = (func.lower(col(Group.display_name)), col(Group.id))
    if search:
        wanted = plain(search.strip())
        columns = query.with_only_columns(col(Group.id), col(Group.display_name), col(Group.address)).order_by(*order)
        rows = (await (await tx.connection()).execute(columns)).all()
        found = [row.id for row in rows if wanted in plain(f"{row.display_name}\n{row.address}")]
        query, offset = query.where(col(Group.id).in_(found[offset : offset + limit])), 0
    page = await tx.exec(query.order_by(*order).offset(offset).limit(limit))
    return [Listed(group, membership) for group, membership in page.all()]


async def mine(tx: Reading, person_id: int | None) -> list[tuple[Group, Membership]]:
    """The groups a person has any part in."""
    rows = await tx.exec(
        select(Group, Membership)
        .join(Membership, col(Membership.group_id) == col(Group.id))
        .where(col(Membership.person_id) == person_id, col(Group.deleted_at).is_(None))
        .order_by(col(Group.id))
    )
    return [(group, membership) for group, membership in rows.all()]


async def change(tx: Writing, group_id: int, changes: Mapping[str, object], version: int | None, actor: Actor) -> Group:
    """Change settings. `version` is the one the form was filled from; None where there was no form.

    Raises Refused `group_gone`, `stale` (somebody changed the group meanwhile) and what names a wrong value.
    """
    found = await tx.exec(
        select(Group)
        .where(col(Group.id) == group_id)
        .with_for_update(key_share=True)  # posts and notices that refer to it need not wait
        .execution_options(populate_existing=True)
    )
    group = found.first()
    if group is None or group.deleted_at is not None:
        raise Refused("group_gone")
    if version is not None and version != group.version:
        raise Refused("stale", address=group.address)
    configuration.check(changes)
    changes = wording.fit(changes)
    different = {name: value for name, value in changes.items() if getattr(group, name) != value}
    if not different:
        return group
    before = {name: getattr(group, name) for name in different}
    for name, value in different.items():
        setattr(group, name, value)
    group.version += 1
    tx.add(group)
    await tx.flush()
    details = {"before": before, "after": different}
    await audit.record(tx, "group.changed", actor, group_id=group_id, details=details)
    if configuration.FOLLOWING & different.keys():
        await following.settle(tx, group)
    if before.get("mode") is Mode.PAUSED:
        await posts.resume_held(tx, group_id)
    return group
