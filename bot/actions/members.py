"""The members form: search, pages, and the menu beside each member."""

from __future__ import annotations

from bot.actions import enrolling
from bot.acts import members as acts
from bot.context import Answer, Click, Context, Submission, Update
from bot.payloads import page_number, row_id
from bot.views import members as views
from bot.views import state
from bot.views.ids import Action, Field, Form
from store.terms import Refused

LIMIT = "limit"  # the one choice that asks something first


async def open_form(context: Context, click: Click) -> None:
    """The Members button of a group."""
    await context.modal(await acts.form(context, click.number))


async def turn(context: Context, click: Click) -> None:
    """A page button."""
    group_id, search, _ = _read(click)
    await context.redraw(await acts.form(context, group_id, search=search, page=page_number(click.value)))


async def choose(context: Context, click: Click) -> None:
    """An entry of a member's menu: done at once, and the form redrawn with what was done."""
    group_id, search, page = _read(click)
    name, _, number = click.value.partition(":")
    if name == LIMIT:
        await enrolling.ask_until(context, group_id, row_id(number))
        return
    if name not in acts.CHOICES:
        raise Refused("form_old")
    said = await acts.choose(context, group_id, name, row_id(number))
    await context.redraw(await acts.form(context, group_id, search=search, page=page, said=said), said=said)


async def search(context: Context, submission: Submission) -> Answer:
    """The Search button: the first page of what matches."""
    try:
        group_id, _, _ = views.unpack(submission.metadata)
    except ValueError:
        raise Refused("form_old") from None
    wanted = state.text(submission.view, Field.SEARCH)
    return Update(await acts.form(context, group_id, search=wanted))


def _read(click: Click) -> tuple[int, str, int]:
    try:
        return views.unpack(str((click.view or {}).get("private_metadata") or ""))
    except ValueError:
        raise Refused("form_old") from None


ACTIONS = {
    Action.GROUP_MEMBERS: open_form,
    Action.MEMBERS_PAGE: turn,
    Action.MEMBERS_CHOOSE: choose,
}
FORMS = {Form.MEMBERS: search}
