"""The check of a real workspace, played in the pocket one: its people do what the lines tell them, and nothing more."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from functools import partial
from pathlib import Path

import pytest

from bot.sandbox.app import Sandbox
from bot.sandbox.driver import Pocket
from bot.sandbox.methods.table import METHODS
from bot.sandbox.processes import Processes
from bot.sandbox.settings import Listen, Settings
from bot.views.blocks import Shown
from store.engine import Database
from tests.acceptance import ours
from tests.acceptance.__main__ import check, given
from tests.acceptance.ours import drawn
from tests.acceptance.run import STEPS, Result, _played
from tests.acceptance.stage import Failed, Given, Skipped, Stage
from tests.acceptance.workspace import Workspace
from tests.bot.views.test_subjects import draw

ADA = "U0ADA"
TOKENS = {"SLACK_BOT_TOKEN": "xoxb-pocket-secret", "SLACK_APP_TOKEN": "xapp-pocket-secret"}


@pytest.fixture
async def pocket(free_port: Callable[[], int]) -> AsyncIterator[Pocket]:
    """A workspace that knows the tokens; Slack's rate limits are off."""
    sandbox = Sandbox(
        Settings(
            listen=Listen("127.0.0.1", free_port()),
            sink=Listen("127.0.0.1", free_port()),
            bot_token=TOKENS["SLACK_BOT_TOKEN"],
            app_token=TOKENS["SLACK_APP_TOKEN"],
            tiers=False,
        )
    )
    await sandbox.start()
    async with Pocket(sandbox.base) as pocket:
        yield pocket
    await sandbox.stop()


def about(pocket: Pocket, channel: str = "C0REPORTS") -> Given:
    return given(channel, 30.0, TOKENS | {"SLACK_API_URL": f"{pocket.base}/api/"})


class Human:
    """Ada, who reads what the check says and does it."""

    def __init__(self, pocket: Pocket) -> None:
        self.pocket = pocket
        self.acts = {
            "Create the group": self.create,
            "Click Release": lambda told: self.click("post.release", told),
            "Click Discard": lambda told: self.click("post.discard", told),
            "Click Approve": lambda told: self.click("request.approve", told),
            "shortcut": self.write,
            "Home tab": self.pause,
        }

    async def read(self, line: str) -> None:
        if "→" in line:
            (act,) = [act for words, act in self.acts.items() if words in line]
            await act(line)

    async def create(self, told: str) -> None:
        local = re.search(r"Address (\S+),", told)
        assert local is not None
        assert (await self.pocket.command(ADA, "#reports", "/group create"))["ok"]
        await self.pocket.wait_modal(ADA)
        for values in (
            {"local": local[1], "display_name": "Check", "report_channel": "C0REPORTS"},
            {"contacts": [ADA]},
            {},
        ):
            before = (await self.pocket.modal(ADA) or {}).get("callback_id")
            await self.pocket.fill(ADA, dict(values))
            answer = await self.pocket.submit(ADA)
            assert answer["ok"], answer
            await self.pocket.wait_for(partial(self.moved_on, before), 10)
        await self.pocket.close(ADA, everything=True)

    async def moved_on(self, before: str | None) -> bool:
        view = await self.pocket.modal(ADA)
        return view is not None and view["callback_id"] != before

    async def click(self, action: str, told: str) -> None:
        assert (await self.pocket.click(ADA, action, channel="dm"))["ok"]

    async def write(self, told: str) -> None:
        await self.pocket.shortcut(ADA, "mail_to_group")
        await self.pocket.wait_modal(ADA, contains="Mail to a group")
        offered = await self.pocket.options(ADA, "group", "check")
        group = offered["options"][0]["value"]
        await self.pocket.fill(ADA, {"group": group, "subject": "Lunch", "text": "Shall we?"})
        await self.pocket.submit(ADA)
        shown = await self.pocket.wait_modal(ADA, contains="Before it is sent")
        if "It goes to" not in self.pocket.text(shown):  # a busy machine draws it a moment later
            await self.pocket.submit(ADA)
            await self.pocket.wait_modal(ADA, contains="It goes to")
        await self.pocket.submit(ADA)
        await self.pocket.wait_message(ADA, "dm", "goes out at")
        await self.pocket.close(ADA, everything=True)
        await self.pocket.click(ADA, "compose.undo", channel="dm")

    async def pause(self, told: str) -> None:
        await self.pocket.open_home(ADA)
        await self.pocket.wait_home(ADA, contains="Pause my copies")
        await self.pocket.click(ADA, "group.pause", home=True)


