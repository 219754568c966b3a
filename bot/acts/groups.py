"""Groups, from their rows to what people see: the directory a page at a time, and one group."""

from __future__ import annotations

from bot import holds
from bot.acts import changes, lookup
from bot.acts import settings as settings_acts
from bot.context import Context
from bot.permissions import Verb, judge
from bot.views import changes as change_views
from bot.views import groups as views
from bot.views.blocks import Shown, View
from bot.views.copies import Wishes
from bot.views.ids import Field
from bot.views.review import OF_SOURCE
from bot.views.settings import SETTINGS, drafted
from store import ending, groups, memberships, names, nesting
from store.engine import Reading
from store.schema.group import Group
from store.schema.membership import Membership
from store.terms import Address, Mode, NameRole, Refused, Subscription

PUBLIC_SETTINGS = ("subscription", "leave", "posting")  # what everybody may know of a group they see


async def directory(context: Context, search: str, page: int) -> Shown:
    """A page of the groups the person sees. Raises NotAllowed."""
    async with context.database.reading() as tx:
        await context.require(tx, Verb.DIRECTORY)
        found = await groups.directory(
            tx,
            context.person,
            context.person.operator,
            search,
            offset=(page - 1) * views.PAGE,
            limit=views.PAGE + 1,
        )
    lines = [line(one.group, one.membership) for one in found[: views.PAGE]]
    return views.directory(
        context.language,
        lines,
        search=search,
        page=page,
        more=len(found) > views.PAGE,
        command=context.settings.command,
    )


async def detail(context: Context, group_text: str | int) -> Shown:
    """One group as the person may see it. Raises Refused, NotAllowed."""
    async with context.database.reading() as tx:
        group, _ = await lookup.meant(context, tx, Verb.SHOW, group_text)
        assert group.id is not None
        membership = await lookup.mine(context, tx, group)
        counts = await memberships.counts(tx, group.id)
        administrators = await memberships.administrators(tx, group.id)
        everything = judge(Verb.SETTINGS, await context.who(tx, group)).allowed
        aliases = [name.address for name in await names.of_group(tx, group.id) if name.role is NameRole.ALIAS]
        hold = await holds.of_group(tx, group)
        changed = await changes.last(tx, group.id) if everything else None
        inside = [one.address for one in await nesting.within(tx, group.id) if await lookup.seen(context, tx, one)]
    notes = await settings_acts.channel_notes(context, group) if everything else []
    if changed is not None:
        notes.append(change_views.last(context.language, changed))
    route = Address.parse(group.route)
    unsaid = {Field.DISPLAY_NAME} if group.follows else {Field.DISPLAY_NAME, *OF_SOURCE}
    shown = [one.field.value for one in SETTINGS if one.field not in unsaid]
    return views.detail(
        context.language,
        views.Detail(
            line=line(group, membership),
            contacts=counts.contacts,
            receiving=counts.receiving,
            administrators=[person.slack_id for person in administrators],
            settings=[(name, value(group, name)) for name in shown if everything or name in PUBLIC_SETTINGS],
            # Only what another system publishes has to be sent on to the route.
            route=group.route if everything and not context.serves(group.address) else "",
            aliases=aliases,
            hold=hold,
            notes=notes,
            join_at=""
            if group.subscription is Subscription.CLOSED or group.archived
            else str(names.sub_address(route, NameRole.JOIN)),
            help_at=str(names.sub_address(route, NameRole.HELP)),
            inside=inside,
        ),
    )


async def delete_form(context: Context, group_text: str) -> View:
    """The question before a deletion. Raises Refused, NotAllowed."""
    async with context.database.reading() as tx:
        group, _ = await lookup.named(context, tx, Verb.DELETE, group_text)
        assert group.id is not None
        counts = await memberships.counts(tx, group.id)
    return views.delete_form(context.language, group.id, group.address, counts.contacts)


async def delete(context: Context, group_id: int, confirmation: str) -> str:
    """Delete a group whose address was typed; gives it. Raises Refused `confirmation_differs`, NotAllowed."""
    async with context.database.writing() as tx:
        group, actor = await lookup.numbered(context, tx, Verb.DELETE, group_id)
        if confirmation.strip().lower() != group.address:
            raise Refused("confirmation_differs", address=group.address)
        await ending.delete(tx, group_id, actor)
    return group.address


def line(group: Group, membership: Membership | None) -> views.Line:
    """A group and what the reader is to it, for every view that names groups."""
    assert group.id is not None
    mine = views.Mine()
    if membership is not None:
        wishes = Wishes(membership.receive_own, membership.receive_addressed)
        mine = views.Mine(
            lookup.flags(membership), membership.receiving, membership.paused_until, membership.until, wishes
        )
    return views.Line(
        group_id=group.id,
        address=group.address,
        name=group.display_name,
        # Nobody joins what takes no mail.
        subscription=Subscription.CLOSED.value if group.archived else group.subscription.value,
        hidden=group.hidden,
        paused=group.mode is Mode.PAUSED,
        on_hold=group.on_hold,
        archived=group.archived,
        mine=mine,
    )


def value(group: Group, name: str) -> str:
    """A setting of a group as a draft holds it: text, option value, bytes, channel id; "" for none."""
    return drafted(getattr(group, name))


async def of_person(tx: Reading, context: Context, offset: int, limit: int) -> list[views.Line]:
    """The groups the person is in, by name, a page of them."""
    assert context.person.id is not None
    found = await groups.mine(tx, context.person.id)
    found.sort(key=lambda pair: (pair[0].display_name.casefold(), pair[0].address))
    return [line(group, membership) for group, membership in found[offset : offset + limit]]
