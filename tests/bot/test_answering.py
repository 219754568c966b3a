"""An answer by direct message: once where that is known, else twice, never a third time; and what is refused for good
is not tried again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot import answering
from bot.faults import Denied, RateLimited, Unreachable
from bot.sandbox.app import Sandbox
from bot.sandbox.driver import Pocket
from bot.slack import Slack
from bot.views import blocks

SHOWN = blocks.shown("your answer", [blocks.section("your answer")])
POST = "chat.postMessage"


@pytest.fixture
async def slack(pocket_slack: Sandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Slack]:
    monkeypatch.setattr("bot.answering.WAITS", (0.01, 0.01, 0.01))
    opened = Slack.connect(token=pocket_slack.settings.bot_token, api_url=f"{pocket_slack.base}/api/")
    yield opened
    await opened.close()


@pytest.fixture
async def pocket(pocket_slack: Sandbox) -> AsyncIterator[Pocket]:
    async with Pocket(pocket_slack.base) as driver:
        yield driver


async def answers(pocket: Pocket) -> int:
    return sum(message["text"] == "your answer" for message in await pocket.messages("ada", "dm"))


@pytest.mark.parametrize(
    ("what", "method", "times", "seen"),
    [
        ("429", POST, 1, 1),
        ("503", POST, 2, 1),
        ("503", "conversations.open", 1, 1),
        ("lost", "conversations.open", 1, 1),
        ("refused", POST, 1, 1),
        ("lost", POST, 1, 2),
        ("lost", POST, 2, 2),  # the second silence is the question whether what posts answers
    ],
)
async def test_a_moment_is_waited_out(
    slack: Slack, pocket: Pocket, what: str, method: str, times: int, seen: int
) -> None:
    await pocket.control(outage=what, methods=method, times=times, retry_after=0)
    await answering.by_dm(slack, "U0ADA", SHOWN)
    assert await answers(pocket) == seen


@pytest.mark.parametrize(("what", "fault"), [("429", RateLimited), ("503", Unreachable), ("lost", Unreachable)])
async def test_what_lasts_is_raised(slack: Slack, pocket: Pocket, what: str, fault: type[Exception]) -> None:
    await pocket.control(outage=what, methods=POST, retry_after=0)
    with pytest.raises(fault):
        await answering.by_dm(slack, "U0ADA", SHOWN)
    assert await answers(pocket) == (what == "lost")


async def test_two_lost_answers_end_it(slack: Slack, pocket: Pocket) -> None:
    await pocket.control(outage="lost", methods=POST, times=1)
    await pocket.control(outage="lost", methods=POST, times=1, spared=1)  # it answers when it is asked whether it does
    with pytest.raises(Unreachable):
        await answering.by_dm(slack, "U0ADA", SHOWN)
    assert await answers(pocket) == 2


async def test_a_refusal_is_for_good(slack: Slack, pocket: Pocket) -> None:
    await pocket.control(revoke=["chat:write"])
    with pytest.raises(Denied):
        await answering.by_dm(slack, "U0ADA", SHOWN)
