"""Events to a real Bolt app: each to one connection, again until acknowledged, only those subscribed to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.sandbox.driver import PocketError
from tests.bot.sandbox.conftest import Rig, Start

Json = dict[str, Any]


async def test_events_are_redelivered_until_acknowledged_and_each_goes_to_one_connection(rig: Rig) -> None:
    attempts: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    for name in ("first", "second"):
        app = rig.app()

        @app.event("member_joined_channel")
        async def joined(body: Json, request: Any, name: str = name) -> None:
            attempts.put_nowait((name, request.headers.get("x-slack-retry-num", ["0"])[0]))

        await rig.bolt(app)
    await rig.pocket.join("gil", "#reports")

    await rig.acknowledged()
    assert (await attempts.get())[1] == "0"
    assert attempts.empty()
    assert (await rig.pocket.get("control"))["connections"] == 2
    await rig.pocket.join("linus", "#board")
    assert len((await rig.pocket.get("deliveries"))["deliveries"]) == 1, "the bot is not in #board"


async def test_an_event_nobody_took_comes_again(start: Start) -> None:
    rig = await start(event_retries=(0.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1))
    app = rig.app()
    heard: asyncio.Queue[tuple[str, Json, str]] = asyncio.Queue()

    @app.event("user_change")
    async def changed(body: Json, request: Any) -> None:
        retry = request.headers["x-slack-retry-num"][0]
        heard.put_nowait((body["event_id"], body["event"]["user"]["profile"], retry))

    await rig.pocket.edit_person("grace", email="hopper@example.org")
    await rig.bolt(app)
    event_id, profile, retry = await heard.get()
    records = (await rig.pocket.get("deliveries"))["deliveries"]
    assert records[0]["outcome"] == "dispatch_failed"
    assert {r["event_id"] for r in records} == {event_id}
    assert profile["email"] == "hopper@example.org"
    assert int(retry) >= 1


async def test_people_arrive_leave_and_talk(rig: Rig) -> None:
    app = rig.app()
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    @app.event("team_join")
    async def arrived(event: Json) -> None:
        heard.put_nowait(("team_join", event["user"]["id"]))

    @app.event("member_left_channel")
    async def left(event: Json) -> None:
        heard.put_nowait(("left", event["user"]))

    @app.event("message")
    async def said(event: Json) -> None:
        heard.put_nowait(("said", event["channel_type"]))

    await rig.bolt(app)
    await rig.pocket.say("ada", "#general", "not subscribed to")
    await rig.pocket.control(events=["team_join", "member_left_channel", "message"])
    await rig.pocket.edit_person("U0NEW", name="new", email="new@example.org")
    await rig.pocket.leave("linus", "#general")
    await rig.pocket.say("ada", "dm", "hello")

    assert sorted([await heard.get() for _ in range(3)]) == [
        ("left", "U0LINUS"),
        ("said", "im"),
        ("team_join", "U0NEW"),
    ]
    with pytest.raises(PocketError, match="not in this channel"):
        await rig.pocket.say("linus", "#general", "gone")
    assert (await rig.client.users_lookupByEmail(email="new@example.org"))["user"]["name"] == "new"
