"""Ban and always allow, from a card or its menu: what is decided and what the group says of its author are one act."""

from __future__ import annotations

from dataclasses import dataclass

from bot.actions import decisions, home
from bot.context import ActionHandler, Answer, Clear, Click, Context, FormHandler, Submission, Update
from bot.guarded import refusal_errors
from bot.payloads import row_id
from bot.permissions import Verb, judge
from bot.views import decide, state
from bot.views import rulings as views
from bot.views.ids import Action, Field, Form
from store import posts, requests, rulings, undo
from store.engine import Reading, Writing
from store.schema.group import Group
from store.schema.post import Post
from store.schema.request import Request
from store.terms import Actor, Address, InvalidAddress, Moderation, Posting, PostState, Refused, RequestState
from store.word import RulingKind, Subject


@dataclass(frozen=True, slots=True)
class About:
    """The row a ban begins from, whether that was in Home, and the pattern once it was looked at."""

    subject: Subject
    number: int
    at_home: bool
    pattern: str


async def always(context: Context, click: Click) -> None:
    """Release, and take this author's proven posts like a member's from now on."""
    async with context.database.writing() as tx:
        found = await decisions.post_of(context, tx, click.number, Verb.DECIDE_POST)
        if found is None:
            what = context.say("slack.decided.post_gone")
        else:
            what = await _always(context, tx, *found)
    await decisions.seen(context, click, what)


async def ask_always(context: Context, click: Click) -> None:
    """The same from a menu, which cannot ask by itself whether that is meant."""
    async with context.database.reading() as tx:
        found = await decisions.post_of(context, tx, click.number, Verb.DECIDE_POST)
        if found is None:
            what = context.say("slack.decided.post_gone")
        else:
            post, _ = found
            what = await _told_if_decided(context, tx, post)
            group = await decisions.group_of(tx, post.group_id)
    if found is None or what:
        await context.answer(what)
        return
    about = decisions.about(click)
    await context.modal(decide.always_form(context.language, about, author=post.author, group=group.address))


async def always_meant(context: Context, submission: Submission) -> Answer:
    """It is meant; the right is checked again."""
    number, from_home = decisions.number_of(submission.metadata)
    async with context.database.writing() as tx:
        found = await decisions.post_of(context, tx, number, Verb.DECIDE_POST)
        if found is None:
            return decisions.said(context, context.say("slack.decided.post_gone"))
        what = await _always(context, tx, *found)
    if from_home:
        await home.redrawn(context)
    return decisions.said(context, what) if what else Clear()


async def _always(context: Context, tx: Writing, post: Post, actor: Actor) -> str:
    assert post.id is not None
    group = await decisions.group_of(tx, post.group_id)
    if post.state is not PostState.HELD:
        return await decisions.post_told(context, tx, post)
    if not post.authenticated:
        raise Refused("allow_unproven", author=post.author)
    if group.posting is Posting.ADMINISTRATORS or group.moderation is Moderation.EVERYONE:
        raise Refused("allow_useless", author=post.author, address=group.address)
    beside = await decisions.at_it(context, tx, Subject.POST, post.id)
    # Before the release: that one lets others hold the roster too, and two who then want it alone would lock up.
    made = await rulings.add(tx, post.group_id, RulingKind.ALLOW, rulings.pattern(post.author), actor)
    decided = await posts.release(tx, post.id, actor)
    if not decided.won:
        if made is not None:
            await rulings.lift_by_id(tx, made, actor)
        return await decisions.post_told(context, tx, decided.post)
    if made is not None:
        await undo.note(tx, decided.post, ruling=made)
    return beside


# ---------------------------------------------------------------- ban


async def ask_post(context: Context, click: Click) -> None:
    """Whom to ban of a post's author."""
    await _ask(context, click, Subject.POST)


async def ask_request(context: Context, click: Click) -> None:
    """Whom to ban of an applicant."""
    await _ask(context, click, Subject.REQUEST)


async def _ask(context: Context, click: Click, subject: Subject) -> None:
    async with context.database.reading() as tx:
        found = await _found(context, tx, subject, click.number)
        if isinstance(found, str):
            what = found
        else:
            row, group, _ = found
            what = await _told_if_decided(context, tx, row)
    if isinstance(found, str) or what:
        await context.answer(what)
        return
    try:
        address = Address.parse(row.author if isinstance(row, Post) else row.address)
    except InvalidAddress as fault:
        raise Refused("ban_nobody") from fault
    about = f"{subject} {decisions.about(click)}"
    await context.modal(views.form(context.language, subject, about, group=group.address, address=address.key))


