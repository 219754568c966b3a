"""Forms, buttons, shortcuts and suggestions of mail that is written in Slack."""

from __future__ import annotations

from typing import Any

from bot.acts import compositions as acts
from bot.acts import threads
from bot.context import (
    ActionHandler,
    Answer,
    Click,
    Context,
    Errors,
    FormHandler,
    OptionsHandler,
    Shortcut,
    ShortcutHandler,
    Submission,
    Update,
)
from bot.payloads import row_id
from bot.views import answers, compose, emoji, state
from bot.views.ids import Action, Field, Form
from bot.views.ids import Shortcut as Callback
from store import conversations
from store.composition import CompositionState
from store.terms import Refused

# A refusal of what was typed stands at its input; the others are about the person or the group.
_AT = {
    "compose_no_subject": Field.SUBJECT,
    "compose_long_subject": Field.SUBJECT,
    "compose_no_text": Field.TEXT,
    "compose_long_text": Field.TEXT,
    "compose_controls": Field.TEXT,
    "compose_no_group": Field.GROUP,
}


async def written(context: Context, submission: Submission) -> Answer:
    """The form: the modal becomes what the mail will look like. Nothing is sent yet."""
    view = submission.view
    answers_id, _, _ = submission.metadata.partition(" ")
    try:
        group_id = row_id(state.choice(view, Field.GROUP)) if not answers_id else 0
        if group_id < 0:
            raise Refused("compose_no_group")
        composition_id = await acts.ask(
            context,
            group_id,
            emoji.named(state.text(view, Field.SUBJECT)),
            emoji.named(state.text(view, Field.TEXT)),  # Slack's picker leaves names in an input
            answers=row_id(answers_id) if answers_id else None,
            alone=state.choice(view, Field.WHOM) == compose.ALONE,
        )
    except Refused as refused:
        field = _AT.get(refused.name)
        if field is None:
            raise
        return Errors({field: answers.plain(context.language, refused.name, refused.values)})
    return Update(await acts.preview(context, composition_id))


async def previewed(context: Context, submission: Submission) -> Answer:
    """Send; or, where it was not drawn yet, look again."""
    composition_id = row_id(submission.metadata)
    async with context.database.reading() as tx:
        row = await acts.mine(context, tx, composition_id)
    # What the person saw decides: a mail that was drawn meanwhile is shown before it is sent.
    seen = any(block.get("type") == "divider" for block in submission.view.get("blocks") or ())
    if row.state is CompositionState.ASKED or (row.state is CompositionState.READY and not seen):
        return Update(await acts.preview(context, composition_id))
    return Update(await acts.send(context, composition_id))


async def undo(context: Context, click: Click) -> None:
    """Undo, in the modal or in the direct message, which the outbox draws anew."""
    shown = await acts.undo(context, click.number)
    if click.view is not None:
        await context.redraw(compose.sent(context.language, shown))
    elif shown.state is not CompositionState.UNDONE:
        await context.answer(compose.card(context.language, shown))


async def edit(context: Context, click: Click) -> None:
    """Back to the form, with what was written."""
    form = await acts.again(context, click.number)
    if click.view is not None:
        await context.redraw(form)
    else:
        await context.modal(form)


async def answer(context: Context, click: Click) -> None:
    """Reply by mail, at a report."""
    async with context.database.reading() as tx:
        told = await conversations.told_at(tx, click.channel_id or "", click.ts or "") == click.number
    await context.modal(await acts.answer(context, click.number, told=told))


async def of_message(context: Context, shortcut: Shortcut) -> None:
    """The shortcut at a message: an answer where that stands in the thread of a report, or is one; else a new mail."""
    form = await threads.of_message(context, shortcut.channel_id, shortcut.message)
    await context.modal(form or await acts.of_message(context, shortcut.message))


async def anew(context: Context, shortcut: Shortcut) -> None:
    """The shortcut of the whole workspace."""
    await context.modal(await acts.to(context, ""))


async def suggest(context: Context, query: str) -> list[dict[str, Any]]:
    """The groups in the form's select."""
    return await acts.suggest(context, query)


ACTIONS: dict[Action, ActionHandler] = {
    Action.COMPOSE_UNDO: undo,
    Action.COMPOSE_EDIT: edit,
    Action.COMPOSE_ANSWER: answer,
}
FORMS: dict[Form, FormHandler] = {Form.COMPOSE: written, Form.PREVIEW: previewed}
SHORTCUTS: dict[Callback, ShortcutHandler] = {Callback.MESSAGE_TO_GROUP: of_message, Callback.MAIL_TO_GROUP: anew}
OPTIONS: dict[Field, OptionsHandler] = {Field.GROUP: suggest}
