"""Bolt's app, with a listener for every id of the handlers' tables.

Bolt runs the next matching listener as well when one is slow to acknowledge. So each listener matches its own ids and
no others; what is in no table is caught by the exact complement, never by a pattern that would match the others too.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse

from bot.app.tables import Tables
from bot.context import (
    ActionHandler,
    Answer,
    Click,
    Context,
    FormHandler,
    OptionsHandler,
    Services,
    Shortcut,
    ShortcutHandler,
    Submission,
)
from bot.guarded import Ack, Guard
from bot.happenings import HAPPENINGS, PROFILES
from bot.views.ids import Action, handler_of
from store.terms import Refused

# Bolt reads these by itself; the last two would turn the app into one that is installed by OAuth.
LEAKING = (
    "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_VERIFICATION_TOKEN",
    "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET",
)  # fmt: skip
NOTED = (*PROFILES, *HAPPENINGS)
EVENTS = ("app_home_opened", "message", *NOTED)
Body = Mapping[str, Any]
Listener = Callable[..., Awaitable[None]]


def build(services: Services, guard: Guard, tables: Tables) -> AsyncApp:
    """Bolt's app with our listeners. Everything is given explicitly: nothing is read from the environment."""
    settings, slack = services.settings, services.slack
    for name in LEAKING:
        os.environ.pop(name, None)

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        # Preloaded: the first request would otherwise pay for an auth.test inside its 3 s.
        identity = slack.identity
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_id=identity.bot_id if identity else None,
            bot_user_id=identity.bot_user_id if identity else None,
            bot_token=settings.bot_token.get_secret_value(),
        )

    # Bolt logs whole requests, signature and all, when it refuses one: below what this logger lets through.
    quiet = logging.getLogger("bot.bolt")
    quiet.setLevel(logging.CRITICAL)
    secret = settings.signing_secret.get_secret_value() if settings.signing_secret else ""
    app = AsyncApp(name="postroom", client=slack.client, authorize=authorize, signing_secret=secret, logger=quiet)

    async def command(ack: Ack, body: Body) -> None:
        await guard.command(ack, body, tables.command)

    async def old_action(ack: Ack, body: Body) -> None:
        await guard.action(ack, body, _old_button)

    async def old_form(ack: Ack, body: Body) -> None:
        await guard.submission(ack, body, _old_form)

    async def old_shortcut(ack: Ack, body: Body) -> None:
        await guard.shortcut(ack, body, _old_shortcut)

    async def closed(ack: Ack) -> None:
        await ack()

    async def home(ack: Ack, body: Body) -> None:
        await guard.home(ack, body, tables.home)

    async def typed(ack: Ack, body: Body) -> None:
        await guard.typed(ack, body, tables.typed)

    async def happened(ack: Ack, body: Body) -> None:
        await guard.happened(ack, body)

    async def noted(body: Body, next_: Callable[[], Awaitable[None]]) -> BoltResponse | None:
        # Bolt acknowledges an event before its listener runs; what has to be written first is written ahead of that.
        if not await guard.noted(body):
            return BoltResponse(status=503)
        await next_()
        return None

    app.command(settings.command)(command)
    for action_id, handler in tables.actions.items():
        app.action(exactly([action_id]))(_action(guard, handler))
    app.action(anything_but(tables.actions))(old_action)
    for form_id, answering in tables.forms.items():
        app.view_submission(exactly([form_id]))(_form(guard, answering))
    app.view_submission(anything_but(tables.forms))(old_form)
    for callback_id, used in tables.shortcuts.items():
        app.shortcut(exactly([callback_id]))(_shortcut(guard, used))
    app.shortcut(anything_but(tables.shortcuts))(old_shortcut)
    for field_id, offering in tables.options.items():
        app.options(exactly([field_id]))(_options(guard, offering))
    app.view_closed(re.compile(""))(closed)
    app.event("app_home_opened")(home)
    app.event("message")(typed)
    for event in NOTED:
        app.event(event, middleware=[noted])(happened)
    return app


def exactly(ids: Iterable[str]) -> re.Pattern[str]:
    """These ids, with or without the number that keeps them unique in a view."""
    return re.compile(rf"\A(?:{'|'.join(re.escape(str(i)) for i in ids)})(?:#\d+)?\Z")


def anything_but(ids: Iterable[str]) -> re.Pattern[str]:
    """Every id that `exactly` of these does not match."""
    return re.compile(rf"\A(?!(?:{'|'.join(re.escape(str(i)) for i in ids)})(?:#\d+)?\Z)")


def _action(guard: Guard, handler: ActionHandler) -> Listener:
    async def listener(ack: Ack, body: Body) -> None:
        await guard.action(ack, body, handler)

    return listener


def _form(guard: Guard, handler: FormHandler) -> Listener:
    async def listener(ack: Ack, body: Body) -> None:
        await guard.submission(ack, body, handler)

    return listener


def _shortcut(guard: Guard, handler: ShortcutHandler) -> Listener:
    async def listener(ack: Ack, body: Body) -> None:
        await guard.shortcut(ack, body, handler)

    return listener


def _options(guard: Guard, handler: OptionsHandler) -> Listener:
    async def listener(ack: Ack, body: Body) -> None:
        await guard.options(ack, body, handler)

    return listener


async def _old_shortcut(context: Context, shortcut: Shortcut) -> None:
    await context.answer(context.say("slack.fault.old_button"))


async def _old_button(context: Context, click: Click) -> None:
    # Menus and fields of our own views act only with their form; what else comes is of an earlier version's view.
    if handler_of(click.action_id) != Action.INERT:
        await context.answer(context.say("slack.fault.old_button"))


async def _old_form(context: Context, submission: Submission) -> Answer:
    raise Refused("form_old")
