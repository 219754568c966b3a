"""What a contact does about their mail that comes back: resume, change the address, leave. Nobody else may."""

from __future__ import annotations

from bot import returned
from bot.context import ActionHandler, Answer, Click, Context, FormHandler, Submission, Update
from bot.guarded import refusal_errors
from bot.payloads import row_id
from bot.permissions import Verb
from bot.views import answers, state
from bot.views import bouncing as views
from bot.views.ids import Action, Field, Form
from store import addresses, bouncing, memberships
from store.engine import Reading, Writing
from store.schema.group import Group
from store.schema.incident import Incident
from store.schema.membership import Membership
from store.terms import Actor, Address, InvalidAddress, Refused


async def resume(context: Context, click: Click) -> None:
    """Let the copies go out again; the message is redrawn by the outbox."""
    async with context.database.writing() as tx:
        found = await _own(context, tx, click.number, Verb.RESUME)
        if found is not None:
            incident, _, actor = found
            await memberships.resume(tx, incident.membership_id, actor)
    await _over(context, found is None)


async def leave(context: Context, click: Click) -> None:
    """Leave the group."""
    async with context.database.writing() as tx:
        found = await _own(context, tx, click.number, Verb.LEAVE)
        if found is not None:
            incident, row, actor = found
            await memberships.leave(tx, incident.group_id, row, actor)
    await _over(context, found is None)


async def ask(context: Context, click: Click) -> None:
    """Open the form for another address."""
    async with context.database.reading() as tx:
        found = await _own(context, tx, click.number, Verb.RESUME)
        shown = await returned.incident(tx, found[0]) if found is not None else None
    if shown is None:
        await _over(context, True)
        return
    await context.modal(views.form(context.language, shown))


async def change(context: Context, submission: Submission) -> Answer:
    """Use another address from now on: the profile's own at once, any other when a moderator has looked."""
    typed = state.text(submission.view, Field.ADDRESS)
    try:
        async with context.database.writing() as tx:
            found = await _own(context, tx, row_id(submission.metadata), Verb.RESUME)
            if found is None:
                return Update(answers.modal(context.language, context.say("slack.bouncing.over")))
            incident, row, _ = found
            address = addresses.contact(str(Address.parse(typed)))
            outcome = await bouncing.move(tx, incident, row, context.person, address)
            group = await tx.get_one(Group, incident.group_id)
    except InvalidAddress:
        return refusal_errors(context, Refused("own_address_malformed", text=typed[:80]), Field.ADDRESS)
    except Refused as refused:
        return refusal_errors(context, refused, Field.ADDRESS)
    said = context.say(f"slack.bouncing.{outcome}", group=group.address, address=str(address))
    return Update(answers.modal(context.language, said))


async def _own(
    context: Context, tx: Reading | Writing, incident_id: int, verb: Verb
) -> tuple[Incident, Membership, Actor] | None:
    """The open incident of the person's own mailbox, with the row and the actor; None if there is none (any more)."""
    found = await bouncing.theirs(tx, incident_id, context.person)
    if found is None:
        return None
    incident, row = found
    actor = await context.require(tx, verb, await tx.get_one(Group, incident.group_id))
    return incident, row, actor


async def _over(context: Context, over: bool) -> None:
    if over:
        await context.answer(context.say("slack.bouncing.over"))


ACTIONS: dict[Action, ActionHandler] = {
    Action.BOUNCING_RESUME: resume,
    Action.BOUNCING_ADDRESS: ask,
    Action.BOUNCING_LEAVE: leave,
}
FORMS: dict[Form, FormHandler] = {Form.BOUNCING_ADDRESS: change}
