"""Whatever a handler does wrong: it was acknowledged in time, and its person is told in words, in the right place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.app.line import SocketLine
from bot.app.listeners import anything_but, build, exactly
from bot.app.tables import TABLES, Tables, merged
from bot.context import (
    Answer,
    Clear,
    Click,
    Command,
    Context,
    Errors,
    NotAllowed,
    Services,
    Submission,
    Typed,
    Update,
)
from bot.directory import Directory
from bot.faults import Denied, Unreachable
from bot.guarded import Guard, explain
from bot.sandbox.app import Sandbox
from bot.sandbox.driver import Pocket
from bot.slack import Slack
from bot.views import blocks
from bot.views.ids import Action, Form
from store.engine import Database
from store.locks import DatabaseBusy
from store.schema.person import Person
from store.terms import Refused
from tests.bot.conftest import settings_for

GENERAL = "#general"


def form_view(*extra: blocks.Block) -> blocks.View:
    entry = blocks.entry("reason", "Reason", blocks.text_input(), optional=True)
    return blocks.modal("A form", Form.REQUEST_DENY, [entry, *extra], submit="Go")


class Handlers:
    """Handlers that do as the test says."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.seconds = 0.0
        self.answer: Answer = None
        self.entered = asyncio.Event()
        self.hold: asyncio.Event | None = None

    async def command(self, context: Context, command: Command) -> None:
        if command.text == "form":
            await context.modal(form_view(blocks.actions(blocks.button("Push", Action.POST_READ, 1))))
            return
        if command.text == "old":
            old = form_view(blocks.actions(blocks.button("Old", "old.button", 1)))
            await context.modal(old | {"callback_id": "form.of.last.year"})
            return
        if self.error is not None:
            raise self.error
        if self.hold is not None:
            self.entered.set()
            await self.hold.wait()
        await context.answer(f"heard {command.text}")

    async def action(self, context: Context, click: Click) -> None:
        self.entered.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.error is not None:
            raise self.error
        await context.answer("clicked")

    async def form(self, context: Context, submission: Submission) -> Answer:
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return self.answer

    async def typed(self, services: Services, typed: Typed) -> None:
        raise RuntimeError("typed")

    async def home(self, context: Context) -> None:
        raise RuntimeError("home")


@asynccontextmanager
async def open_services(url: str, sandbox: Sandbox, directory: type[Directory] = Directory) -> AsyncIterator[Services]:
    """What handlers are given, of a pocket workspace."""
    settings = settings_for(sandbox, url)
    database = await Database.open(url)
    slack = Slack.connect(token=settings.bot_token.get_secret_value(), api_url=settings.api_url)
    try:
        await slack.authenticate()
        yield Services(database, settings, slack, directory(database, slack, ()))
    finally:
        await slack.close()
        await database.close()


@asynccontextmanager
async def open_room(
    url: str, sandbox: Sandbox, handlers: Handlers, directory: type[Directory] = Directory
) -> AsyncIterator[Pocket]:
    """A pocket workspace with an app of these handlers alone."""
    async with open_services(url, sandbox, directory) as services, _talking(services, sandbox, handlers) as pocket:
        yield pocket


@asynccontextmanager
async def _talking(services: Services, sandbox: Sandbox, handlers: Handlers) -> AsyncIterator[Pocket]:
    tables = Tables(
        handlers.command,
        {Action.POST_READ: handlers.action},
        {Form.REQUEST_DENY: handlers.form},
        handlers.home,
        handlers.typed,
    )
    guard = Guard(services)
    line = SocketLine(build(services, guard, tables), sandbox.settings.app_token)
    await line.connect()
    try:
        async with Pocket(sandbox.base) as pocket:
            yield pocket
    finally:
        await line.close()
        await guard.drain(5)


@pytest.fixture
def handlers() -> Handlers:
    return Handlers()


@pytest.fixture
async def room(bot_url: str, pocket_slack: Sandbox, handlers: Handlers) -> AsyncIterator[Pocket]:
    async with open_room(bot_url, pocket_slack, handlers) as pocket:
        yield pocket


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RuntimeError("secret inside"), "reference:"),
        (Refused("group_gone"), "no longer exists"),
        (NotAllowed("administrators", "team@g.example"), "Only administrators of team@g.example"),
        (DatabaseBusy("x"), "database is busy"),
        (Unreachable("x", uncertain=False), "did not answer"),
        (Denied("expired_trigger_id"), "no longer lets Postroom open"),
    ],
)
async def test_a_failing_command_was_acknowledged_and_says_why(
    room: Pocket, handlers: Handlers, error: Exception, told: str
) -> None:
    handlers.error = error
    answer = await room.command("ada", GENERAL, "/group x")
    assert answer["ok"], answer
    shown = await room.wait_message("ada", GENERAL, told)
    assert shown["ephemeral"]
    assert "secret" not in room.text(shown)


