"""Every listener's guard: acknowledge in time, find the person, run the handler, and answer whatever goes wrong.

Bolt takes an acknowledgement back when a listener raises soon after it, and shows the person a failure whose cause
nobody learns. So no exception gets as far as Bolt: a refusal is told in words, a fault by a reference that stands in
the log beside its traceback.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import structlog

from bot.context import (
    ActionHandler,
    Answer,
    Click,
    Command,
    CommandHandler,
    Context,
    Errors,
    FormHandler,
    HomeHandler,
    NotAllowed,
    OptionsHandler,
    Push,
    Services,
    Shortcut,
    ShortcutHandler,
    Submission,
    Typed,
    TypedHandler,
    Update,
)
from bot.faults import Denied, Gone, RateLimited, SlackFault, Unreachable
from bot.happenings import HAPPENINGS, PROFILES, user_group_of
from bot.views import answers, blocks, escape
from bot.views.blocks import View
from store import hearing
from store.locks import DatabaseBusy
from store.schema.person import Person
from store.terms import Refused
from store.texts import say

log = structlog.get_logger()
# Slack waits 3 s for the answer to a submission; some of it is the way there and back.
SUBMIT_SECONDS = 2.0
PERSONLESS = "en"
MARK_WAITS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)  # for an acknowledgement to reach Slack
Run = Callable[[Person], Awaitable[None]]


class Ack(Protocol):
    def __call__(self, **answer: Any) -> Awaitable[Any]: ...


class Guard:
    """Runs handlers for `bot.app`, and knows which are running so that a stop can wait for them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._running: set[asyncio.Task[Any]] = set()

    async def drain(self, seconds: float) -> None:
        """Wait up to `seconds` for the handlers that run."""
        running = {task for task in self._running if task is not asyncio.current_task()}
        if running:
            await asyncio.wait(running, timeout=seconds)

    # ------------------------------------------------------------ kinds of requests

    async def command(self, ack: Ack, body: Mapping[str, Any], handler: CommandHandler) -> None:
        """A slash command: acknowledged at once, answered by its response_url."""
        await ack()

        async def run(person: Person) -> None:
            command = Command.read(body)
            context = Context(self._services, person, command.trigger_id, response_url=command.response_url)
            await self._told(context, handler(context, command))
            await self._heard()

        await self._tracked(run, body, "command")

    async def action(self, ack: Ack, body: Mapping[str, Any], handler: ActionHandler) -> None:
        """A click: acknowledged at once; what comes of it is seen in the card, the view or an answer."""
        await ack()

        async def run(person: Person) -> None:
            click = Click.read(body)
            context = Context(
                self._services, person, click.trigger_id, response_url=click.response_url, view=click.view,
                thread=(click.channel_id, click.thread) if click.channel_id and click.thread else None,
            )  # fmt: skip
            await self._told(context, handler(context, click))

        await self._tracked(run, body, "action")

    async def shortcut(self, ack: Ack, body: Mapping[str, Any], handler: ShortcutHandler) -> None:
        """A shortcut, at a message or at none: acknowledged at once, what comes of it is a modal."""
        await ack()

        async def run(person: Person) -> None:
            shortcut = Shortcut.read(body)
            # Its response_url would answer in the channel of the message: a modal is seen by who acts wherever it is.
            context = Context(self._services, person, shortcut.trigger_id)
            await self._told(context, handler(context, shortcut))

        await self._tracked(run, body, "shortcut")

    async def options(self, ack: Ack, body: Mapping[str, Any], handler: OptionsHandler) -> None:
        """What a select offers for what is typed in it: its acknowledgement. A fault offers nothing, and is logged."""
        found: list[dict[str, Any]] = []
        try:
            person = await self._person(body)
            if person is not None:
                found = await handler(Context(self._services, person), str(body.get("value") or ""))
        except Exception:
            log.exception("options.failed")
        await ack(options=found)

    async def submission(self, ack: Ack, body: Mapping[str, Any], handler: FormHandler) -> None:
        """A modal's submit: its answer is the acknowledgement, or, if that takes too long, the modal is redrawn."""
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            # Finding the person may take its time as well: the two together have to fit.
            work = asyncio.ensure_future(self._submitted(body, handler))
            done, _ = await asyncio.wait({work}, timeout=SUBMIT_SECONDS)
            if done:
                _, answer = work.result()
                await ack(**(answer.as_ack() if answer is not None else {}))
                return
            mark = secrets.token_hex(16)
            await ack(**Update(_text_view(PERSONLESS, "slack.modal.working") | {"external_id": mark}).as_ack())
            await self._shown_late(mark, *await work)
        except Exception:
            log.exception("listener.failed", what="submission")
        finally:
            self._running.discard(task)

    async def home(self, ack: Ack, body: Mapping[str, Any], handler: HomeHandler) -> None:
        """app_home_opened; it comes for the Messages tab too, which shows nothing of ours."""
        await ack()
        if (body.get("event") or {}).get("tab") != "home":
            return

        async def run(person: Person) -> None:
            context = Context(self._services, person)
            await self._told(context, handler(context))

        await self._tracked(run, body, "home")

    async def noted(self, body: Mapping[str, Any]) -> bool:
        """Something about a channel, a user group or people, before it is acknowledged: False if it could not be
        written down, and Slack is to repeat it."""
        event = body.get("event") or {}
        kind = str(event.get("type"))
        try:
            if kind in PROFILES:
                await self._services.directory.changed(event["user"], str(event.get("event_ts") or ""))
                return True
            identity = self._services.slack.identity
            async with self._services.database.writing() as tx:
                await HAPPENINGS[kind](tx, event, identity.bot_user_id if identity else "")
        except DatabaseBusy:
            log.warning("event.unnoted", type=kind)
            return False
        except Exception:
            # What cannot be read would not be the next time either; the night's comparison finds what it said.
            log.exception("event.unread", type=kind)
        return True

    async def happened(self, ack: Ack, body: Mapping[str, Any]) -> None:
        """What was noted may have been about the operators' user group."""
        await ack()
        try:
            await self._services.directory.user_group_changed(user_group_of(body["event"]))
        except (SlackFault, DatabaseBusy) as fault:
            log.warning("operators.unlearned", cause=fault)  # the nightly crawl looks again

    async def typed(self, ack: Ack, body: Mapping[str, Any], handler: TypedHandler) -> None:
        """A message event: acknowledged at once, and mostly nothing else. Nobody asked, so no fault is told to anybody;
        and what was said is not ours to log."""
        await ack()
        typed = Typed.read(body.get("event") or {})
        task = asyncio.current_task()
        if typed is None or task is None:
            return
        self._running.add(task)
        try:
            await handler(self._services, typed)
        except DatabaseBusy:
            log.info("typed.unasked")
        except Exception:
            log.exception("listener.failed", what="message")
        finally:
            self._running.discard(task)

    async def _heard(self) -> None:
        """Note for the doctor that commands arrive."""
        async with self._services.database.reading() as tx:
            unnoted = await hearing.unnoted(tx)
        if unnoted:
            async with self._services.database.writing() as tx:
                await hearing.heard(tx)

    # ------------------------------------------------------------ what may go wrong

    async def _tracked(self, run: Run, body: Mapping[str, Any], what: str) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            person = await self._person(body)
            if person is None:
                await self._unserved(body)
            else:
                await run(person)
        except Exception:
            log.exception("listener.failed", what=what)
        finally:
            self._running.discard(task)

    async def _person(self, body: Mapping[str, Any]) -> Person | None:
        """Who acts; None where that cannot be found out, which is logged."""
        try:
            return await self._services.directory.acting(_slack_id(body))
        except Exception:
            log.exception("person.unfound")
            return None

    async def _unserved(self, body: Mapping[str, Any]) -> None:
        """Nothing is known of the person, not even the language; what they tried still gets an answer."""
        shown = answers.told(say(PERSONLESS, "slack.fault.no_person"))
        slack = self._services.slack
        if body.get("response_url"):
            await slack.respond(str(body["response_url"]), shown)
        elif body.get("trigger_id"):
            over = (body.get("view") or {}).get("type") == "modal"
            await (slack.push_view if over else slack.open_view)(
                str(body["trigger_id"]), answers.modal(PERSONLESS, shown)
            )

    async def _submitted(self, body: Mapping[str, Any], handler: FormHandler) -> tuple[Context | None, Answer]:
        person = await self._person(body)
        if person is None:
            # The modal stays, and says that it failed.
            return None, Push(_text_view(PERSONLESS, "slack.fault.no_person"))
        submission = Submission.read(body)
        context = Context(self._services, person, submission.trigger_id, view=submission.view)
        return context, await self._answered(context, submission, handler)

    async def _shown_late(self, mark: str, context: Context | None, answer: Answer) -> None:
        """Redraw the modal that says it takes a moment; if it was closed meanwhile, say by DM what came of it.

        Bolt sends an acknowledgement some time after it was given, and Slack would let it overwrite the result. So the
        result is for the view with that mark alone, which is there from the acknowledgement on.
        """
        view = _late(context.language if context is not None else PERSONLESS, answer)
        for wait in (*MARK_WAITS, None):
            try:
                await self._services.slack.update_marked(mark, view)
            except (Gone, Denied) as fault:
                if wait is None:
                    log.info("modal.closed", cause=fault)
                    break
                await asyncio.sleep(wait)
            except (RateLimited, Unreachable) as fault:
                log.warning("modal.unreached", cause=fault)
                if context is not None and "submit" in view:  # its next step cannot be taken: it is to be begun again
                    await context.answer(context.say("slack.fault.slack"))
                break
            else:
                return
        if context is not None and "submit" not in view:  # a next step is of no use outside its modal
            said = [block["text"]["text"] for block in view["blocks"] if block["type"] == "section"]
            await context.by_dm(blocks.shown(" ".join(said), view["blocks"]))

    async def _told(self, context: Context, work: Awaitable[None]) -> None:
        """Run a command or click; whatever it raises is told to the person, where they are."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - told, and logged where it is a fault; Bolt must not see it
            text = explain(context, error)
            try:
                await context.answer(text)
            except SlackFault as fault:
                log.warning("answer.lost", person=context.person.slack_id, cause=fault)

    async def _answered(self, context: Context, submission: Submission, handler: FormHandler) -> Answer:
        """Run a submission; whatever it raises becomes a view over the form, so that nothing typed is lost."""
        try:
            return await handler(context, submission)
        except Exception as error:  # noqa: BLE001 - told, and logged where it is a fault; Bolt must not see it
            return Push(answers.modal(context.language, explain(context, error)))


def explain(context: Context, error: Exception) -> str:
    """What a person is told of what a handler raised: a mrkdwn text. Faults of ours are logged under a reference."""
    match error:
        case Refused():
            return context.say(f"refused.{error.name}", **_values(error))
        case NotAllowed():
            return context.say(f"slack.denied.{error.reason}", group=error.address, command=context.settings.command)
        case DatabaseBusy():
            return context.say("slack.fault.busy")
        case Denied(error="expired_trigger_id" | "trigger_expired" | "exchanged_trigger_id"):
            return context.say("slack.fault.too_slow")
        case RateLimited() | Unreachable():
            log.warning("slack.fault", person=context.person.slack_id, cause=error)
            return context.say("slack.fault.slack")
    reference = secrets.token_hex(4)
    log.error("handler.failed", reference=reference, person=context.person.slack_id, exc_info=error)
    return context.say("slack.fault.ours", reference=reference)


def refusal_errors(context: Context, refused: Refused, block_id: str) -> Errors:
    """A refusal at an input of the modal: plain text, as Slack wants it there."""
    return Errors({block_id: context.say_plain(f"refused.{refused.name}", **_values(refused))})


def _values(refused: Refused) -> dict[str, Any]:
    return dict(refused.values)


def _text_view(language: str, key: str) -> View:
    return answers.modal(language, say(language, key))


def _slack_id(body: Mapping[str, Any]) -> str:
    """Who acts, of a command, of a click or submission, or of an event."""
    event = body.get("event") or {}
    return str(body.get("user_id") or event.get("user") or body["user"]["id"])


def _late(language: str, answer: Answer) -> View:
    """What a modal shows whose submission was answered after the acknowledgement was due."""
    match answer:
        case Update(view=view) | Push(view=view):
            return view
        case Errors(at=at):
            late = say(language, "slack.modal.late")
            found = [blocks.section(escape.mrkdwn(text)) for text in at.values()]
            return answers.modal(language, blocks.shown(late, [blocks.section(late), *found]))
    return _text_view(language, "slack.modal.done")