async def lines(about: Given, said: list[str]) -> AsyncGenerator[str]:
    """What a check says, as it says it; its exit code last."""
    queue: asyncio.Queue[str] = asyncio.Queue()
    playing = asyncio.create_task(check(about, queue.put_nowait))
    playing.add_done_callback(lambda _: queue.put_nowait("the end"))
    try:
        while (line := await queue.get()) != "the end":
            said.append(line)
            yield line
        yield str(await playing)
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)


async def test_every_step_passes_and_nothing_is_left(pocket: Pocket) -> None:
    human, said = Human(pocket), list[str]()
    async with aclosing(lines(about(pocket), said)) as every:
        async for line in every:
            await human.read(line)
    text = "\n".join(said)
    assert line == "0", text
    assert said[-1] == f"{len(STEPS) + 1} passed, 0 failed, 0 skipped", text
    for channel in ("#reports", "dm"):
        assert [one for one in await pocket.messages(ADA, channel) if not one["ephemeral"]] == []
    assert "check is over" in pocket.text(await pocket.home(ADA) or {})
    assert "secret" not in text


async def test_what_the_doctor_finds_ends_it_with_its_remedy(pocket: Pocket) -> None:
    await pocket.control(revoke=["files:write"])
    said: list[str] = []
    async with aclosing(lines(about(pocket), said)) as every:
        code = [line async for line in every][-1]
    text = "\n".join(said)
    assert code == "1", text
    assert re.search(r"failed: .*files:write.* install the app again", text), text
    assert said[-1] == f"1 passed, 1 failed, {len(STEPS) - 1} skipped"
    assert "→" not in text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_stands_in_the_way_is_named(
    pocket: Pocket, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await Database.open(database_url)
    slack = Workspace.connect(token=TOKENS["SLACK_BOT_TOKEN"], api_url=f"{pocket.base}/api/")

    def stage(channel: str) -> Stage:
        nothing = Processes(tmp_path, {})
        return Stage(about(pocket, channel), tmp_path, "1", slack, pocket, database, nothing, {}, lambda _: None)

    for channel, told in (("C0RANDOM", "invite it"), ("C0OLD", "archived"), ("C0BOARD", "channel_not_found")):
        with pytest.raises(Failed, match=told):
            await ours.channel(stage(channel))
    assert await ours.channel(stage("C0REPORTS")) == "#reports"
    async with slack.line(TOKENS["SLACK_APP_TOKEN"]):
        with pytest.raises(Failed, match="end the bot"):
            await ours.alone(stage("C0REPORTS"))
    monkeypatch.setattr(
        ours, "draw", lambda name, text: Shown("x", [{"type": "odd"}]) if name == "cards.held" else draw(name, text)
    )
    with pytest.raises(Failed, match=r"^cards\.held: invalid_blocks .*unsupported type: odd"):
        await ours.valid(stage("C0REPORTS"))
    monkeypatch.delitem(METHODS, "blocks.validate")
    with pytest.raises(Skipped, match="unknown_method"):
        await ours.valid(stage("C0REPORTS"))
    await pocket.control(revoked=True)
    (played,) = [await _played(stage("C0REPORTS"), step) for step in STEPS if step.play is ours.card]
    assert (played.result, played.seen) == (Result.FAILED, "Slack said invalid_auth")
    await slack.close()
    await database.close()


@pytest.mark.parametrize(
    ("channel", "changed", "told"),
    [
        ("#reports", {}, "CHANNEL=C0123456789"),
        ("C0REPORTS", {"SLACK_APP_TOKEN": ""}, "SLACK_APP_TOKEN"),
        ("C0REPORTS", {"SLACK_BOT_TOKEN": "xoxp-secret"}, "SLACK_BOT_TOKEN"),
    ],
)
def test_what_it_needs_is_asked_for_in_one_line(channel: str, changed: dict[str, str], told: str) -> None:
    with pytest.raises(SystemExit, match=told) as refused:
        given(channel, 1.0, TOKENS | changed)
    assert "secret" not in str(refused.value)
    assert "secret" not in repr(Given("xoxb-secret", "xapp-secret", "C1"))


def test_every_view_there_is_is_shown_to_slack() -> None:
    names = {name for name, _ in drawn()}
    kinds = {next(iter(what)) for _, what in drawn()}
    assert {"cards.held", "reports.report", "home.home", "compose.form"} <= names
    assert kinds == {"blocks", "view"}


def test_the_readme_tells_of_it() -> None:
    root = Path(__file__).parents[2]
    assert "make check-slack CHANNEL=" in (root / "README.md").read_text("utf-8")
    assert re.search(r"^check-slack:", (root / "Makefile").read_text("utf-8"), re.MULTILINE)
