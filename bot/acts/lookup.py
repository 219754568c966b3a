"""The group a person means, by address or by a button's id, and whether they may do there what they ask."""

from __future__ import annotations

from bot.context import Context
from bot.permissions import Verb, sees_hidden
from store import groups, memberships
from store.engine import Reading
from store.schema.group import Group
from store.schema.membership import Membership
from store.terms import Actor, GroupKind, Refused

FLAGS = ("administrator", "moderator", "contact")


async def named(context: Context, tx: Reading, verb: Verb, text: str) -> tuple[Group, Actor]:
    """The group at an address (or its part before the @, where only one has it), and the actor of `verb`.

    Raises Refused `group_ambiguous`, `group_not_found`, also for a hidden group the person is not in; NotAllowed.
    """
    found = [group for group in await groups.meant(tx, text) if await seen(context, tx, group)]
    if not found:
        raise Refused("group_not_found", text=text[:100], command=context.settings.command)
    if len(found) > 1:
        raise Refused("group_ambiguous", text=text[:100], addresses=", ".join(group.address for group in found[:5]))
    (group,) = found
    return group, await context.require(tx, verb, group)


async def numbered(context: Context, tx: Reading, verb: Verb, group_id: int) -> tuple[Group, Actor]:
    """The group with this id, and the actor. Raises Refused `group_gone` for a deleted one, one that never was, or a
    hidden one the person is not in; NotAllowed."""
    group = await tx.get(Group, group_id)
    if group is None or group.deleted_at is not None or not await seen(context, tx, group):
        raise Refused("group_gone")
    return group, await context.require(tx, verb, group)


async def behind(context: Context, tx: Reading, verb: Verb, group_id: int) -> tuple[Group, Actor] | None:
    """The group behind a row that a button names (a post, a request, a card), and the actor; None for one that the
    person may not know of, which is answered as where there is no such row.

    Raises Refused `group_gone` for a deleted one: nobody has a right to it any more; NotAllowed.
    """
    group = await tx.get(Group, group_id)
    if group is None or not await _known(context, tx, group):
        return None
    if group.deleted_at is not None:
        raise Refused("group_gone")
    return group, await context.require(tx, verb, group)


async def meant(context: Context, tx: Reading, verb: Verb, group: str | int) -> tuple[Group, Actor]:
    """The group a command's text or a button's id means, and the actor, as the two above."""
    if isinstance(group, int):
        return await numbered(context, tx, verb, group)
    return await named(context, tx, verb, group)


async def mine(context: Context, tx: Reading, group: Group) -> Membership | None:
    """The person's own membership of a group."""
    assert group.id is not None
    return await memberships.find(tx, group.id, person_id=context.person.id)


def flags(membership: Membership | None) -> str:
    """A membership's flags as the catalogue names them (`commands.flags.<flags>`); "" for none."""
    return "_".join(name for name in FLAGS if membership is not None and getattr(membership, name))


async def seen(context: Context, tx: Reading, group: Group) -> bool:
    """Whether the person may know of the group: a hidden one must not be told from none."""
    return group.kind is GroupKind.GROUP and await _known(context, tx, group)


async def _known(context: Context, tx: Reading, group: Group) -> bool:
    return not group.hidden or sees_hidden(await context.who(tx, group))
