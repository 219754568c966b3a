"""Approve, deny, read, release, reject, discard: the first click wins, in the database; later ones are told whose.

The card is not touched here: the decision marks its notice, and the outbox redraws every copy from the row.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot import asked, held
from bot.actions import home
from bot.acts import home as home_acts
from bot.acts import lookup
from bot.context import (
    ActionHandler,
    Answer,
    Clear,
    Click,
    Context,
    Errors,
    FormHandler,
    Submission,
    Update,
)
from bot.payloads import row_id
from bot.permissions import Verb
from bot.views import answers, cards, escape, reading, reasons, state
from bot.views import home as home_views
from bot.views.ids import Action, Field, Form
from store import claims, languages, persons, phrases, posts, requests
from store.engine import Reading, Writing
from store.schema.group import Group
from store.schema.post import Post
from store.schema.request import Request
from store.terms import Actor, Language, PostState, Reason, Refused, RequestState
from store.texts import Markup
from store.word import Subject

HOME = "home"


async def approve(context: Context, click: Click) -> None:
    """The applicant is in (or, for a leave request, off the roster), and is told."""
    async with context.database.writing() as tx:
        found = await request_of(context, tx, click.number)
        if found is None:
            what = context.say("slack.decided.request_gone")
        else:
            beside = await at_it(context, tx, Subject.REQUEST, click.number)
            decided = await requests.decide(tx, click.number, approve=True, reason="", actor=found[1])
            what = beside if decided.won else await request_told(context, tx, decided.request)
    await seen(context, click, what)


async def ask_deny(context: Context, click: Click) -> None:
    """Deny asks why first; nothing is decided until that form is submitted."""
    async with context.database.reading() as tx:
        found = await request_of(context, tx, click.number)
        if found is None:
            what = context.say("slack.decided.request_gone")
        else:
            request, _ = found
            group = await group_of(tx, request.group_id)
            what = "" if request.state is RequestState.PENDING else await request_told(context, tx, request)
            choices = await _choices(context, tx, group, Subject.REQUEST)
    if what:
        await context.answer(what)
        return
    form = cards.reason_form(
        context.language, Form.REQUEST_DENY, about(click), group=group.address, optional=True, choices=choices
    )
    await context.modal(form)


async def deny(context: Context, submission: Submission) -> Answer:
    """With the reason given; the right is checked again, the form may have been open for long."""
    request_id, from_home = number_of(submission.metadata)
    async with context.database.writing() as tx:
        found = await request_of(context, tx, request_id)
        if found is None:
            return said(context, context.say("slack.decided.request_gone"))
        group = await group_of(tx, found[0].group_id)
        language = await languages.of_applicant(tx, found[0], group.language)
        reason = await _reason(tx, group, Subject.REQUEST, submission, language)
        beside = await at_it(context, tx, Subject.REQUEST, request_id)
        decided = await requests.decide(tx, request_id, approve=False, reason=reason, actor=found[1])
        what = beside if decided.won else await request_told(context, tx, decided.request)
    if from_home:
        await home.redrawn(context)
    return said(context, what) if what else Clear()


# ---------------------------------------------------------------- held posts


async def read(context: Context, click: Click) -> None:
    """The mail's text, for who may decide on it."""
    async with context.database.reading() as tx:
        found = await post_of(context, tx, click.number, Verb.READ_POST)
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
        found = await post_of(context, tx, click.number, Verb.DECIDE_POST)
        if found is None:
            what = context.say("slack.decided.post_gone")
        else:
            beside = await at_it(context, tx, Subject.POST, click.number)
            decided = await (posts.release if release else posts.discard)(tx, click.number, found[1])
            what = beside if decided.won else await post_told(context, tx, decided.post)
    await seen(context, click, what)


async def ask_reject(context: Context, click: Click) -> None:
    """Reject asks why first: the author gets that reason by mail."""
    async with context.database.reading() as tx:
        found = await post_of(context, tx, click.number, Verb.DECIDE_POST)
        if found is None:
            what = context.say("slack.decided.post_gone")
        else:
            post, _ = found
            group = await group_of(tx, post.group_id)
            what = "" if post.state is PostState.HELD else await post_told(context, tx, post)
            choices = await _choices(context, tx, group, Subject.POST, [Reason.from_json(one) for one in post.reasons])
    if what:
        await context.answer(what)
        return
    form = cards.reason_form(
        context.language, Form.POST_REJECT, about(click), group=group.address, optional=False, choices=choices
    )
    await context.modal(form)


