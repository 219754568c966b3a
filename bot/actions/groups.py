"""Buttons on groups: pages of the directory, one group, one's own place in it, and its deletion."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.actions import home
from bot.acts import groups as acts
from bot.acts import lifecycle, naming, subscription
from bot.context import ActionHandler, Answer, Click, Context, Errors, FormHandler, Submission, Update
from bot.payloads import row_id
from bot.views import answers, copies, state
from bot.views import groups as views
from bot.views.blocks import Shown
from bot.views.ids import Action, Field, Form
from store.terms import Refused


async def turn(context: Context, click: Click) -> None:
    """A page button of the directory: the message itself turns the page."""
    try:
        search, page = views.read_page(click.value)
    except ValueError:
        raise Refused("form_old") from None
    await context.answer(await acts.directory(context, search, page), in_place=True)


async def show(context: Context, click: Click) -> None:
    """The Details button."""
    await context.answer(await acts.detail(context, click.number))


def own(act: Callable[[Context, int], Awaitable[Shown]]) -> ActionHandler:
    """A button that does `act` for the person who clicked; a Home tab that was clicked in shows it at once."""

    async def handler(context: Context, click: Click) -> None:
        await context.answer(await act(context, click.number))
        await home.refresh(context, click)

    return handler


async def delete(context: Context, submission: Submission) -> Answer:
    """The typed confirmation of a deletion."""
    group_id = row_id(submission.metadata)
    try:
        address = await acts.delete(context, group_id, state.text(submission.view, Field.CONFIRM))
    except Refused as refused:
        if refused.name != "confirmation_differs":
            raise
        return Errors({Field.CONFIRM: answers.plain(context.language, refused.name, refused.values)})
    return Update(answers.modal(context.language, context.say("commands.deleted.done", address=address)))


async def join(context: Context, click: Click) -> None:
    """The Join button; who has no e-mail address in Slack is asked for one."""
    if not context.person.email:
        await context.modal(await subscription.join_form(context, click.number))
        return
    await own(_join)(context, click)


async def join_at(context: Context, submission: Submission) -> Answer:
    """The address somebody without one in Slack gave."""
    group_id = row_id(submission.metadata)
    at, note = state.text(submission.view, Field.MAILBOX), state.text(submission.view, Field.NOTE)
    try:
        shown = await subscription.join(context, group_id, note, at=at)
    except Refused as refused:
        return Errors({Field.MAILBOX: answers.plain(context.language, refused.name, refused.values)})
    return Update(answers.modal(context.language, shown.text))


async def receive(context: Context, click: Click) -> None:
    """The button for one's copies: which of them the person wants is asked in a form."""
    at_home = click.view is not None and click.view.get("type") == "home"
    await context.modal(await subscription.receive_form(context, click.number, at_home=at_home))


async def received(context: Context, submission: Submission) -> Answer:
    """The boxes as they were left."""
    ticked = state.ticked(submission.view, Field.WISHES)
    wishes = {name: name in ticked for name in copies.NAMES}
    group_id, _, place = submission.metadata.partition(" ")
    shown = await subscription.receive(context, row_id(group_id), wishes)
    if place == copies.AT_HOME:
        await home.redrawn(context)
    return Update(answers.modal(context.language, shown.text))


async def nothing(context: Context, click: Click) -> None:
    """A part of a view that acts nowhere."""


async def hold(context: Context, click: Click) -> None:
    """The Hold button: why is asked in a form."""
    await context.modal(await lifecycle.hold_form(context, click.number))


async def held(context: Context, submission: Submission) -> Answer:
    """The reason as it was typed."""
    reason = state.text(submission.view, Field.REASON)
    shown = await lifecycle.hold(context, row_id(submission.metadata), reason)
    return Update(answers.modal(context.language, shown.text))


async def rename(context: Context, submission: Submission) -> Answer:
    """The new address as it was typed, and the old one where it is asked for."""
    group_id, asked = naming.read(submission.metadata)
    anew = state.text(submission.view, Field.ADDRESS)
    try:
        shown = await naming.renamed(context, group_id, anew, state.text(submission.view, Field.CONFIRM), asked=asked)
    except Refused as refused:
        if refused.name == "group_gone":
            raise
        at = Field.CONFIRM if refused.name == "confirmation_differs" else Field.ADDRESS
        return Errors({at: answers.plain(context.language, refused.name, refused.values)})
    return Update(answers.modal(context.language, shown.text))


async def _join(context: Context, group_id: int) -> Shown:
    return await subscription.join(context, group_id)


async def _pause(context: Context, group_id: int) -> Shown:
    return await subscription.pause(context, group_id)


ACTIONS: dict[Action, ActionHandler] = {
    Action.DIRECTORY_PAGE: turn,
    Action.GROUP_SHOW: show,
    Action.GROUP_JOIN: join,
    Action.GROUP_LEAVE: own(subscription.leave),
    Action.GROUP_PAUSE: own(_pause),
    Action.GROUP_RESUME: own(subscription.resume),
    Action.GROUP_RECEIVE: receive,
    Action.GROUP_TEST: own(subscription.test),
    Action.GROUP_HOLD: hold,
    Action.GROUP_UNHOLD: own(lifecycle.lift),
    Action.INERT: nothing,
}
FORMS: dict[Form, FormHandler] = {
    Form.DELETE: delete,
    Form.JOIN: join_at,
    Form.RECEIVE: received,
    Form.HOLD: held,
    Form.RENAME: rename,
}
