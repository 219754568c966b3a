"""The one place that calls Slack: what its refusals and silences mean, and that the SDK repeats nothing by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from bot import refusals
from bot.faults import Denied, Gone, RateLimited, Unreachable
from bot.responses import refusal
from bot.sandbox import limits as others
from bot.sandbox.app import Sandbox
from bot.sandbox.driver import Pocket
from bot.shares import Shares
from bot.slack import PAGE, Slack
from bot.views import blocks, charts, limits
from bot.views.ids import Form

SHOWN = blocks.shown("hello", [blocks.section("hello")])


@pytest.fixture
async def slack(pocket_slack: Sandbox) -> AsyncIterator[Slack]:
    opened = Slack.connect(token=pocket_slack.settings.bot_token, api_url=f"{pocket_slack.base}/api/")
    await opened.authenticate()
    yield opened
    await opened.close()


@pytest.fixture
async def pocket(pocket_slack: Sandbox) -> AsyncIterator[Pocket]:
    async with Pocket(pocket_slack.base) as driver:
        yield driver


async def test_who_we_are_and_what_was_granted(slack: Slack) -> None:
    assert slack.identity is not None
    assert slack.identity.team_id == "T0POCKET"
    assert "chat:write" in slack.identity.scopes
    assert await slack.reachable()


async def test_post_and_redraw(slack: Slack, pocket: Pocket) -> None:
    channel, ts = await slack.post("C0GENERAL", SHOWN, placement=5)
    await slack.update(channel, ts, blocks.shown("changed", [blocks.section("changed")]))
    (message,) = [m for m in await pocket.messages("ada", "#general") if m["ts"] == ts]
    assert message["text"] == "changed"


async def test_our_message_is_found_by_its_placement_and_nobody_elses(slack: Slack, pocket: Pocket) -> None:
    await pocket.control(grant=["channels:history"])
    channel, ts = await slack.post("C0GENERAL", SHOWN, placement=5)
    assert await slack.find_placement(channel, 5, float(ts) - 1) == ts
    assert await slack.find_placement(channel, 6, float(ts) - 1) is None
    assert slack.identity is not None


async def test_channels_and_direct_messages(slack: Slack) -> None:
    reports, random, mods = [await slack.channel(c) for c in ("C0REPORTS", "C0RANDOM", "C0MODERATORS")]
    assert (reports.member, reports.private, reports.direct, reports.name) == (True, False, False, "reports")
    assert random.member is False
    assert mods.private is True
    assert (await slack.channel("C0OLD")).archived
    dm = await slack.open_dm("U0ADA")
    assert (await slack.channel(dm)).direct
    with pytest.raises(Gone, match="channel_not_found"):
        await slack.channel("C0BOARD")


@pytest.mark.parametrize(
    ("channel", "error"), [("C0OLD", "is_archived"), ("C0RANDOM", "not_in_channel"), ("C0NONE", "channel_not_found")]
)
async def test_what_is_gone(slack: Slack, channel: str, error: str) -> None:
    with pytest.raises(Gone, match=error):
        await slack.post(channel, SHOWN)


async def test_a_message_that_was_deleted_is_gone(slack: Slack) -> None:
    with pytest.raises(Gone, match="message_not_found"):
        await slack.update("C0GENERAL", "1.000001", SHOWN)


async def test_only_what_slack_knows_to_be_deleted_is(slack: Slack) -> None:
    assert not await slack.stands("C0GENERAL", "1.000001")
    assert await slack.stands("C0NONE", "1.000001")


async def test_a_missing_scope_is_named(slack: Slack, pocket: Pocket) -> None:
    await pocket.control(revoke=["chat:write"])
    with pytest.raises(Denied, match=r"missing_scope needs chat:write"):
        await slack.post("C0GENERAL", SHOWN)


@pytest.mark.parametrize(("outage", "uncertain"), [("503", False), ("lost", True), ("refused", True)])
async def test_silence_and_whether_the_call_may_have_been_carried_out(
    slack: Slack, pocket: Pocket, outage: str, uncertain: bool
) -> None:
    await pocket.control(outage=outage, methods="chat.postMessage", times=1)
    with pytest.raises(Unreachable) as fault:
        await slack.post("C0GENERAL", SHOWN)
    assert fault.value.uncertain is uncertain


async def test_where_nothing_listens_nothing_was_sent(free_port: object) -> None:
    assert callable(free_port)
    slack = Slack.connect(token="xoxb-x", api_url=f"http://127.0.0.1:{free_port()}/api/")
    with pytest.raises(Unreachable) as fault:
        await slack.post("C0GENERAL", SHOWN)
    assert fault.value.uncertain is False
    assert not await slack.reachable()
    await slack.close()


async def test_a_lost_post_is_not_repeated_by_the_sdk(slack: Slack, pocket: Pocket) -> None:
    await pocket.control(outage="lost", methods="chat.postMessage", times=1)
    with pytest.raises(Unreachable):
        await slack.post("C0GENERAL", SHOWN)
    await asyncio.sleep(0.2)
    assert sum(m["text"] == "hello" for m in await pocket.messages("ada", "#general")) == 1


async def test_a_rate_limit_says_how_long(slack: Slack, pocket: Pocket) -> None:
    await pocket.control(outage="429", methods="chat.postMessage", times=1, retry_after=7)
    with pytest.raises(RateLimited) as limit:
        await slack.post("C0GENERAL", SHOWN)
    assert limit.value.seconds == 7


async def test_an_expired_trigger_is_denied(slack: Slack) -> None:
    view = blocks.modal("x", Form.MESSAGE, [blocks.section("x")])
    with pytest.raises(Denied) as refusal:
        await slack.open_view("1.2.3", view)
    assert "trigger" in refusal.value.error


async def test_a_used_up_response_url_is_gone(slack: Slack, pocket_slack: Sandbox) -> None:
    with pytest.raises(Gone):
        await slack.respond(f"{pocket_slack.base}/response/none", SHOWN)


async def test_a_file_is_shared_with_a_person_and_read_back(slack: Slack, pocket: Pocket) -> None:
    content = bytes(range(256)) * 10
    file_id = await slack.upload("U0ADA", "all.csv", content, "Who reads *all*")
    message = await pocket.wait_message("ada", "dm", "Who reads")
    assert [f["name"] for f in message["files"]] == ["all.csv"]
    assert await pocket.download(message["files"][0]) == content
    assert await slack.download(file_id) == ("all.csv", content)
    with pytest.raises(Gone, match="file_not_found"):
        await slack.download(file_id, of="U0LINUS")
    with pytest.raises(Denied, match="file_too_large"):
        await slack.download(file_id, most=len(content) - 1)


async def test_what_is_wrong_with_a_file(slack: Slack, pocket: Pocket) -> None:
    with pytest.raises(Gone, match="not_in_channel"):
        await slack.upload("C0RANDOM", "all.csv", b"x")
    with pytest.raises(Denied, match="file_not_found"):
        await slack.download("F0NONE")
    file_id = await slack.upload("C0GENERAL", "all.csv", b"x")
    await pocket.control(outage="503", methods="download", times=1)
    with pytest.raises(Unreachable, match="503"):
        await slack.download(file_id)
    await pocket.control(outage="503", methods="upload", times=1)
    with pytest.raises(Unreachable, match="503") as caught:
        await slack.upload("C0GENERAL", "all.csv", b"x")
    assert not caught.value.uncertain
    await pocket.control(revoke=["files:read", "files:write"])
    with pytest.raises(Denied, match="missing_scope needs files:read"):
        await slack.download(file_id)
    with pytest.raises(Denied, match="missing_scope needs files:write"):
        await slack.upload("C0GENERAL", "all.csv", b"x")


async def test_our_token_goes_to_slack_alone_and_no_sign_in_page_is_taken_for_a_file(slack: Slack) -> None:
    """The attack: a file whose URL is elsewhere, or leads there."""
    shares = slack._shares
    assert shares._own(f"{slack.client.base_url}x")
    real = Shares(shares._call, shares._session, api_url="https://slack.com/api/", token="x")
    assert real._own("https://files.slack.com/files-pri/T0-F0/all.csv")
    for foreign in (
        "https://files.slack.com.evil.example/x",
        "https://evilslack.com/x",
        "http://files.slack.com/x",
        "https://files.slack.com:8443/x",
        "https://files.slack.com@evil.example/x",
        "file:///etc/passwd",
        "",
    ):
        with pytest.raises(Denied, match="foreign_file"):
            real._own(foreign)
    file_id = await slack.upload("C0GENERAL", "all.csv", b"x")
    shares._token = "xoxb-of-nobody"
    with pytest.raises(Denied, match="file_not_readable 302"):
        await slack.download(file_id)


async def test_our_message_is_found_under_more_than_a_page_of_others(slack: Slack, pocket: Pocket) -> None:
    await pocket.control(grant=["channels:history"])
    channel, ts = await slack.post("C0GENERAL", SHOWN, placement=5)
    for n in range(PAGE + 1):
        await pocket.say("ada", "#general", f"{n}")
    assert await slack.find_placement(channel, 5, float(ts) - 1) == ts


async def test_only_what_leaves_something_is_uncertain(slack: Slack, pocket: Pocket) -> None:
    await pocket.control(outage="lost")
    for call in (slack.open_dm("U0ADA"), slack.channel("C0GENERAL"), slack.update("C0GENERAL", "1.1", SHOWN)):
        with pytest.raises(Unreachable) as fault:
            await call
        assert fault.value.uncertain is False
    assert await slack.takes_posts() is False


TABLE = charts.table("all", ["who"], [["Ana"]])
NEWER = blocks.shown("hello", [TABLE], instead=[blocks.section("who: Ana")])
LONG = {"type": "data_table", "caption": "all", "rows": [[{"type": "raw_text", "text": "x" * 5_001}]] * 2}


async def kinds(pocket: Pocket, ts: str) -> list[str]:
    """The kinds of blocks of a message in #general."""
    (found,) = [message for message in await pocket.messages("ada", "#general") if message["ts"] == ts]
    return [block["type"] for block in found["blocks"]]


