"""`ban` and `allow`: a group's lists, what is added to them and taken off."""

from __future__ import annotations

from bot.acts import lookup
from bot.commands.bound import Bound, Turn
from bot.context import Context
from bot.permissions import Verb
from bot.views import rulings as views
from bot.views.blocks import Shown
from store import rulings
from store.terms import Refused
from store.word import RulingKind


async def ban(context: Context, bound: Bound) -> Shown:
    return await _ruled(context, bound, RulingKind.BAN, Verb.BAN)


async def allow(context: Context, bound: Bound) -> Shown:
    return await _ruled(context, bound, RulingKind.ALLOW, Verb.ALLOW)


async def _ruled(context: Context, bound: Bound, kind: RulingKind, verb: Verb) -> Shown:
    """The list where nobody is named; else the change, told."""
    assert bound.group is not None
    if not bound.pattern:
        async with context.database.reading() as tx:
            group, _ = await lookup.named(context, tx, verb, bound.group)
            assert group.id is not None
            found = await rulings.of_group(tx, group.id, kind)
        lines = [views.Line(one.pattern, one.created_at) for one in found]
        return views.listed(context.language, kind, group.address, lines)
    async with context.database.writing() as tx:
        group, actor = await lookup.named(context, tx, verb, bound.group)
        assert group.id is not None
        pattern = rulings.pattern(bound.pattern)
        if bound.turn is Turn.REMOVE:
            if not await rulings.lift(tx, group.id, kind, pattern.text, actor):
                raise Refused("ruling_none", text=pattern.text, address=group.address)
            what = "removed"
        else:
            made = await rulings.add(tx, group.id, kind, pattern, actor)
            what = "added" if made is not None else "already"
    return views.told(context.language, kind, what, group.address, pattern.text)
