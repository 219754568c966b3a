"""Several decisions at once: each is taken as if alone, once, by the first click, with the right asked again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot.actions import home
from bot.actions.decisions import post_of, request_of
from bot.acts import several as acts
from bot.context import (
    ActionHandler,
    Answer,
    Click,
    Context,
    Errors,
    FormHandler,
    NotAllowed,
    Submission,
    Update,
)
from bot.payloads import row_id
from bot.permissions import Verb
from bot.views import answers, several, state
from bot.views.ids import Action, Field, Form
from store import posts, requests
from store.engine import Writing
from store.locks import DatabaseBusy
from store.terms import Refused


async def ask(context: Context, click: Click) -> None:
    """The form, with all that waits for the person, or with what waits of one flood."""
    flood = click.number if click.value else None
    items, total = await acts.items(context, flood)
    if not items:
        await context.answer(context.say("commands.pending.nothing"))
        return
    await context.modal(several.form(context.language, items, total))


async def decide(context: Context, submission: Submission) -> Answer:
    """Carry out what was ticked; what was decided meanwhile, or may not be, is counted apart."""
    ticked = several.chosen(submission.view)
    if not ticked:
        return Errors({f"{Field.CHOSEN}0": context.say_plain("several.none")})
    yes = state.choice(submission.view, Field.DECISION) == "yes"
    came = await _each(context, ticked, yes=yes)
    await home.redrawn(context)
    told = [context.say(f"several.{what}", n=came[what]) for what in acts.OUTCOMES if came[what]]
    return Update(answers.modal(context.language, "\n".join(told)))


async def _each(context: Context, keys: Sequence[str], *, yes: bool) -> Counter[str]:
    """How often what came of them. What was decided before the database was busy is decided, and is told."""
    came: Counter[str] = Counter()
    for place, key in enumerate(keys):
        try:
            came[await _one(context, key, yes=yes)] += 1
        except DatabaseBusy:
            came["busy"] = len(keys) - place  # each of the rest would wait as long, and be told as late
            break
    return came


async def _one(context: Context, key: str, *, yes: bool) -> str:
    kind, number = key[:1], row_id(key[1:])
    take = {"r": _request, "p": _post}.get(kind)
    if take is None:
        return "gone"
    try:
        async with context.database.writing() as tx:
            return await take(context, tx, number, yes)
    except NotAllowed:
        return "denied"
    except Refused:
        return "refused"


async def _request(context: Context, tx: Writing, number: int, yes: bool) -> str:
    found = await request_of(context, tx, number)
    if found is None:
        return "gone"
    decided = await requests.decide(tx, number, approve=yes, reason="", actor=found[1])
    return ("approved" if yes else "turned_down") if decided.won else "late"


async def _post(context: Context, tx: Writing, number: int, yes: bool) -> str:
    found = await post_of(context, tx, number, Verb.DECIDE_POST)
    if found is None:
        return "gone"
    decided = await (posts.release if yes else posts.discard)(tx, number, found[1])
    return ("released" if yes else "discarded") if decided.won else "late"


async def discard_flood(context: Context, click: Click) -> None:
    """All of a flood that still waits goes nowhere, and nobody is told."""
    async with context.database.reading() as tx:
        _, waiting = await acts.flood(context, tx, click.number)
    came = await _each(context, [f"p{post.id}" for post in waiting], yes=False)
    told = [context.say(f"several.{what}", n=came[what]) for what in acts.OUTCOMES if came[what]]
    await context.answer(" ".join(told) or context.say("commands.pending.nothing"))


ACTIONS: dict[Action, ActionHandler] = {Action.PENDING_SEVERAL: ask, Action.FLOOD_DISCARD: discard_flood}
FORMS: dict[Form, FormHandler] = {Form.SEVERAL: decide}
