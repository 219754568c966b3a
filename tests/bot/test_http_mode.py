"""HTTP mode: only what Slack signed, lately, and not one byte otherwise; a replay has one effect."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlencode

import aiohttp
import pytest
from slack_sdk.signature import SignatureVerifier
from sqlmodel import select
from structlog.testing import capture_logs

from bot.app import life
from bot.app.endpoint import PATH
from bot.sandbox.app import Sandbox
from bot.sandbox.driver import Pocket
from bot.sandbox.settings import Listen, Settings
from store import groups, persons, posts
from store.engine import Database
from store.posts import NewMessage, Submission
from store.roster import Entry
from store.schema.notice import Placement
from store.terms import Action, Decision, Standing
from tests.bot.conftest import SERVED, SYSTEM, settings_for

SECRET = "a-signing-secret"


@pytest.fixture
async def office(bot_url: str, free_port: Callable[[], int]) -> AsyncIterator[tuple[Pocket, str]]:
    """A workspace that posts its requests, and the bot that takes them; gives the driver and the request URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}{PATH}"
    sandbox = Sandbox(
        Settings(
            listen=Listen("127.0.0.1", 0), sink=Listen("127.0.0.1", free_port()), tiers=False, request_url=url,
            signing_secret=SECRET,
        )
    )  # fmt: skip
    await sandbox.start()
    stop = asyncio.Event()
    settings = settings_for(sandbox, bot_url, app_token=None, signing_secret=SECRET)
    running = asyncio.create_task(life.run(settings, stop, listen=("127.0.0.1", port)))
    try:
        async with Pocket(sandbox.base) as pocket, aiohttp.ClientSession() as session:
            async with asyncio.timeout(15):
                while not await healthy(session, f"http://127.0.0.1:{port}/healthz"):
                    await asyncio.sleep(0.02)
            yield pocket, url
    finally:
        stop.set()
        assert await running == 0
        await sandbox.stop()


async def healthy(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


def signed(body: str, *, at: str | None = None, secret: str = SECRET) -> dict[str, str]:
    """The headers Slack would put on this body."""
    timestamp = at or str(int(time.time()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body) or ""
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": signature,
    }


async def post(url: str, body: str | bytes, headers: dict[str, str]) -> int:
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        return answer.status


BODY = urlencode({"command": "/group", "text": "help", "user_id": "U0ADA", "response_url": "http://127.0.0.1:9/r"})


async def test_a_command_is_answered(office: tuple[Pocket, str]) -> None:
    pocket, _ = office
    answer = await pocket.command("ada", "#general", "/group help")
    assert answer["ok"]
    await pocket.wait_message("ada", "#general", "/group create")


async def test_what_is_typed_under_a_report_is_heard(office: tuple[Pocket, str], bot_url: str) -> None:
    pocket, _ = office
    await pocket.control(grant=["im:history"])
    database = await Database.open(bot_url)
    async with database.writing() as tx:
        ada = await persons.upsert(tx, persons.Profile("U0ADA", "Ada", "ada@example.org"))
        new = groups.NewGroup("team@groups.example.org", administrators=(Entry(None, ada.id, "Ada"),))
        group = await groups.create(tx, new, SERVED, SYSTEM)
        assert group.id is not None
        accepted = Submission(group.id, Standing.ADMINISTRATOR, Decision(Action.ACCEPT), None)
        await posts.submit(tx, NewMessage(raw=b"Subject: x\r\n\r\n", public_id="p", subject="Minutes"), [accepted])
    report = await pocket.wait_message("ada", "dm", "Minutes")  # no channel: it comes by direct message
    await known(database, report["ts"])
    await database.close()
    await pocket.say("ada", "dm", "Thank you", thread=report["ts"])
    told = await pocket.wait_message("ada", "dm", "This stays in Slack")
    assert told["thread_ts"] == report["ts"]
    await pocket.click("ada", "thread.send")
    assert "Thank you" in str(await pocket.wait_modal("ada", contains="Your answer to a post"))


async def known(database: Database, ts: str) -> None:
    """Until the bot wrote down where it posted a report: it stands in Slack a moment before."""
    async with asyncio.timeout(15):
        while True:
            async with database.reading() as tx:
                if (await tx.exec(select(Placement.id).where(Placement.ts == ts))).first() is not None:
                    return
            await asyncio.sleep(0.01)


async def test_slack_may_verify_the_url(office: tuple[Pocket, str]) -> None:
    _, url = office
    body = json.dumps({"type": "url_verification", "token": "x", "challenge": "3eZbrw1aB"})
    headers = signed(body) | {"Content-Type": "application/json"}
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        assert (answer.status, await answer.json()) == (200, {"challenge": "3eZbrw1aB"})


async def test_only_what_is_signed_gets_in(office: tuple[Pocket, str]) -> None:
    _, url = office
    now = int(time.time())
    assert await post(url, BODY, signed(BODY)) == 200
    assert await post(url, BODY + "x", signed(BODY)) == 401
    assert await post(url, BODY, signed(BODY, secret="another")) == 401
    assert await post(url, BODY, signed(BODY, at=str(now - 301))) == 401
    assert await post(url, BODY, {**signed(BODY), "X-Slack-Request-Timestamp": "abc"}) == 401
    assert await post(url, BODY, {**signed(BODY), "X-Slack-Request-Timestamp": "²"}) in {400, 401}
    assert await post(url, BODY, {"Content-Type": "application/x-www-form-urlencoded"}) == 401
    assert await post(url, b"\xff\xfe", signed("x")) in {400, 401}


async def test_a_refused_request_leaves_no_secret_in_the_log(
    office: tuple[Pocket, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    _, url = office
    headers = {**signed(BODY, secret="another"), "X-Canary": "canary-header"}
    with capture_logs() as ours:
        assert await post(url, BODY + "&token=canary-body", headers) == 401
    logged = caplog.text + repr(ours)
    assert "canary" not in logged
    assert headers["X-Slack-Signature"] not in logged
    assert SECRET not in logged
