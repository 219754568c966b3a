"""The forms beside the members: adding people, and the last day of a contact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.acts import lookup
from bot.acts import members as acts
from bot.commands import enrolling
from bot.commands.dates import day_of, last_day
from bot.commands.enrolling import Wanted
from bot.commands.grammar import Misread
from bot.commands.named import Outsider, Place, Role
from bot.context import ActionHandler, Answer, Click, Context, Errors, FormHandler, Submission, Update
from bot.faults import SlackFault
from bot.payloads import row_id
from bot.permissions import Verb
from bot.views import answers, state
from bot.views import enrolling as views
from bot.views import members as member_views
from bot.views.ids import Action, Field, Form
from store import addresses, endings
from store.schema.membership import Membership
from store.terms import Refused


async def open_form(context: Context, click: Click) -> None:
    """The Add button of the members form."""
    async with context.database.reading() as tx:
        group, _ = await lookup.numbered(context, tx, Verb.ADD, click.number)
    assert group.id is not None
    await context.modal(views.add_form(context.language, group.id, group.address))


async def add(context: Context, submission: Submission) -> Answer:
    """Whoever was picked, typed or is in the channel."""
    view = submission.view
    try:
        outside = tuple(
            Outsider(str(address), name) for address, name in addresses.contacts(state.text(view, Field.OUTSIDE))
        )
    except Refused as refused:
        return Errors({Field.OUTSIDE: answers.plain(context.language, refused.name, refused.values)})
    chosen = state.choice(view, Field.ROLE) or Role.CONTACT
    if chosen not in set(Role):
        raise Refused("form_old")
    channel = state.channel(view, Field.EVERYONE_IN)
    wanted = Wanted(
        slack_ids=state.people(view, Field.PEOPLE),
        outsiders=outside,
        channels=(Place(channel, await _name(context, channel)),) if channel else (),
        role=Role(chosen),
    )
    if not (wanted.named or wanted.placed):
        return Errors({Field.PEOPLE: context.say_plain("commands.enrol.nobody")})
    try:
        day = state.day(view, Field.UNTIL)
        if day:
            end = last_day(day, context.database.clock(), context.person.time_zone)
            wanted = Wanted(wanted.slack_ids, wanted.outsiders, wanted.channels, (), wanted.role, end)
        told = await enrolling.add(context, row_id(submission.metadata), wanted)
    except Misread as misread:
        at = Field.OUTSIDE if misread.name == "role_needs_person" else Field.UNTIL
        return Errors({at: _said(context, misread)})
    return Update(answers.modal(context.language, told.text))


def _said(context: Context, misread: Misread) -> str:
    values: dict[str, Any] = dict(misread.values)
    return context.say_plain(f"commands.misread.{misread.name}", **values)


async def _name(context: Context, channel_id: str) -> str:
    try:
        return (await context.slack.channel(channel_id)).name
    except SlackFault:
        return ""  # what is wrong with it is said when its people are asked for


async def ask_until(context: Context, group_id: int, membership_id: int) -> None:
    """The form for somebody's last day. Raises Refused, NotAllowed."""
    async with context.database.reading() as tx:
        group, _ = await lookup.numbered(context, tx, Verb.ADD, group_id)
        row = await tx.get(Membership, membership_id)
        if row is None or row.group_id != group.id or not row.contact:
            raise Refused("member_gone")
        (member,) = await acts.shown(tx, [row])
    last = day_of(row.until, context.person.time_zone) if row.until else None
    named = member_views.who(member)
    await context.modal(views.until_form(context.language, group_id, membership_id, named, last))


async def limit(context: Context, submission: Submission) -> Answer:
    """The last day as it was picked; none is for good."""
    try:
        group_id, membership_id = views.unpack(submission.metadata)
    except ValueError:
        raise Refused("form_old") from None
    day = state.day(submission.view, Field.UNTIL)
    try:
        until = last_day(day, context.database.clock(), context.person.time_zone) if day else None
    except Misread as misread:
        return Errors({Field.UNTIL: _said(context, misread)})
    async with context.database.writing() as tx:
        _, actor = await lookup.numbered(context, tx, Verb.ADD, group_id)
        row = await tx.get(Membership, membership_id)
        if row is None or row.group_id != group_id or not row.contact:
            raise Refused("member_gone")
        await endings.limit(tx, group_id, [membership_id], until, actor)
    return Update(answers.modal(context.language, context.say(f"commands.enrol.{'kept' if until else 'for_good'}")))


ACTIONS: Mapping[Action, ActionHandler] = {Action.MEMBERS_ADD: open_form}
FORMS: Mapping[Form, FormHandler] = {Form.MEMBERS_ADD: add, Form.MEMBERS_UNTIL: limit}
