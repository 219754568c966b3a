"""A file of contacts chosen in its form, the export button, and the clicks on what was proposed."""

from __future__ import annotations

from collections.abc import Mapping

from bot.acts import rosters as acts
from bot.context import ActionHandler, Answer, Click, Context, Errors, FormHandler, Submission, Update
from bot.payloads import row_id
from bot.views import answers, state
from bot.views import proposals as views
from bot.views.ids import Action, Field, Form
from store.terms import Refused
from store.verdicts import ProposalState

OF_THE_FILE = frozenset({
    "sheet_empty", "sheet_too_long", "sheet_unreadable", "sheet_no_address", "file_too_large", "file_unreadable",
})  # fmt: skip


async def open_form(context: Context, click: Click) -> None:
    """The Import button of the members form."""
    await context.modal(await acts.import_form(context, click.number))


async def take(context: Context, submission: Submission) -> Answer:
    """A file was chosen: what it would change comes by direct message, and is told here."""
    (file_id, *_) = state.files(submission.view, Field.FILE) or ("",)
    others = views.WITHDRAW in state.ticked(submission.view, Field.WITHDRAW_OTHERS)
    try:
        told = await acts.take(context, row_id(submission.metadata), file_id, withdraw_others=others)
    except Refused as refused:
        if refused.name not in OF_THE_FILE:
            raise
        return Errors({Field.FILE: answers.plain(context.language, refused.name, refused.values)})
    return Update(answers.modal(context.language, told))


async def export(context: Context, click: Click) -> None:
    """The Export button of the members form."""
    await context.modal(answers.modal(context.language, await acts.export(context, click.number)))


async def apply(context: Context, click: Click) -> None:
    await _decided(context, click, ProposalState.APPLYING)


async def discard(context: Context, click: Click) -> None:
    await _decided(context, click, ProposalState.DISCARDED)


async def _decided(context: Context, click: Click, state: ProposalState) -> None:
    told = await acts.decide(context, click.number, state)
    if told is not None:
        await context.answer(told)


ACTIONS: Mapping[Action, ActionHandler] = {
    Action.MEMBERS_IMPORT: open_form,
    Action.MEMBERS_EXPORT: export,
    Action.PROPOSAL_APPLY: apply,
    Action.PROPOSAL_DISCARD: discard,
}
FORMS: Mapping[Form, FormHandler] = {Form.MEMBERS_IMPORT: take}
