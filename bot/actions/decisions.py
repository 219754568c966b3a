"""Approve, deny, read, release, reject, discard: the first click wins, in the database; later ones are told whose.

The card is not touched here: the decision marks its notice, and the outbox redraws every copy from the row.
"""

from __future__ import annotations

from bot import drawing, held
from bot.actions import home
from bot.acts import home as home_acts
from bot.context import ActionHandler, Answer, Clear, Click, Context, FormHandler, Submission, Update, message_view
from bot.payloads import row_id
from bot.permissions import Verb
from bot.views import blocks, cards, reading, state
from bot.views import home as home_views
from bot.views.ids import Action, Field, Form
from store import posts, requests
from store.engine import Reading
from store.schema.group import Group
from store.schema.post import Post
from store.schema.request import Request
from store.terms import Actor, PostState, Refused, RequestState
from store.texts import Markup

HOME = "home"


async def approve(context: Context, click: Click) -> None:
    """The applicant is in (or, for a leave request, off the roster), and is told."""
    async with context.database.writing() as tx:
        found = await _request(context, tx, click.number)
        if found is None:
            what = context.say("slack.decided.request_gone")
        else:
            decided = await requests.decide(tx, click.number, approve=True, reason="", actor=found[1])
            what = "" if decided.won else await _request_told(context, tx, decided.request)
    await _seen(context, click, what)


async def ask_deny(context: Context, click: Click) -> None:
    """Deny asks why first; nothing is decided until that form is submitted."""
    async with context.database.reading() as tx:
        found = await _request(context, tx, click.number)
        if found is None:
            what = context.say("slack.decided.request_gone")
        else:
            request, _ = found
            group = await _group(tx, request.group_id)
            what = "" if request.state is RequestState.PENDING else await _request_told(context, tx, request)
    if what:
        await context.answer(what)
        return
    about = _about(click)
    form = cards.reason_form(context.language, Form.REQUEST_DENY, about, group=group.address, optional=True)
    await context.modal(form)


async def deny(context: Context, submission: Submission) -> Answer:
    """With the reason given; the right is checked again, the form may have been open for long."""
    request_id, from_home = _number(submission.metadata)
    async with context.database.writing() as tx:
        found = await _request(context, tx, request_id)
        if found is None:
            return _said(context, context.say("slack.decided.request_gone"))
        reason = state.text(submission.view, Field.REASON)
        decided = await requests.decide(tx, request_id, approve=False, reason=reason, actor=found[1])
        what = "" if decided.won else await _request_told(context, tx, decided.request)
    if from_home:
        await home.redrawn(context)
    return _said(context, what) if what else Clear()


# ---------------------------------------------------------------- held posts


async def read(context: Context, click: Click) -> None:
    """The mail's text, for who may decide on it."""
    async with context.database.reading() as tx:
        found = await _post(context, tx, click.number, Verb.READ_POST)
        if found is not None:
            post, _ = found
            text = await held.mail_of(tx, click.number)
    if found is None:
        await context.answer(context.say("slack.decided.post_gone"))
        return
    await context.modal(reading.modal(context.language, author=post.author, subject=post.subject, mail=text))


async def release(context: Context, click: Click) -> None:
    """The post goes out, to the contacts as of now."""
    await _decide_post(context, click, release=True)


async def discard(context: Context, click: Click) -> None:
    """The post goes nowhere, and nobody is told."""
    await _decide_post(context, click, release=False)


async def _decide_post(context: Context, click: Click, *, release: bool) -> None:
    async with context.database.writing() as tx:
        found = await _post(context, tx, click.number, Verb.DECIDE_POST)
        if found is None:
            what = context.say("slack.decided.post_gone")
        else:
            decided = await (posts.release if release else posts.discard)(tx, click.number, found[1])
            what = "" if decided.won else await _post_told(context, tx, decided.post)
    await _seen(context, click, what)