async def look(context: Context, submission: Submission) -> Answer:
    """Show whom it means, before it is done."""
    about = read(submission.metadata)
    subject, number = about.subject, about.number
    async with context.database.reading() as tx:
        found = await _found(context, tx, subject, number)
        if isinstance(found, str):
            return decisions.said(context, found)
        row, group, _ = found
        assert group.id is not None
        address = row.author if isinstance(row, Post) else row.address
        typed = {
            views.ADDRESS: address,
            views.DOMAIN: f"@{address.rpartition('@')[2]}",
            views.PATTERN: state.text(submission.view, Field.PATTERN),
        }.get(state.choice(submission.view, Field.WHOM), "")
        try:
            pattern = rulings.pattern(typed)
        except Refused as refused:
            return refusal_errors(context, refused, Field.PATTERN)
        # Who is on the roster is for administrators: a moderator would read it off by banning "*@a.example".
        roster = judge(Verb.MEMBERS, await context.who(tx, group)).allowed
        matched = await rulings.matched(tx, group.id, pattern, roster=roster)
    shown = views.Preview(group.address, pattern.text, matched.contacts, matched.posts, matched.requests, matched.some)
    return Update(views.preview(context.language, f"{submission.metadata} {pattern.text}", shown))


async def ban(context: Context, submission: Submission) -> Answer:
    """Ban, and discard or deny what the card is about; the right is checked again."""
    about = read(submission.metadata)
    subject, number = about.subject, about.number
    async with context.database.writing() as tx:
        found = await _found(context, tx, subject, number)
        if isinstance(found, str):
            return decisions.said(context, found)
        row, group, actor = found
        assert group.id is not None
        given = rulings.pattern(about.pattern)
        made = await rulings.add(tx, group.id, RulingKind.BAN, given, actor)
        won = await _decided(tx, row, number, actor, made)
    if about.at_home:
        await home.redrawn(context)
    if won:
        return Clear()
    return decisions.said(context, context.say("slack.ban.late", pattern=given.text, group=group.address))


async def _decided(tx: Writing, row: Post | Request, number: int, actor: Actor, made: int | None) -> bool:
    """Whether this was the decision on it; the ban then goes back with it."""
    if isinstance(row, Post):
        discarded = await posts.discard(tx, number, actor)
        if discarded.won and made is not None:
            await undo.note(tx, discarded.post, ruling=made)
        return discarded.won
    denied = await requests.decide(tx, number, approve=False, reason="", actor=actor)
    if denied.won and made is not None:
        await undo.note(tx, denied.request, ruling=made)
    return denied.won


async def _found(
    context: Context, tx: Reading, subject: Subject, number: int
) -> tuple[Post | Request, Group, Actor] | str:
    """The row, its group and who acts; or what is said where there is no such row. Raises NotAllowed, Refused."""
    found: tuple[Post | Request, Actor] | None
    if subject is Subject.POST:
        found = await decisions.post_of(context, tx, number, Verb.DECIDE_POST)
    else:
        found = await decisions.request_of(context, tx, number)
    if found is None:
        return context.say(f"slack.decided.{subject}_gone")
    row, _ = found
    group = await decisions.group_of(tx, row.group_id)
    return row, group, await context.require(tx, Verb.BAN, group)


async def _told_if_decided(context: Context, tx: Reading, row: Post | Request) -> str:
    if isinstance(row, Post):
        return "" if row.state is PostState.HELD else await decisions.post_told(context, tx, row)
    return "" if row.state is RequestState.PENDING else await decisions.request_told(context, tx, row)


def read(metadata: str) -> About:
    """What the form is about; all of it came from the client."""
    subject, _, rest = metadata.partition(" ")
    number, _, rest = rest.partition(" ")
    first, _, pattern = rest.partition(" ")
    at_home = first == decisions.HOME
    return About(
        Subject.POST if subject == Subject.POST else Subject.REQUEST,
        row_id(number),
        at_home,
        pattern if at_home else rest,
    )


ACTIONS: dict[Action, ActionHandler] = {
    Action.POST_ALWAYS: always,
    Action.POST_BAN: ask_post,
    Action.REQUEST_BAN: ask_request,
}
FORMS: dict[Form, FormHandler] = {Form.ALWAYS: always_meant, Form.BAN_LOOK: look, Form.BAN: ban}
