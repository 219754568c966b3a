"""Who may drive the sandbox, the live stream, the page, and starting and stopping the process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yarl

from bot.sandbox.app import Sandbox
from bot.sandbox.driver import PocketError
from bot.sandbox.settings import StartRefusedError, read_settings
from tests.bot.sandbox.conftest import FAST, Rig, Start
from tests.bot.sandbox.shapes import actions, button, section

ROOT = Path(__file__).parents[3]
FOREIGN: list[dict[str, str]] = [
    {"Host": "evil.example"},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Content-Type": "text/plain"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=[str(h) for h in FOREIGN])
async def test_another_page_cannot_drive_it(rig: Rig, headers: dict[str, str]) -> None:
    body = b'{"person": "ada", "channel": "#general", "text": "hi"}'
    sent = {"Content-Type": "application/json", **headers}
    async with rig.session.post(f"{rig.sandbox.base}/pocket/say", data=body, headers=sent) as answer:
        assert answer.status == 403
    assert await rig.pocket.messages("ada", "#general") == []


async def test_the_page_is_served_by_name_and_nothing_beside_it(tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<title>Pocket</title>")
    (page / "pocket.js").write_text("export {}")
    (tmp_path / "secret").write_text("hush")
    sandbox = Sandbox(FAST, page=page)
    base = await sandbox.start()
    async with aiohttp.ClientSession() as session:
        for path, code, says in (
            ("/", 200, "Pocket"),
            ("/pocket.js", 200, "export"),
            ("/nothing.js", 404, ""),
            ("/%2e%2e/secret", 404, ""),
            ("/..%2fsecret", 404, ""),
        ):
            async with session.get(yarl.URL(base + path, encoded=True)) as answer:
                text = await answer.text()
                assert (path, answer.status) == (path, code)
                assert says in text
                assert "hush" not in text
    await sandbox.stop()


async def test_its_own_page_can(rig: Rig) -> None:
    body = {"person": "ada", "channel": "#general", "text": "hi"}
    headers = {"Origin": rig.sandbox.base, "Sec-Fetch-Site": "same-origin"}
    async with rig.session.post(f"{rig.sandbox.base}/pocket/say", json=body, headers=headers) as answer:
        assert answer.status == 200
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


async def test_what_a_person_could_not_do_is_400_with_the_reason(rig: Rig) -> None:
    for path, fields in (
        ("say", {"person": "nobody", "channel": "#general", "text": "x"}),
        ("say", {"person": "dora", "channel": "#general", "text": "x"}),
        ("say", {"person": "grace", "channel": "#board", "text": "x"}),
        ("say", {"person": "ada", "channel": "#general"}),
        ("command", {"person": "gil", "channel": "#reports", "text": "/group"}),
        ("submit", {"person": "ada"}),
        ("close", {"person": "ada"}),
        ("act", {"person": "ada", "home": True, "action_id": "x"}),
        ("control", {"tea": 1}),
        ("control", {"outage": "tea"}),
        ("person", {"person": "ada", "fields": {"shoe": 44}}),
    ):
        with pytest.raises(PocketError):
            await rig.pocket.post(path, **fields)
    async with rig.session.post(
        f"{rig.sandbox.base}/pocket/say", data=b"[1]", headers={"Content-Type": "application/json"}
    ) as answer:
        assert answer.status == 400


async def test_the_stream_tells_of_each_change(rig: Rig) -> None:
    stream = rig.pocket.changes()
    first, topics = await anext(stream)
    assert topics == []
    await rig.pocket.say("ada", "#general", "hi")
    second, topics = await anext(stream)
    assert second > first
    assert topics == ["channel:C0GENERAL"]
    await stream.aclose()


async def test_waiting_ends_with_what_was_waited_for_or_says_what_it_was(rig: Rig) -> None:
    waiting = asyncio.create_task(rig.pocket.wait_message("grace", "#general", "hello"))
    await rig.pocket.say("ada", "#general", "hello there")
    assert (await waiting)["author"] == "U0ADA"
    with pytest.raises(PocketError, match="never said"):
        await rig.pocket.wait_message("grace", "#general", "never said", timeout=0.1)


async def test_state_shows_only_what_the_person_may_see(rig: Rig) -> None:
    await rig.client.chat_postMessage(channel="C0MODERATORS", text="x", blocks=[section(), actions(button("go"))])
    ada, gil = await rig.pocket.state("ada"), await rig.pocket.state("gil")
    assert {"moderators", "board"} <= {c["name"] for c in ada["channels"]}
    assert not {"moderators", "board"} & {c["name"] for c in gil["channels"]}
    assert "C0MODERATORS" not in gil["messages"]
    assert ada["modal"] is None
    assert ada["me"]["owner"] is True
    created = await rig.pocket.post("channel", name="secret", members=["ada"], private=True)
    assert (await rig.pocket.messages("ada", created["channel"])) == []
    await rig.pocket.post("archive", channel="#reports")
    with pytest.raises(PocketError):
        await rig.pocket.join("gil", "#reports")


async def test_a_stop_ends_streams_and_hanging_calls_at_once(start: Start) -> None:
    rig = await start()
    stream = rig.pocket.changes()
    await anext(stream)
    await rig.pocket.control(outage="hang")
    hanging = asyncio.create_task(rig.client.auth_test())
    await asyncio.wait({hanging}, timeout=0.1)
    async with asyncio.timeout(3):
        await rig.sandbox.stop()
    with pytest.raises(Exception, match=r".*"):
        await hanging
    await stream.aclose()


# ---------------------------------------------------------------- settings and the process


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-1-2-abc"}, "SLACK_BOT_TOKEN does not begin with xoxb-pocket-"),
        ({"SLACK_APP_TOKEN": "xapp-1-A-2"}, "SLACK_APP_TOKEN does not begin with xapp-pocket-"),
        ({"POSTROOM_SANDBOX_LISTEN": "0.0.0.0:8025"}, "not a loopback address"),
        ({"POSTROOM_SANDBOX_LISTEN": "8025"}, "host:port"),
        ({"POSTROOM_SMTP_LISTEN": "192.0.2.1:25"}, "not a loopback address"),
        ({"POSTROOM_RELAY": "mx"}, "not an smtp:// address"),
        ({"POSTROOM_RELAY": "smtp://user:hush@relay.example:587"}, "not a loopback address"),
    ],
)
def test_a_start_that_could_do_harm_is_refused_in_one_line(environ: dict[str, str], says: str) -> None:
    with pytest.raises(StartRefusedError, match=says) as caught:
        read_settings(environ, mailroom_only=False, request_url=None)
    assert "\n" not in str(caught.value)
    assert "abc" not in str(caught.value)
    assert "hush" not in str(caught.value)


def test_the_mail_room_alone_starts_beside_real_tokens() -> None:
    settings = read_settings(
        {
            "SLACK_BOT_TOKEN": "xoxb-1-2-abc",
            "POSTROOM_RELAY": "smtp://u:p@127.0.0.1:2600?rate=30/m",
            "POSTROOM_SMTP_LISTEN": "[::1]:2700",
            "POSTROOM_COMMAND": "/lists",
        },
        mailroom_only=True,
        request_url=None,
    )
    assert (str(settings.sink), str(settings.submit)) == ("127.0.0.1:2600", "[::1]:2700")
    assert settings.commands == ("/lists",)


def test_a_request_url_needs_a_secret_and_loopback() -> None:
    with pytest.raises(StartRefusedError, match="SLACK_SIGNING_SECRET"):
        read_settings({}, mailroom_only=False, request_url="http://127.0.0.1:3000/slack/events")
    with pytest.raises(StartRefusedError, match="loopback"):
        read_settings({"SLACK_SIGNING_SECRET": "s"}, mailroom_only=False, request_url="http://example.org/")


async def _process(environ: dict[str, str], folder: Path = ROOT) -> asyncio.subprocess.Process:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SLACK_", "POSTROOM_"))}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.sandbox",
        cwd=folder,
        env=clean | environ | {"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_the_process_starts_serves_refuses_a_second_and_stops_cleanly(free_port: Any) -> None:
    environ = {
        "POSTROOM_SANDBOX_LISTEN": f"127.0.0.1:{free_port()}",
        "POSTROOM_RELAY": f"smtp://127.0.0.1:{free_port()}",
    }
    first = await _process(environ)
    assert first.stdout is not None
    assert environ["POSTROOM_SANDBOX_LISTEN"] in (await first.stdout.readline()).decode()
    second = await _process(environ)
    _, said = await second.communicate()
    assert (second.returncode, said.decode().count("\n")) == (2, 1)
    assert "is taken" in said.decode()
    first.send_signal(signal.SIGTERM)
    _, said = await first.communicate()
    assert (first.returncode, said) == (0, b"")


@pytest.mark.parametrize("in_file", [False, True])
async def test_the_process_will_not_start_beside_a_real_token(tmp_path: Path, in_file: bool) -> None:
    if in_file:
        (tmp_path / ".env").write_text("SLACK_BOT_TOKEN=xoxb-1-2-abc\n")
    process = await _process({} if in_file else {"SLACK_BOT_TOKEN": "xoxb-1-2-abc"}, tmp_path)
    _, said = await process.communicate()
    assert process.returncode == 2
    assert said.decode().count("\n") == 1
    assert "abc" not in said.decode()
