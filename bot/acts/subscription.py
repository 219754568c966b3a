"""A person's own place in a group: join, leave, pause, resume, and a test mail to themselves."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime

from bot.acts import lookup
from bot.context import Context
from bot.permissions import Verb
from bot.views import answers, copies, escape
from bot.views import groups as views
from bot.views.blocks import Shown, View
from bot.views.groups import LONGEST_NOTE
from store import addresses, memberships, requests, trials
from store.engine import Reading, Writing
from store.schema.group import Group
from store.schema.membership import Membership
from store.terms import Receiving, Refused


async def join(context: Context, group_text: str | int, note: str = "", *, at: str = "") -> Shown:
    """Ask to become a contact, or become it at once where the group is open: at the address of the person's profile,
    or at another they give, which always waits for a decision."""
    async with context.database.writing() as tx:
        group, _ = await lookup.meant(context, tx, Verb.JOIN, group_text)
        if group.archived:
            raise Refused("group_archived", address=group.address)
        address = addresses.contact(at or context.person.email or "")
        asked = await requests.ask(tx, group, context.person, address, note.strip()[:LONGEST_NOTE])
    return answers.answer(
        context.language, f"commands.join.{asked.outcome}", address=group.address, name=group.display_name,
        email=str(address),
    )  # fmt: skip


async def join_form(context: Context, group_text: str | int, note: str = "") -> View:
    """Asks where the mail should go, of somebody without an address in Slack. Raises Refused, NotAllowed."""
    async with context.database.reading() as tx:
        group, _ = await lookup.meant(context, tx, Verb.JOIN, group_text)
        if group.archived:
            raise Refused("group_archived", address=group.address)
    assert group.id is not None
    return views.join_form(context.language, group.id, group.address, note[:LONGEST_NOTE])


async def leave(context: Context, group_text: str | int) -> Shown:
    """Leave a group: delivery stops at once, the place in it goes by its leave policy."""
    async with context.database.writing() as tx:
        group, actor = await lookup.meant(context, tx, Verb.LEAVE, group_text)
        membership = await _own(context, tx, group)
        assert group.id is not None
        left = await memberships.leave(tx, group.id, membership, actor)
    return answers.answer(context.language, f"commands.leave.{left.outcome}", address=group.address)


async def pause(context: Context, group_text: str | int, until: datetime | None = None) -> Shown:
    """Stop the person's own copies for a while; `until` None means until they resume."""
    async with context.database.writing() as tx:
        group, actor = await lookup.meant(context, tx, Verb.PAUSE, group_text)
        membership = await _own_copies(context, tx, group)
        if membership.receiving is Receiving.STOPPED:
            raise Refused("own_copies_stopped", address=group.address)
        if membership.receiving is Receiving.BOUNCING:
            raise Refused("own_copies_bouncing", address=group.address)
        assert membership.id is not None
        await memberships.pause(tx, membership.id, until, actor)
    if until is None:
        return answers.answer(context.language, "commands.pause.done", address=group.address)
    return answers.answer(
        context.language, "commands.pause.done_until", address=group.address,
        at=escape.moment(until, style="{date_long_pretty}"),
    )  # fmt: skip


async def resume(context: Context, group_text: str | int) -> Shown:
    """Let the person's own copies go out again."""
    async with context.database.writing() as tx:
        group, actor = await lookup.meant(context, tx, Verb.RESUME, group_text)
        membership = await _own_copies(context, tx, group)
        if membership.receiving is Receiving.ON:
            raise Refused("own_copies_on", address=group.address)
        assert membership.id is not None
        await memberships.resume(tx, membership.id, actor)
    return answers.answer(context.language, "commands.resume.done", address=group.address)


async def receive_form(context: Context, group_text: str | int, *, at_home: bool = False) -> View:
    """Asks which copies the person wants of a group; `at_home` if they asked there. Raises Refused, NotAllowed."""
    async with context.database.reading() as tx:
        group, _ = await lookup.meant(context, tx, Verb.RECEIVE, group_text)
        membership = await _own_copies(context, tx, group)
    assert group.id is not None
    wishes = copies.Wishes(membership.receive_own, membership.receive_addressed)
    return copies.form(context.language, group.id, group.address, wishes, at_home=at_home)


async def receive(context: Context, group_text: str | int, wishes: Mapping[str, bool | None]) -> Shown:
    """Keep which copies the person wants (`own`, `addressed`); a wish that is None is only told."""
    async with context.database.writing() as tx:
        group, actor = await lookup.meant(context, tx, Verb.RECEIVE, group_text)
        membership = await _own_copies(context, tx, group)
        assert membership.id is not None
        if any(wish is not None for wish in wishes.values()):
            await memberships.receive(tx, membership.id, actor, **wishes)
        now = {"own": membership.receive_own, "addressed": membership.receive_addressed}
    told = [context.say("commands.receive.of", address=group.address)]
    told += [context.say(f"commands.receive.{name}_{'on' if now[name] else 'off'}") for name in now if name in wishes]
    return answers.told("\n".join(told))


async def test(context: Context, group_text: str | int) -> Shown:
    """Mail only the person, through the group's real path; each step is shown to them in a message of its own."""
    async with context.database.writing() as tx:
        group, _ = await lookup.meant(context, tx, Verb.TEST, group_text)
        await trials.send(tx, group, context.person, secrets.token_hex(8))
    email = context.person.email or ""
    return answers.answer(context.language, "commands.test.started", address=group.address, email=email)


async def _own(context: Context, tx: Writing, group: Group) -> Membership:
    membership = await lookup.mine(context, tx, group)
    if membership is None:
        raise Refused("not_a_member", address=group.address)
    return membership


async def _own_copies(context: Context, tx: Reading, group: Group) -> Membership:
    membership = await lookup.mine(context, tx, group)
    if membership is None or not membership.contact:
        raise Refused("own_copies_none", address=group.address)
    return membership