async def reject(context: Context, submission: Submission) -> Answer:
    """With the reason given, mailed to the author, who is proven to be it."""
    post_id, from_home = number_of(submission.metadata)
    async with context.database.writing() as tx:
        found = await post_of(context, tx, post_id, Verb.DECIDE_POST)
        if found is None:
            return said(context, context.say("slack.decided.post_gone"))
        group = await group_of(tx, found[0].group_id)
        language = await languages.of_address(tx, found[0].author, group.language)
        reason = await _reason(tx, group, Subject.POST, submission, language)
        if not reason:
            return Errors({Field.REASON: context.say_plain("refused.reason_missing")})
        beside = await at_it(context, tx, Subject.POST, post_id)
        decided = await posts.reject(tx, post_id, reason, found[1])
        what = beside if decided.won else await post_told(context, tx, decided.post)
    if from_home:
        await home.redrawn(context)
    return said(context, what) if what else Clear()


# ---------------------------------------------------------------- the reason given


async def _choices(
    context: Context, tx: Reading, group: Group, subject: Subject, held_for: Sequence[Reason] = ()
) -> list[reasons.Choice]:
    """The reasons to choose from: the group's own last ones, then those of the catalogue, as who chooses reads them."""
    assert group.id is not None
    saved = [reasons.Choice(f"{reasons.SAVED}{one.id}", one.text) for one in await phrases.last(tx, group.id, subject)]
    return saved + reasons.canned(context.language, subject, held_for)


async def _reason(tx: Writing, group: Group, subject: Subject, submission: Submission, language: Language) -> str:
    """The reason as it is told: in one's own words, which the group keeps, or the one chosen, in the `language` of
    whoever it goes to; "" for none."""
    assert group.id is not None
    own, chosen = state.text(submission.view, Field.REASON), state.choice(submission.view, Field.CANNED)
    if not own and chosen.startswith(reasons.SAVED):
        # What was saved may have given way to later ones; its group is asked for, as the id came from the client.
        wanted = row_id(chosen.removeprefix(reasons.SAVED))
        own = next((one.text for one in await phrases.last(tx, group.id, subject) if one.id == wanted), "")
    if own:
        await phrases.keep(tx, group.id, subject, own)
        return own
    return reasons.canned_text(language, subject, chosen)


# ---------------------------------------------------------------- what the row says


async def request_of(context: Context, tx: Reading, request_id: int) -> tuple[Request, Actor] | None:
    """The request and who acts on it; None if there is none, for this person. Raises NotAllowed, Refused."""
    request = await requests.get(tx, request_id)
    if request is None:
        return None
    found = await lookup.behind(context, tx, Verb.DECIDE_REQUEST, request.group_id)
    return None if found is None else (request, found[1])


async def post_of(context: Context, tx: Reading, post_id: int, verb: Verb) -> tuple[Post, Actor] | None:
    """The post and who acts on it; None if there is none, for this person. Raises NotAllowed, Refused."""
    post = await posts.get(tx, post_id)
    if post is None:
        return None
    found = await lookup.behind(context, tx, verb, post.group_id)
    return None if found is None else (post, found[1])


async def group_of(tx: Reading, group_id: int) -> Group:
    """The group of a row that was found. Raises Refused for one that was deleted meanwhile."""
    group = await tx.get(Group, group_id)
    if group is None or group.deleted_at is not None:
        raise Refused("group_gone")
    return group


async def request_told(context: Context, tx: Reading, request: Request) -> str:
    """What a later clicker is told: that somebody was faster, who, and when."""
    card = await asked.card(tx, request)
    return _too_late(context, cards.request_outcome(context.language, card))


async def post_told(context: Context, tx: Reading, post: Post) -> str:
    card = await held.card(tx, post)
    return _too_late(context, cards.post_outcome(context.language, card))


def _too_late(context: Context, what: str) -> str:
    return context.say("slack.decided.too_late", what=Markup(what))


async def at_it(context: Context, tx: Reading, subject: Subject, number: int) -> str:
    """What is told whoever decides on what somebody else looks at; "" where nobody does."""
    by = await claims.claimant(tx, subject, number)
    if by is None or by == context.person.id:
        return ""
    return context.say("slack.decide.was_at_it", who=escape.person((await persons.get(tx, by)).slack_id))


def said(context: Context, text: str) -> Update:
    return Update(answers.modal(context.language, text))


async def seen(context: Context, click: Click, what: str) -> None:
    """Every click is seen to do something: cards are redrawn by the outbox, Home and what `pending` showed are here."""
    if what:
        await context.answer(what)
    if click.ephemeral:
        waiting = home_views.pending(context.language, await home_acts.waiting(context, 1))
        await context.answer(waiting, in_place=True)
    await home.refresh(context, click)


def about(click: Click) -> str:
    return f"{click.number} {HOME}" if click.view is not None and click.view.get("type") == HOME else str(click.number)


def number_of(metadata: str) -> tuple[int, bool]:
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
