"""Why? on reports: of whom, then what became of the post for them. Why? on held cards: the rules that were asked."""

from __future__ import annotations

from bot.acts import lookup
from bot.acts import why as acts
from bot.context import ActionHandler, Answer, Click, Context, FormHandler, Submission, Update
from bot.guarded import refusal_errors
from bot.payloads import row_id
from bot.permissions import Verb
from bot.views import answers, state
from bot.views import why as views
from bot.views.ids import Action, Field, Form
from store import posts
from store.terms import Reason, Refused


async def ask(context: Context, click: Click) -> None:
    """Administrators are asked of whom; others are told of themselves at once."""
    group = await acts.asks_of_anybody(context, click.number)
    if group is None:
        await context.answer(await acts.of_post(context, click.number))
    else:
        await context.modal(views.form(context.language, click.number, group))


async def explain(context: Context, submission: Submission) -> Answer:
    """Of the person picked, or of the address typed. The right is asked again."""
    post_id = row_id(submission.metadata)
    slack_id, address = state.person(submission.view, Field.PERSON), state.text(submission.view, Field.ADDRESS)
    if not slack_id and not address:
        return refusal_errors(context, Refused("whom_missing"), Field.PERSON)
    try:
        shown = await acts.of_post(context, post_id, slack_id="" if address else slack_id, address=address)
    except Refused as refused:
        if refused.name.startswith("contact_"):
            return refusal_errors(context, refused, Field.ADDRESS)
        raise
    return Update(answers.modal(context.language, shown))


async def held(context: Context, click: Click) -> None:
    """Every rule that was asked of a held post, for who may decide on it."""
    async with context.database.reading() as tx:
        post = await posts.get(tx, click.number)
        found = await lookup.behind(context, tx, Verb.READ_POST, post.group_id) if post is not None else None
        if post is None or found is None:
            raise Refused("group_gone")
    reasons = [Reason.from_json(reason) for reason in post.reasons]
    asked = [(str(name), bool(hit)) for name, hit in post.trail]
    await context.modal(views.trail(context.language, found[0].address, reasons, post.verdict, asked))


ACTIONS: dict[Action, ActionHandler] = {Action.REPORT_WHY: ask, Action.POST_WHY: held}
FORMS: dict[Form, FormHandler] = {Form.WHY: explain}