async def test_a_reference_stands_in_the_log_beside_its_cause(room: Pocket, handlers: Handlers) -> None:
    handlers.error = RuntimeError("the cause")
    with capture_logs() as logged:
        await room.command("ada", GENERAL, "/group x")
        shown = await room.wait_message("ada", GENERAL, "reference:")
    reference = room.text(shown).rsplit("reference: ")[1].split(".")[0]
    [entry] = [entry for entry in logged if entry["event"] == "handler.failed"]
    assert entry["reference"] == reference
    assert str(entry["exc_info"]) == "the cause"


async def test_a_failing_submission_keeps_the_form_and_what_was_typed(room: Pocket, handlers: Handlers) -> None:
    await room.command("ada", GENERAL, "/group form")
    await room.wait_modal("ada", contains="A form")
    await room.fill("ada", {"reason": "typed with care"})
    handlers.error = RuntimeError("x")
    assert (await room.submit("ada"))["ok"]
    await room.wait_modal("ada", contains="reference:")
    await room.close("ada")
    back = await room.wait_modal("ada", contains="A form")
    assert "typed with care" in str(back)


async def test_errors_stand_at_their_input(room: Pocket, handlers: Handlers) -> None:
    await room.command("ada", GENERAL, "/group form")
    await room.wait_modal("ada", contains="A form")
    handlers.answer = Errors({"reason": "Not like this"})
    answer = await room.submit("ada")
    assert answer["errors"] == {"reason": "Not like this"}


@pytest.mark.parametrize(
    ("answer", "shown"),
    [(None, "Done."), (Errors({"reason": "Not like this"}), "Not like this"), (Clear(), "Done.")],
)
async def test_a_slow_submission_says_so_and_then_shows_its_result(
    room: Pocket, handlers: Handlers, answer: Answer, shown: str
) -> None:
    await room.command("ada", GENERAL, "/group form")
    await room.wait_modal("ada", contains="A form")
    handlers.seconds, handlers.answer = 2.6, answer
    assert (await room.submit("ada"))["ok"]
    await room.wait_modal("ada", contains="takes a moment")
    await room.wait_modal("ada", contains=shown)


async def test_a_slow_submission_may_end_in_a_view(room: Pocket, handlers: Handlers) -> None:
    await room.command("ada", GENERAL, "/group form")
    await room.wait_modal("ada", contains="A form")
    view = blocks.modal("Next", Form.MESSAGE, [blocks.section("the next step")])
    handlers.seconds, handlers.answer = 2.3, Update(view)
    await room.submit("ada")
    await room.wait_modal("ada", contains="the next step")


async def test_a_click_in_a_modal_is_answered_over_it(room: Pocket) -> None:
    await room.command("ada", GENERAL, "/group form")
    await room.wait_modal("ada", contains="A form")
    await room.click("ada", Action.POST_READ)
    await room.wait_modal("ada", contains="clicked")


async def test_an_answer_whose_trigger_is_too_old_comes_by_dm(room: Pocket, handlers: Handlers) -> None:
    await room.command("ada", GENERAL, "/group form")
    await room.wait_modal("ada", contains="A form")
    handlers.hold = asyncio.Event()
    await room.click("ada", Action.POST_READ)
    await handlers.entered.wait()
    await room.control(advance=4)
    handlers.hold.set()
    await room.wait_message("ada", "dm", "clicked")


async def test_an_answer_later_than_its_response_url_lives_comes_by_dm(room: Pocket, handlers: Handlers) -> None:
    handlers.hold = asyncio.Event()
    await room.command("ada", GENERAL, "/group x")
    await handlers.entered.wait()
    await room.control(advance=31 * 60)
    handlers.hold.set()
    await room.wait_message("ada", "dm", "heard x")


async def test_a_result_whose_modal_was_closed_comes_by_dm(room: Pocket, handlers: Handlers) -> None:
    await room.command("ada", GENERAL, "/group form")
    await room.wait_modal("ada", contains="A form")
    view = blocks.modal("Done", Form.MESSAGE, [blocks.section("the group is made")])
    handlers.seconds, handlers.answer = 2.6, Update(view)
    await room.submit("ada")
    await room.wait_modal("ada", contains="takes a moment")
    await room.close("ada", everything=True)
    message = await room.wait_message("ada", "dm", "the group is made")
    assert message["text"] == "the group is made"  # what a notification says


