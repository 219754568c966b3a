"""Say that one looks at it, take a decision back, stop what a release let go out: the buttons beside the decision."""

from __future__ import annotations

from bot.actions import decisions
from bot.context import ActionHandler, Click, Context
from bot.permissions import Verb
from bot.views import escape
from bot.views.ids import Action
from store import claims, outbox, persons, posts, undo
from store.engine import Reading, Writing
from store.schema.post import Post
from store.schema.request import Request
from store.terms import Actor, NoticeKind, PostState, Refused
from store.word import Subject


def claim(subject: Subject) -> ActionHandler:
    """Look at it; who does already is told."""

    async def handler(context: Context, click: Click) -> None:
        async with context.database.writing() as tx:
            found = await _found(context, tx, subject, click.number)
            what = found if isinstance(found, str) else await _claim(context, tx, subject, *found)
        await decisions.seen(context, click, what)

    return handler


async def _claim(context: Context, tx: Writing, subject: Subject, row: Post | Request, actor: Actor) -> str:
    assert row.id is not None
    done = await claims.claim(tx, subject, row.id, actor)
    if done.won:
        return ""
    if done.by is not None:
        return context.say("slack.decide.taken", who=escape.person((await persons.get(tx, done.by)).slack_id))
    return await _decided(context, tx, row)


def unclaim(subject: Subject) -> ActionHandler:
    """Look at it no more; an administrator frees what somebody else looks at."""

    async def handler(context: Context, click: Click) -> None:
        async with context.database.writing() as tx:
            found = await _found(context, tx, subject, click.number)
            what = found if isinstance(found, str) else ""
            if not isinstance(found, str):
                row, actor = found
                other = row.claimed_by != actor.person_id
                if other and row.claimed_by is not None:
                    actor = await context.require(tx, Verb.UNCLAIM, await decisions.group_of(tx, row.group_id))
                await claims.release(tx, subject, click.number, actor, anybodys=other)
        await decisions.seen(context, click, what)

    return handler


def take_back(subject: Subject) -> ActionHandler:
    """Undo: by who decided, or an administrator."""

    async def handler(context: Context, click: Click) -> None:
        async with context.database.writing() as tx:
            found = await _found(context, tx, subject, click.number)
            what = found if isinstance(found, str) else ""
            if not isinstance(found, str):
                actor = await _reverser(context, tx, *found)
                verb = undo.post if subject is Subject.POST else undo.request
                if not (await verb(tx, click.number, actor)).won:
                    raise Refused("undo_over")
        await decisions.seen(context, click, what)

    return handler


async def stop(context: Context, click: Click) -> None:
    """A release cannot be taken back once copies left; what has not left does not go."""
    async with context.database.writing() as tx:
        found = await _found(context, tx, Subject.POST, click.number)
        if isinstance(found, str):
            what = found
        else:
            actor = await _reverser(context, tx, *found)
            post = found[0]
            if post.state is not PostState.ACCEPTED or post.undo_until is None or post.undo_until <= tx.now:
                raise Refused("undo_over")
            skipped = await posts.stop(tx, click.number, actor)
            await outbox.touch(tx, NoticeKind.HELD_CARD, click.number)
            what = context.say("slack.decide.stopped" if skipped else "slack.decide.stopped_none", n=skipped)
    await decisions.seen(context, click, what)


async def _reverser(context: Context, tx: Reading, row: Post | Request, actor: Actor) -> Actor:
    """Who may take it back: who took it and still may decide, or an administrator. Raises NotAllowed."""
    if row.decided_by is not None and row.decided_by == actor.person_id:
        return actor
    return await context.require(tx, Verb.UNDO, await decisions.group_of(tx, row.group_id))


async def _found(context: Context, tx: Reading, subject: Subject, number: int) -> tuple[Post | Request, Actor] | str:
    """The row and who acts; or what is said where there is no such row."""
    if subject is Subject.POST:
        return await decisions.post_of(context, tx, number, Verb.DECIDE_POST) or context.say("slack.decided.post_gone")
    return await decisions.request_of(context, tx, number) or context.say("slack.decided.request_gone")


async def _decided(context: Context, tx: Reading, row: Post | Request) -> str:
    if isinstance(row, Post):
        return await decisions.post_told(context, tx, row)
    return await decisions.request_told(context, tx, row)


ACTIONS: dict[Action, ActionHandler] = {
    Action.POST_CLAIM: claim(Subject.POST),
    Action.POST_UNCLAIM: unclaim(Subject.POST),
    Action.POST_UNDO: take_back(Subject.POST),
    Action.POST_STOP: stop,
    Action.REQUEST_CLAIM: claim(Subject.REQUEST),
    Action.REQUEST_UNCLAIM: unclaim(Subject.REQUEST),
    Action.REQUEST_UNDO: take_back(Subject.REQUEST),
}
