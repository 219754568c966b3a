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
    await rig.pocket.control(events=["team_join", "member_left_channel", "message.im"])
    await rig.pocket.say("ada", "dm", "without the scope")
    await rig.pocket.control(grant=["im:history", "channels:history"])
    await rig.pocket.say("ada", "#general", "not subscribed to")
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


async def test_what_is_said_changed_and_deleted_is_heard_where_the_app_is_and_may(rig: Rig) -> None:
    app = rig.app()
    heard: asyncio.Queue[Json] = asyncio.Queue()

    @app.event("message")
    async def said(event: Json) -> None:
        heard.put_nowait(event)

    await rig.bolt(app)
    pocket = rig.pocket
    await pocket.control(grant=["channels:history"])
    root = (await pocket.say("ada", "#general", "Lunch?"))["ts"]
    answer = (await pocket.say("grace", "#general", "Yes", thread=root))["ts"]
    await pocket.say("ada", "#random", "the app is not in here")
    await pocket.say("ada", "#moderators", "a private channel has a scope of its own")
    with pytest.raises(PocketError, match="Slash commands do not work"):
        await pocket.say("grace", "#general", "/group help", thread=root)
    with pytest.raises(PocketError, match="no message to answer"):
        await pocket.say("grace", "#general", "an answer has no thread", thread=answer)
    mine = await rig.client.chat_postMessage(channel="C0GENERAL", text="Noon")
    await rig.client.chat_update(channel="C0GENERAL", ts=mine["ts"], text="One")
    workspace = rig.sandbox.workspace
    assert workspace is not None
    typed = workspace.messages.get("C0GENERAL", answer)
    assert typed is not None
    workspace.change(typed, {"text": "No"})
    workspace.delete(typed)

    asked, yes, changed, deleted = [await heard.get() for _ in range(4)]
    assert heard.empty(), "Bolt keeps to itself what the app said"
    assert (asked["channel"], asked["channel_type"], asked["user"]) == ("C0GENERAL", "channel", "U0ADA")
    assert "thread_ts" not in asked
    assert (yes["ts"], yes["thread_ts"], yes["parent_user_id"], yes["text"]) == (answer, root, "U0ADA", "Yes")
    assert (changed["subtype"], changed["message"]["text"], changed["previous_message"]["text"]) == (
        "message_changed", "No", "Yes",
    )  # fmt: skip
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", answer)
    for event in (changed, deleted):
        assert event["hidden"]
        assert "user" not in event


async def test_an_ephemeral_in_a_thread_is_seen_once_that_has_answers(rig: Rig) -> None:
    root = (await rig.pocket.say("ada", "#general", "Lunch?"))["ts"]
    whisper: Json = {"channel": "C0GENERAL", "user": "U0ADA", "thread_ts": root}
    await rig.client.chat_postEphemeral(**whisper, text="nobody sees it")
    answer = (await rig.pocket.say("grace", "#general", "Yes", thread=root))["ts"]
    await rig.client.chat_postEphemeral(**whisper, text="seen")
    seen = [(one["text"], one["thread_ts"]) for one in await rig.pocket.messages("ada", "#general")]
    assert seen == [("Lunch?", None), ("Yes", root), ("seen", root)]
    await rig.pocket.control(grant=["channels:history"])
    for oldest, inclusive, expected in [
        ("0", False, ["Lunch?", "Yes"]),
        (answer, False, ["Lunch?"]),
        (answer, True, ["Lunch?", "Yes"]),
    ]:
        found = await rig.client.conversations_replies(channel="C0GENERAL", ts=root, oldest=oldest, inclusive=inclusive)
        assert [one["text"] for one in found["messages"]] == expected
    assert found["messages"][0]["thread_ts"] == root