async def test_kinds_that_a_workspace_does_not_have_are_never_tried_again(
    slack: Slack, pocket: Pocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setitem(others.BLOCKS_ON, "message", others.BLOCKS_ON["message"] - limits.NEWER)
        _, ts = await slack.post("C0GENERAL", NEWER)
    assert await kinds(pocket, ts) == ["section"]
    _, ts = await slack.post("C0GENERAL", NEWER)  # though it would be taken now
    assert await kinds(pocket, ts) == ["section"]


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        (
            {"response_metadata": {"messages": ["[ERROR] unsupported type: data_table [json-pointer:/blocks/1/type]"]}},
            1,
        ),
        ({"errors": ["unsupported type: data_table [json-pointer:/blocks/0/type]"], "response_metadata": None}, 1),
        ({"errors": ["must be less than 10001 characters together [json-pointer:/blocks/0/rows]"]}, 0),
        ({}, 0),
    ],
)
def test_the_kinds_that_are_unknown_are_read_wherever_slack_names_them(said: dict[str, Any], kinds: int) -> None:
    response = SimpleNamespace(status_code=200, headers={}, data={"ok": False, "error": "invalid_blocks"} | said)
    fault = refusals.refused(response, "chat.postMessage")
    assert isinstance(fault, Denied)
    assert refusals.unknown_kinds(fault.detail) == frozenset(["data_table"] * kinds)


