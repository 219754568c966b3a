"""From a post's details, for administrators alone: every copy as a table or as a file, and the deferred ones again.

What names recipients goes to the asker by direct message, whatever channel the report stands in.
"""

from __future__ import annotations

from bot.acts import lookup, sending
from bot.context import ActionHandler, Click, Context
from bot.payloads import page_number, row_id
from bot.permissions import Verb
from bot.views import outcomes as views
from bot.views.blocks import Shown
from bot.views.ids import Action
from store import outcomes
from store.engine import Reading
from store.schema.group import Group
from store.schema.post import Post
from store.terms import Actor, Refused


async def table(context: Context, click: Click) -> None:
    """The first page."""
    await context.by_dm(await _page(context, click.number, 1))
    await context.answer(context.say("outcomes.sent"))


async def page(context: Context, click: Click) -> None:
    """Another page, in the message that was clicked; the value is `post:page`."""
    post_id, _, number = click.value.partition(":")
    shown = await _page(context, row_id(post_id), page_number(number))
    if click.channel_id is not None and click.ts is not None:
        await context.slack.update(click.channel_id, click.ts, shown)


async def file(context: Context, click: Click) -> None:
    """Every copy as a CSV file."""
    async with context.database.reading() as tx:
        group, _ = await _allowed(context, tx, click.number, Verb.DETAILS)
    content, n = [views.head(context.language)], 0
    async for some in outcomes.all_of(context.database, click.number):
        content.append(views.lines(context.language, [_copy(one) for one in some]))
        n += len(some)
    name = f"post-{click.number}-{group.address.partition('@')[0]}.csv"
    key = "outcomes.file_cut" if n >= outcomes.MOST_LINES else "outcomes.file"
    comment = context.say(key, n=n, group=group.address)
    await sending.send(context, name, b"".join(content), comment, unscoped="outcomes_no_files")
    await context.answer(context.say("outcomes.sent"))


async def hasten(context: Context, click: Click) -> None:
    """Try the deferred copies at once, as the lanes allow."""
    n = 0
    while True:
        async with context.database.writing() as tx:
            _, actor = await _allowed(context, tx, click.number, Verb.HASTEN)
            some = await outcomes.hasten(tx, click.number, actor)
        n += some
        if some < outcomes.HASTENED_AT_ONCE:
            break
    await context.answer(context.say("outcomes.hastened", n=n) if n else context.say("outcomes.nothing_deferred"))


async def _page(context: Context, post_id: int, number: int) -> Shown:
    async with context.database.reading() as tx:
        group, _ = await _allowed(context, tx, post_id, Verb.DETAILS)
        pages = max(-(-await outcomes.count(tx, post_id) // views.COPIES_A_PAGE), 1)
        number = min(number, pages)
        size = views.COPIES_A_PAGE
        found = await outcomes.page(tx, post_id, limit=size, offset=(number - 1) * size)
    shown = views.Page(post_id, group.address, [_copy(one) for one in found], number, pages)
    return views.table(context.language, shown)


async def _allowed(context: Context, tx: Reading, post_id: int, verb: Verb) -> tuple[Group, Actor]:
    """The post's group, and who asks; the right is asked at every click. Raises Refused `group_gone`, NotAllowed."""
    post = await tx.get(Post, post_id)
    found = await lookup.behind(context, tx, verb, post.group_id) if post is not None else None
    if found is None:
        raise Refused("group_gone")
    return found


def _copy(one: outcomes.Outcome) -> views.Copy:
    return views.Copy(one.address, one.state, one.at, one.hop, one.reply, one.attempts, one.due_at)


ACTIONS: dict[Action, ActionHandler] = {
    Action.REPORT_TABLE: table,
    Action.OUTCOMES_PAGE: page,
    Action.REPORT_FILE: file,
    Action.REPORT_HASTEN: hasten,
}
