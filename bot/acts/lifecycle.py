"""Stopping a group, and letting it go on: emergency hold, archive, restoring a deleted one."""

from __future__ import annotations

from bot.acts import lookup
from bot.context import Context
from bot.permissions import Role, Verb
from bot.views import answers, escape
from bot.views import lifecycle as views
from bot.views.blocks import Shown, View
from store import archiving, ending, groups, holding, standstill
from store.schema.group import Group
from store.terms import Refused
from store.texts import say

# For `/group hold all`; the second where a group is called all.
EVERYWHERE = ("all", "everywhere")
LEFT_NAMED = 20


async def hold_form(context: Context, group_id: int) -> View:
    """Asks why a group is put on hold. Raises Refused, NotAllowed."""
    async with context.database.reading() as tx:
        group, _ = await lookup.numbered(context, tx, Verb.HOLD, group_id)
    if group.on_hold:
        raise Refused("already_on_hold", address=group.address)
    return views.hold_form(context.language, group_id, group.address, holding.LONGEST_REASON)


async def hold(context: Context, group: str | int, reason: str) -> Shown:
    """Put a group on hold. Raises Refused, NotAllowed."""
    async with context.database.writing() as tx:
        found, actor = await lookup.meant(context, tx, Verb.HOLD, group)
        assert found.id is not None
        await holding.hold(tx, found.id, reason, actor)
    return _done(context, "commands.hold.done", found)


async def lift(context: Context, group: str | int) -> Shown:
    """Lift a group's hold. Raises Refused, NotAllowed."""
    async with context.database.writing() as tx:
        found, actor = await lookup.meant(context, tx, Verb.UNHOLD, group)
        assert found.id is not None
        operator = Role.OPERATOR in (await context.who(tx, found)).roles()
        await holding.lift(tx, found.id, actor, operator=operator)
    return answers.answer(context.language, "commands.unhold.done", address=found.address)


async def hold_all(context: Context, word: str, reason: str) -> Shown:
    """Put every group on hold that is not. Raises Refused `hold_ambiguous` where a group has that name, NotAllowed."""
    async with context.database.reading() as tx:
        actor = await context.require(tx, Verb.HOLD_ALL)
        await _check_meant(context, word, "hold", await groups.meant(tx, word))
    return _done_everywhere(context, "hold", await standstill.begin(context.database, reason, actor))


async def lift_all(context: Context, word: str) -> Shown:
    """Lift every hold that was put on all groups; what administrators hold themselves stays. Raises NotAllowed."""
    async with context.database.reading() as tx:
        actor = await context.require(tx, Verb.HOLD_ALL)
        await _check_meant(context, word, "unhold", await groups.meant(tx, word))
    return _done_everywhere(context, "unhold", await standstill.end(context.database, actor))


async def archive(context: Context, group: str | int) -> Shown:
    """Archive a group. Raises Refused, NotAllowed."""
    async with context.database.writing() as tx:
        found, actor = await lookup.meant(context, tx, Verb.ARCHIVE, group)
        assert found.id is not None
        await archiving.archive(tx, found.id, actor)
    return _done(context, "commands.archive.done", found)


async def reopen(context: Context, group: str | int) -> Shown:
    """Let an archived group take mail again. Raises Refused, NotAllowed."""
    async with context.database.writing() as tx:
        found, actor = await lookup.meant(context, tx, Verb.UNARCHIVE, group)
        assert found.id is not None
        await archiving.reopen(tx, found.id, actor)
    return answers.answer(context.language, "commands.unarchive.done", address=found.address)


async def restore(context: Context, text: str) -> Shown:
    """Bring a deleted group back: operators, and who administered it. Raises Refused, NotAllowed."""
    async with context.database.writing() as tx:
        found = [group for group in await ending.deleted(tx, text) if await lookup.seen(context, tx, group)]
        if not found:
            living = await groups.meant(tx, text)
            if living and await lookup.seen(context, tx, living[0]):
                raise Refused("group_there", address=living[0].address)
            raise Refused("deleted_not_found", text=text[:100])
        if len(found) > 1:
            raise Refused("group_ambiguous", text=text[:100], addresses=", ".join(one.address for one in found[:5]))
        (group,) = found
        assert group.id is not None
        actor = await context.require(tx, Verb.RESTORE, group)
        await ending.restore(tx, group.id, actor)
    if group.on_hold:
        return _done(context, "commands.restore.held", group)
    return answers.answer(context.language, "commands.restore.done", address=group.address)


def _done_everywhere(context: Context, verb: str, done: standstill.Done) -> Shown:
    """How many groups, and which were not reached."""
    language, command = context.language, context.settings.command
    text = say(language, f"commands.{verb}.everywhere", n=done.n, command=command)
    if done.left:
        text += "\n" + say(
            language,
            f"commands.{verb}.left",
            via=escape.mrkdwn,
            n=len(done.left),
            addresses=", ".join(done.left[:LEFT_NAMED]),
            command=command,
        )
    return answers.told(text)


def _done(context: Context, key: str, group: Group) -> Shown:
    """What was done, and the command that undoes it."""
    command = context.settings.command
    return answers.answer(context.language, key, address=group.address, command=command, group=group.address)


async def _check_meant(context: Context, word: str, verb: str, same: list[Group]) -> None:
    """Raises Refused where a word for all groups is a group's name too."""
    if same and word.lower() == EVERYWHERE[0]:
        command = context.settings.command
        raise Refused("hold_ambiguous", address=same[0].address, command=command, verb=verb)