@pytest.mark.parametrize(
    ("instead", "left"), [([blocks.section("plainer")], ["section"]), ([LONG], []), (None, [])],
    ids=["plainer", "plainer is refused too", "nothing plainer"],
)  # fmt: skip
async def test_any_other_refusal_is_of_one_message(
    slack: Slack, pocket: Pocket, instead: list[blocks.Block] | None, left: list[str]
) -> None:
    _, ts = await slack.post("C0GENERAL", blocks.shown("hello", [LONG], instead=instead))
    assert await kinds(pocket, ts) == left
    _, ts = await slack.post("C0GENERAL", NEWER)
    assert await kinds(pocket, ts) == ["data_table"]


async def test_a_refusal_where_slack_gives_no_reason_is_of_one_answer(
    slack: Slack, pocket: Pocket, pocket_slack: Sandbox
) -> None:
    assert pocket_slack.workspace is not None
    url = f"{pocket_slack.base}/response/{pocket_slack.workspace.tickets.new_response('U0ADA', 'C0GENERAL', None)}"
    await slack.respond(url, blocks.shown("hello", [LONG], instead=[blocks.section("plainer")]))
    await slack.respond(url, NEWER)
    told = [message for message in await pocket.messages("ada", "#general") if message["text"] == "hello"]
    assert [[block["type"] for block in message["blocks"]] for message in told] == [["section"], ["data_table"]]


async def test_asking_whether_what_posts_answers_leaves_nothing(slack: Slack, pocket: Pocket) -> None:
    seen = len(await pocket.messages("ada", "#general"))
    assert await slack.takes_posts()
    await pocket.control(revoke=["chat:write"])
    assert await slack.takes_posts()  # a refusal is an answer
    assert len(await pocket.messages("ada", "#general")) == seen


@pytest.mark.parametrize(
    ("status", "text", "word"),
    [
        (200, "ok", ""),
        (200, '{"ok":true}', ""),
        (200, '{"ok":false,"error":"invalid_blocks"}', "invalid_blocks"),
        (400, "invalid_blocks\n", "invalid_blocks"),
        (400, '{"ok":false,"error":"invalid_arguments"}', "invalid_arguments"),
        (404, "", "404"),
        (403, "[]", "[]"),
    ],
)
def test_a_response_url_words_its_refusals_in_one_of_two_forms(status: int, text: str, word: str) -> None:
    assert refusal(status, text) == word
