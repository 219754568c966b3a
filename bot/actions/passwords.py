"""Buttons and forms of app passwords."""

from __future__ import annotations

from bot.acts import passwords as acts
from bot.context import ActionHandler, Answer, Clear, Click, Context, Errors, FormHandler, Submission, Update
from bot.views import answers, state
from bot.views import passwords as views
from bot.views.ids import Action, Field, Form
from store.terms import Refused

# Refusals of the name that was typed; others are about the person, and stand over the form.
_OF_THE_NAME = frozenset({"password_label_missing", "password_label_long", "password_label_taken"})


async def open_form(context: Context, click: Click) -> None:
    """The App passwords button."""
    await context.modal(await acts.form(context))


async def make(context: Context, submission: Submission) -> Answer:
    """The name of a new one: the form becomes the one place where it is shown."""
    try:
        made = await acts.make(context, state.text(submission.view, Field.LABEL))
    except Refused as refused:
        if refused.name not in _OF_THE_NAME:
            raise
        return Errors({Field.LABEL: answers.plain(context.language, refused.name, refused.values)})
    return Update(views.made(context.language, made))


async def noted(context: Context, submission: Submission) -> Answer:
    """The person has seen the new one."""
    return Clear()


async def revoke(context: Context, click: Click) -> None:
    """The Revoke button, in the form or in an answer; either is drawn anew."""
    said, shown = await acts.revoke(context, click.number)
    if click.view is not None:
        await context.redraw(await acts.form(context, said=said), said=said)
    else:
        await context.answer(shown, in_place=True)


ACTIONS: dict[Action, ActionHandler] = {Action.PASSWORD_FORM: open_form, Action.PASSWORD_REVOKE: revoke}
FORMS: dict[Form, FormHandler] = {Form.PASSWORDS: make, Form.PASSWORD_MADE: noted}
