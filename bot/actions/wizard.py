"""The wizard: three steps in one modal, to a new group or to changes of one that exists.

Each submission is judged whole and answered at its inputs; what passes goes on in the draft. The right is asked at
the beginning and once more at the end, since a form may stand open for hours.
"""

from __future__ import annotations

from bot.actions import wizard_people, wizard_review, wizard_settings
from bot.acts import drafts, lookup
from bot.context import Answer, Click, Context, Errors, Submission, Update
from bot.permissions import Verb
from bot.views import people as people_views
from bot.views import settings as settings_views
from bot.views import templates as template_views
from bot.views.blocks import View
from bot.views.draft import Draft, DraftTooLarge
from bot.views.ids import Action, Field, Form
from store.terms import Refused


async def open_create(context: Context, click: Click) -> None:
    """The Create button."""
    await context.modal(await drafts.create(context))


async def open_settings(context: Context, click: Click) -> None:
    """The Settings button of a group."""
    await context.modal(await drafts.change(context, click.number))


async def settings(context: Context, submission: Submission) -> Answer:
    """Step 1: everything about the group itself."""
    draft = draft_of(submission.metadata)
    typed = wizard_settings.read(submission.view)
    faults = await wizard_settings.faults(context, draft, typed)
    if faults:
        return Errors(faults)
    draft = draft.with_settings(wizard_settings.settled(context, draft, typed))
    try:
        return Update(await _people_step(context, draft))
    except DraftTooLarge:  # many people were picked before, and now a long name
        return Errors({Field.DISPLAY_NAME: context.say_plain("refused.people_too_many")})


async def open_more(context: Context, click: Click) -> None:
    """The page behind step 1; what was typed in that is kept, right or wrong, until it is submitted."""
    draft = _typed(click)
    await context.redraw(settings_views.more(context.language, draft, address=await _address(context, draft)))


async def more(context: Context, submission: Submission) -> Answer:
    """Back to step 1 with what most groups leave as it is."""
    draft = draft_of(submission.metadata)
    typed = wizard_settings.read(submission.view)
    faults = await wizard_settings.more_faults(context, draft, typed)
    if faults:
        return Errors(faults)
    draft = draft.with_settings(wizard_settings.settled(context, draft, typed))
    try:
        return Update(await _settings_step(context, draft))
    except DraftTooLarge:
        return Errors({Field.ALIASES: context.say_plain("refused.people_too_many")})


async def open_templates(context: Context, click: Click) -> None:
    """What templates there are for a new group."""
    await context.redraw(template_views.page(context.language, _typed(click)))


async def use_template(context: Context, click: Click) -> None:
    """Step 1 again, filled in by a template."""
    draft = draft_of(str((click.view or {}).get("private_metadata") or ""))
    if not 1 <= click.number <= len(template_views.OFFERED):
        raise Refused("form_old")
    chosen = template_views.OFFERED[click.number - 1]
    await context.redraw(await _settings_step(context, draft.with_settings(drafts.preset(chosen))))


async def people(context: Context, submission: Submission) -> Answer:
    """Step 2: who administers, moderates and receives."""
    draft = draft_of(submission.metadata)
    found = await wizard_people.read(context, draft, submission.view)
    if found.faults:
        return Errors(found.faults)
    try:
        return Update(await wizard_review.view(context, found.draft))
    except DraftTooLarge:
        at = Field.OUTSIDE if found.draft.chosen(Field.OUTSIDE) else Field.CONTACTS
        return Errors({at: context.say_plain("refused.people_too_many")})


async def review(context: Context, submission: Submission) -> Answer:
    """Step 3: do it. What the store refuses is told over the form, which keeps all that was typed."""
    return Update(await wizard_review.validate(context, draft_of(submission.metadata)))


async def back(context: Context, click: Click) -> None:
    """One step back; what was typed in this one is kept, right or wrong."""
    view = click.view or {}
    draft = draft_of(str(view.get("private_metadata") or ""))
    if view.get("callback_id") == Form.WIZARD_REVIEW:
        await context.redraw(await _people_step(context, draft))
        return
    if view.get("callback_id") == Form.WIZARD_TEMPLATES:
        await context.redraw(await _settings_step(context, draft))
        return
    try:
        await context.redraw(await _settings_step(context, wizard_people.kept(draft, view)))
    except DraftTooLarge:
        await context.redraw(await _settings_step(context, draft))


def _typed(click: Click) -> Draft:
    """The draft of a view that was clicked in, with what stands in its inputs, unjudged. Raises Refused."""
    view = click.view or {}
    draft = draft_of(str(view.get("private_metadata") or "")).with_settings(wizard_settings.read(view))
    try:
        draft.pack()
    except DraftTooLarge:
        raise Refused("people_too_many") from None
    return draft


async def _address(context: Context, draft: Draft) -> str:
    """The address of the group a draft changes; "" for a new one. Raises Refused, NotAllowed."""
    async with context.database.reading() as tx:
        if draft.group_id is None:
            await context.require(tx, Verb.CREATE)
            return ""
        group, _ = await lookup.numbered(context, tx, Verb.SETTINGS, draft.group_id)
    return group.address


async def _settings_step(context: Context, draft: Draft) -> View:
    address = await _address(context, draft)
    return settings_views.step(context.language, draft, drafts.domains(context), address=address)


async def _people_step(context: Context, draft: Draft) -> View:
    roster = people_views.EMPTY
    async with context.database.reading() as tx:
        if draft.group_id is None:
            await context.require(tx, Verb.CREATE)
        else:
            await lookup.numbered(context, tx, Verb.SETTINGS, draft.group_id)
            roster = await wizard_people.roster(tx, draft.group_id)
    return people_views.step(context.language, draft, roster)


def draft_of(metadata: str) -> Draft:
    """The draft a form carries. Raises Refused `form_old` for one that was not made by this version."""
    try:
        return Draft.unpack(metadata)
    except ValueError:
        raise Refused("form_old") from None


ACTIONS = {
    Action.GROUP_CREATE: open_create,
    Action.GROUP_SETTINGS: open_settings,
    Action.WIZARD_BACK: back,
    Action.WIZARD_MORE: open_more,
    Action.WIZARD_TEMPLATES: open_templates,
    Action.WIZARD_TEMPLATE: use_template,
}
FORMS = {
    Form.WIZARD_SETTINGS: settings,
    Form.WIZARD_MORE: more,
    Form.WIZARD_PEOPLE: people,
    Form.WIZARD_REVIEW: review,
}
