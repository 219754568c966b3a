"""What can be decided at once, from the rows."""

from __future__ import annotations

from bot.acts import home, lookup
from bot.context import Context
from bot.permissions import Verb
from bot.views.several import MOST, Item
from store import floods, pending
from store.engine import Reading
from store.schema.group import Group
from store.schema.post import Post
from store.schema.request import Request
from store.terms import SlackContent
from store.texts import say

# What may come of each, in the order in which it is told.
OUTCOMES = ("approved", "released", "turned_down", "discarded", "late", "denied", "refused", "gone", "busy")


async def items(context: Context, flood_id: int | None) -> tuple[list[Item], int]:
    """The oldest of all that waits for the person, and how much there is; of one flood alone where one is named.

    Raises NotAllowed, Refused.
    """
    async with context.database.reading() as tx:
        if flood_id is not None:
            group, waiting = await flood(context, tx, flood_id)
            return [_item(context.language, one, group) for one in waiting[:MOST] if group is not None], len(waiting)
        deciding = await home.deciding(context, tx)
        if not deciding:
            return [], 0
        found = await pending.page(tx, list(deciding), 0, MOST)
        total = sum(await pending.count(tx, list(deciding)))
        return [_item(context.language, one, deciding[one.group_id]) for one in found], total


async def flood(context: Context, tx: Reading, flood_id: int) -> tuple[Group | None, list[Post]]:
    """What waits of a flood, and its group; nothing of one that the person may not know of. Raises NotAllowed."""
    waiting = await floods.waiting(tx, flood_id)
    found = await lookup.behind(context, tx, Verb.DECIDE_POST, waiting[0].group_id) if waiting else None
    return (found[0], waiting) if found is not None else (None, [])


def _item(language: str, one: Request | Post, group: Group) -> Item:
    if isinstance(one, Request):
        return Item(f"r{one.id}", one.address, group.display_name)
    if group.slack_content is SlackContent.NONE or not one.subject:
        return Item(f"p{one.id}", one.author, group.display_name)
    what = say(language, "several.post", group=group.display_name, subject=one.subject)
    return Item(f"p{one.id}", one.author, what)