async def test_a_form_of_an_older_version_says_so_and_keeps_what_was_typed(room: Pocket) -> None:
    await room.command("ada", GENERAL, "/group old")
    await room.wait_modal("ada", contains="A form")
    await room.fill("ada", {"reason": "typed with care"})
    assert (await room.submit("ada"))["ok"]
    await room.wait_modal("ada", contains="no longer current")
    await room.close("ada")
    assert "typed with care" in str(await room.modal("ada"))


async def test_a_button_of_an_older_form_says_so(room: Pocket) -> None:
    await room.command("ada", GENERAL, "/group old")
    await room.wait_modal("ada", contains="A form")
    await room.click("ada", "old.button")
    await room.wait_modal("ada", contains="older version")


class Blind(Directory):
    """Cannot find out who anybody is."""

    async def acting(self, slack_id: str) -> Person:
        if slack_id == "U0ADA":
            raise DatabaseBusy("x")
        return await super().acting(slack_id)


async def test_who_cannot_be_found_out_is_told_so(bot_url: str, pocket_slack: Sandbox, handlers: Handlers) -> None:
    async with open_room(bot_url, pocket_slack, handlers, Blind) as room:
        assert (await room.command("ada", GENERAL, "/group x"))["ok"]
        assert (await room.wait_message("ada", GENERAL, "could not find out who you are"))["ephemeral"]


class Slow(Directory):
    """Takes long to find out who somebody is, once a form is open."""

    seconds = 0.0

    async def acting(self, slack_id: str) -> Person:
        await asyncio.sleep(self.seconds)
        return await super().acting(slack_id)


async def test_finding_the_person_counts_into_the_three_seconds(
    bot_url: str, pocket_slack: Sandbox, handlers: Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_room(bot_url, pocket_slack, handlers, Slow) as room:
        await room.command("ada", GENERAL, "/group form")
        await room.wait_modal("ada", contains="A form")
        monkeypatch.setattr(Slow, "seconds", 1.6)
        handlers.seconds = 1.9
        assert (await room.submit("ada"))["ok"]
        await room.wait_modal("ada", contains="Done.")


async def test_a_failing_home_harms_nobody(room: Pocket) -> None:
    await room.open_home("ada")
    await room.open_home("ada", tab="messages")
    await room.command("ada", GENERAL, "/group x")
    await room.wait_message("ada", GENERAL, "heard x")


BODIES: list[dict[str, Any]] = [
    {}, {"user": None}, {"user": "U0ADA"}, {"user": {"id": "U0ADA"}}, {"user_id": "U0ADA"}, {"event": None},
    {"event": {"user": "U0ADA", "tab": "home"}}, {"user": {"id": "U0ADA"}, "actions": []},
    {"user": {"id": "U0ADA"}, "actions": [{}]}, {"user": {"id": "U0ADA"}, "view": {}},
    {"user": {"id": "U0ADA"}, "view": {"id": "V1", "private_metadata": None, "state": None}},
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=str)
async def test_whatever_a_request_lacks_it_is_acknowledged_and_nothing_reaches_bolt(
    bot_url: str, pocket_slack: Sandbox, handlers: Handlers, body: dict[str, Any]
) -> None:
    acks: list[dict[str, Any]] = []

    async def ack(**answer: Any) -> None:
        acks.append(answer)

    async with open_services(bot_url, pocket_slack) as services:
        guard = Guard(services)
        await guard.command(ack, body, handlers.command)
        await guard.action(ack, body, handlers.action)
        await guard.home(ack, body, handlers.home)
        assert await guard.noted(body)
        assert acks == [{}] * 3
        await guard.submission(ack, body, handlers.form)
    if body.get("view"):
        assert len(acks) == 4


def test_patterns_are_exact_and_each_others_complement() -> None:
    known, rest = exactly(["a.b", "c"]), anything_but(["a.b", "c"])
    for action_id, ours in {"a.b": True, "a.b#3": True, "c": True, "axb": False, "a.bc": False, "a.b#x": False}.items():
        assert bool(known.search(action_id)) is ours
        assert bool(rest.search(action_id)) is not ours


def test_every_id_has_one_handler() -> None:
    assert set(TABLES.actions) | {Action.GROUP_SETTINGS} <= set(Action)
    with pytest.raises(ValueError, match="two handlers"):
        merged([{Action.INERT: 1}, {Action.INERT: 2}])


def test_every_button_has_a_handler() -> None:
    assert set(Action) == set(TABLES.actions)


def test_explain_never_fails(handlers: Handlers) -> None:
    class Known:
        class person:  # noqa: N801 - stands for a row
            slack_id = "U1"

        class settings:  # noqa: N801 - stands for the settings
            command = "/group"

        @staticmethod
        def say(key: str, **values: Any) -> str:
            return key

    assert explain(Known(), ValueError("x")) == "slack.fault.ours"  # type: ignore[arg-type]  # as much of one as it needs
