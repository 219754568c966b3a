"""Details of a post's deliveries, for administrators; and what to do with a post that the next hop refuses."""

from __future__ import annotations

from bot import alarmed, reported
from bot.acts import lookup
from bot.context import ActionHandler, Click, Context
from bot.payloads import row_id
from bot.permissions import Verb
from bot.views import alarms, reports
from bot.views.blocks import View
from bot.views.ids import Action
from store import posts
from store.texts import Markup


async def details(context: Context, click: Click) -> None:
    """Who failed, and what the next hop said."""
    view = await _details(context, click.number, 0)
    if view is None:
        await context.answer(context.say("slack.decided.post_gone"))
        return
    await context.modal(view)


async def page(context: Context, click: Click) -> None:
    """Another page of the open modal; the value is `post:offset`."""
    post_id, _, offset = click.value.partition(":")
    view = await _details(context, row_id(post_id), max(row_id(offset), 0))
    if view is not None:
        await context.redraw(view)


async def _details(context: Context, post_id: int, offset: int) -> View | None:
    async with context.database.reading() as tx:
        post = await posts.get(tx, post_id)
        if post is None or await lookup.behind(context, tx, Verb.DETAILS, post.group_id) is None:
            return None
        report = await reported.report(tx, post_id)
        if report is None:
            return None
        return reports.details(context.language, report, await reported.failures(tx, post_id, offset))


async def retry(context: Context, click: Click) -> None:
    """Try again what the next hop refused."""
    await _steer(context, click, again=True)


async def stop(context: Context, click: Click) -> None:
    """Give up what has not gone out."""
    await _steer(context, click, again=False)


async def _steer(context: Context, click: Click, *, again: bool) -> None:
    async with context.database.writing() as tx:
        post = await posts.get(tx, click.number)
        found = await lookup.behind(context, tx, Verb.STEER_POST, post.group_id) if post is not None else None
        late = ""
        if post is None or found is None:
            late = context.say("slack.decided.alarm_gone")
        # An old alarm's Stop must not stop a post that runs again.
        elif post.stalled is None:
            what = alarms.answered(context.language, await alarmed.answer(tx, post))
            late = context.say("slack.decided.alarm_late", what=Markup(what))
        else:
            await (posts.retry if again else posts.stop)(tx, click.number, found[1])
    if late:
        await context.answer(late)


ACTIONS: dict[Action, ActionHandler] = {
    Action.REPORT_DETAILS: details,
    Action.REPORT_PAGE: page,
    Action.ALARM_RETRY: retry,
    Action.ALARM_STOP: stop,
}
