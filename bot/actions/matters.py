"""Apply, dismiss, compare again, name an administrator: what is decided about a group's roster. The first click holds.

The cards are not touched here: the decision marks their notice, and the outbox redraws every copy from the row.
"""

from __future__ import annotations

from bot import matters as drawn
from bot.acts import lookup
from bot.acts.members import unfit
from bot.context import ActionHandler, Answer, Click, Context, FormHandler, Submission, Update
from bot.guarded import refusal_errors
from bot.payloads import row_id
from bot.permissions import Verb
from bot.views import answers, state
from bot.views import matters as views
from bot.views.ids import Action, Field, Form
from store import following, leavers, matters, memberships, roster
from store.concerns import MatterKind, MatterState
from store.engine import Reading, Writing
from store.roster import Entry
from store.schema.group import Group
from store.schema.matter import Matter
from store.terms import Actor
from store.texts import Markup

# What Apply does with each kind at once; a difference to what is followed is the keeper's, who looks once more.
DECIDED = {MatterKind.FOLLOW: MatterState.APPLYING, MatterKind.LEAVERS: MatterState.APPLYING}
# What a later clicker is told of each kind, where it is not as of the others.
OUTCOMES = {MatterKind.LEAVERS: views.leavers_outcome, MatterKind.ORPHAN: views.orphan_outcome}


async def apply(context: Context, click: Click) -> None:
    """Do what the card shows, as far as it is still right."""
    async with context.database.writing() as tx:
        found = await _matter(context, tx, click.number, Verb.DECIDE_ROSTER)
        if found is None or found[0].kind not in DECIDED:
            what = context.say("roster.gone")
        else:
            matter, actor = found
            what = await _decided(context, tx, matter, DECIDED[matter.kind], actor)
            if not what and matter.kind is MatterKind.LEAVERS:
                await leavers.remove(tx, matter, actor)
            elif not what:
                await following.again(tx, matter.group_id)
    await _told(context, what)


async def dismiss(context: Context, click: Click) -> None:
    """Leave the roster as it is, and ask about these people no more."""
    async with context.database.writing() as tx:
        found = await _matter(context, tx, click.number, Verb.DECIDE_ROSTER)
        if found is None:
            what = context.say("roster.gone")
        else:
            what = await _decided(context, tx, found[0], MatterState.DISMISSED, found[1])
    await _told(context, what)


async def again(context: Context, click: Click) -> None:
    """Read the source again; what was dismissed by this card may be asked about again."""
    async with context.database.writing() as tx:
        found = await _matter(context, tx, click.number, Verb.DECIDE_ROSTER)
        if found is None:
            what = context.say("roster.gone")
        else:
            await matters.reopen(tx, found[0])
            await following.again(tx, found[0].group_id)
            what = context.say("roster.compared")
    await context.answer(what)


async def ask_administrator(context: Context, click: Click) -> None:
    """Open the form that names a group's new administrator."""
    async with context.database.reading() as tx:
        found = await _matter(context, tx, click.number, Verb.ADD)
        group = await tx.get(Group, found[0].group_id) if found is not None else None
        late = await _late(context, tx, found[0]) if found is not None else context.say("roster.gone")
    if late or group is None:
        await context.answer(late)
        return
    await context.modal(views.administrator_form(context.language, click.number, group.address))


async def administrator(context: Context, submission: Submission) -> Answer:
    """Name them; the right is asked again, the form may have been open for long."""
    picked = state.people(submission.view, Field.ADMINISTRATORS)
    people = [await context.services.directory.acting(one) for one in picked]
    refused = unfit(people, contact=False)
    if refused is not None:
        return refusal_errors(context, refused, Field.ADMINISTRATORS)
    async with context.database.writing() as tx:
        found = await _matter(context, tx, row_id(submission.metadata), Verb.ADD)
        if found is None:
            return Update(answers.modal(context.language, context.say("roster.gone")))
        matter, actor = found
        late = await _late(context, tx, matter)
        if late:
            return Update(answers.modal(context.language, late))
        entries = [Entry(None, person.id, person.name) for person in people]
        await memberships.enrol(tx, matter.group_id, entries, administrator=True, actor=actor)
        await matters.decide(tx, row_id(submission.metadata), MatterState.APPLIED, actor)
        group = await tx.get_one(Group, matter.group_id)
    return Update(answers.modal(context.language, context.say("roster.orphan.done", group=group.address)))


async def _matter(context: Context, tx: Reading | Writing, matter_id: int, verb: Verb) -> tuple[Matter, Actor] | None:
    """The matter and who acts on it, its group locked in a writing transaction; None if there is none.

    Raises NotAllowed, Refused `group_gone`.
    """
    matter = await matters.get(tx, matter_id)
    if matter is None:
        return None
    found = await lookup.behind(context, tx, verb, matter.group_id)
    if found is None:
        return None
    if isinstance(tx, Writing):
        await roster.lock(tx, matter.group_id)
        matter = await matters.get(tx, matter_id)
    return None if matter is None else (matter, found[1])


async def _decided(context: Context, tx: Writing, matter: Matter, to: MatterState, actor: Actor) -> str:
    """Decide; "" if this decision holds, else what a later clicker is told: whose did."""
    assert matter.id is not None
    decided = await matters.decide(tx, matter.id, to, actor)
    if decided is None:
        return context.say("roster.gone")
    if decided.won:
        return ""
    return await _late(context, tx, decided.matter)


async def _late(context: Context, tx: Reading | Writing, matter: Matter) -> str:
    """What is told to whom comes later than a decision: whose it was, and what; "" while nobody has decided."""
    if matter.state is MatterState.OPEN:
        return ""
    outcome = OUTCOMES.get(matter.kind, views.outcome)(context.language, await drawn.card(tx, matter))
    if matter.decided_by is None:
        return outcome
    return context.say("roster.too_late", what=Markup(outcome))


async def _told(context: Context, what: str) -> None:
    if what:
        await context.answer(what)


ACTIONS: dict[Action, ActionHandler] = {
    Action.MATTER_APPLY: apply,
    Action.MATTER_DISMISS: dismiss,
    Action.MATTER_AGAIN: again,
    Action.MATTER_ADMINISTRATOR: ask_administrator,
}
FORMS: dict[Form, FormHandler] = {Form.MATTER_ADMINISTRATOR: administrator}