async def ask_reject(context: Context, click: Click) -> None:
    """Reject asks why first: the author gets that reason by mail."""
    async with context.database.reading() as tx:
        found = await _post(context, tx, click.number, Verb.DECIDE_POST)
        if found is None:
            what = context.say("slack.decided.post_gone")
        else:
            post, _ = found
            group = await _group(tx, post.group_id)
            what = "" if post.state is PostState.HELD else await _post_told(context, tx, post)
    if what:
        await context.answer(what)
        return
    about = _about(click)
    form = cards.reason_form(context.language, Form.POST_REJECT, about, group=group.address, optional=False)
    await context.modal(form)


async def reject(context: Context, submission: Submission) -> Answer:
    """With the reason given, mailed to the author, who is proven to be it."""
    post_id, from_home = _number(submission.metadata)
    async with context.database.writing() as tx:
        found = await _post(context, tx, post_id, Verb.DECIDE_POST)
        if found is None:
            return _said(context, context.say("slack.decided.post_gone"))
        reason = state.text(submission.view, Field.REASON)
        decided = await posts.reject(tx, post_id, reason, found[1])
        what = "" if decided.won else await _post_told(context, tx, decided.post)
    if from_home:
        await home.redrawn(context)
    return _said(context, what) if what else Clear()


# ---------------------------------------------------------------- what the row says


async def _request(context: Context, tx: Reading, request_id: int) -> tuple[Request, Actor] | None:
    """The request and who acts on it; None if there is none. Raises NotAllowed."""
    request = await requests.get(tx, request_id)
    if request is None:
        return None
    return request, await context.require(tx, Verb.DECIDE_REQUEST, await _group(tx, request.group_id))


async def _post(context: Context, tx: Reading, post_id: int, verb: Verb) -> tuple[Post, Actor] | None:
    """The post and who acts on it; None if there is none. Raises NotAllowed."""
    post = await posts.get(tx, post_id)
    if post is None:
        return None
    return post, await context.require(tx, verb, await _group(tx, post.group_id))


async def _group(tx: Reading, group_id: int) -> Group:
    """The group's row. Raises Refused for a deleted one: nobody has a right to it any more, and all may know."""
    group = await tx.get(Group, group_id)
    if group is None or group.deleted_at is not None:
        raise Refused("group_gone")
    return group


async def _request_told(context: Context, tx: Reading, request: Request) -> str:
    """What a later clicker is told: that somebody was faster, who, and when."""
    card = await drawing.request_card(tx, request)
    return _too_late(context, cards.request_outcome(context.language, card))


async def _post_told(context: Context, tx: Reading, post: Post) -> str:
    card = await held.card(tx, post)
    return _too_late(context, cards.post_outcome(context.language, card))


def _too_late(context: Context, what: str) -> str:
    return context.say("slack.decided.too_late", what=Markup(what))


def _said(context: Context, text: str) -> Update:
    return Update(message_view(context.language, blocks.shown(text, [blocks.section(text)])))


async def _seen(context: Context, click: Click, what: str) -> None:
    """Every click is seen to do something: cards are redrawn by the outbox, Home and what `pending` showed are here."""
    if what:
        await context.answer(what)
    if click.ephemeral:
        waiting = home_views.pending(context.language, await home_acts.waiting(context, 1))
        await context.answer(waiting, in_place=True)
    await home.refresh(context, click)


def _about(click: Click) -> str:
    return f"{click.number} {HOME}" if click.view is not None and click.view.get("type") == HOME else str(click.number)


def _number(metadata: str) -> tuple[int, bool]:
    """The row's id and whether the form was opened in Home. What comes back from the client is a number or no row."""
    number, _, place = metadata.partition(" ")
    return row_id(number), place == HOME


ACTIONS: dict[Action, ActionHandler] = {
    Action.REQUEST_APPROVE: approve,
    Action.REQUEST_DENY: ask_deny,
    Action.POST_READ: read,
    Action.POST_RELEASE: release,
    Action.POST_REJECT: ask_reject,
    Action.POST_DISCARD: discard,
}
FORMS: dict[Form, FormHandler] = {Form.REQUEST_DENY: deny, Form.POST_REJECT: reject}
