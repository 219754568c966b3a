"""Socket Mode's connections and HTTP mode's signed requests."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_server import AsyncSlackAppServer
from slack_sdk.signature import SignatureVerifier

from tests.bot.sandbox.conftest import Rig, Start
from tests.bot.sandbox.shapes import actions, button, modal, question, section, typed

Json = dict[str, Any]


async def link(rig: Rig) -> aiohttp.ClientWebSocketResponse:
    """A bare connection, its hello read."""
    app_client = rig.web_client(rig.sandbox.settings.app_token)
    url = (await app_client.apps_connections_open(app_token=rig.sandbox.settings.app_token))["url"]
    stream = await rig.session.ws_connect(url)
    hello = await stream.receive_json()
    assert hello["type"] == "hello"
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await rig.session.ws_connect(url)
    return stream


async def test_each_payload_goes_to_exactly_one_connection_and_waits_for_its_ack(rig: Rig) -> None:
    streams = [await link(rig) for _ in range(3)]
    taken: list[int] = []

    async def serve(number: int) -> None:
        async for frame in streams[number]:
            envelope = json.loads(frame.data)
            if envelope["type"] == "slash_commands":
                taken.append(number)
                assert envelope["accepts_response_payload"] is True
                await streams[number].send_json({"envelope_id": "somebody-elses"})
                await streams[number].send_json(
                    {"envelope_id": envelope["envelope_id"], "payload": {"text": f"from {number}"}}
                )

    servers = [asyncio.create_task(serve(n)) for n in range(3)]
    for _ in range(6):
        assert (await rig.pocket.command("ada", "#general", "/group"))["ok"]
    assert sorted(taken) == [0, 0, 1, 1, 2, 2]
    assert len(await rig.pocket.messages("ada", "#general")) == 6
    for stream in streams:
        await stream.close()
    await asyncio.gather(*servers)


async def test_a_click_takes_no_response_payload(rig: Rig) -> None:
    stream = await link(rig)
    await rig.client.chat_postMessage(channel="C0GENERAL", text="x", blocks=[actions(button("go"))])
    click = asyncio.create_task(rig.pocket.click("ada", "go"))
    envelope = await stream.receive_json()
    assert envelope["accepts_response_payload"] is False
    await stream.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "ignored"}})
    assert (await click)["ok"]
    assert [m["text"] for m in await rig.pocket.messages("ada", "#general")] == ["x"]
    await stream.close()


async def test_a_connection_lost_before_its_ack_fails_the_interaction(rig: Rig) -> None:
    stream = await link(rig)
    typing = asyncio.create_task(rig.pocket.command("ada", "#general", "/group"))
    await stream.receive_json()
    await stream.close()
    assert (await typing)["error"] == "operation_timeout"


async def test_the_eleventh_connection_is_one_too_many(rig: Rig) -> None:
    streams = [await link(rig) for _ in range(10)]
    app_client = rig.web_client(rig.sandbox.settings.app_token)
    url = (await app_client.apps_connections_open(app_token=rig.sandbox.settings.app_token))["url"]
    extra = await rig.session.ws_connect(url)
    assert (await extra.receive_json())["reason"] == "too_many_websockets"
    for stream in [*streams, extra]:
        await stream.close()


async def test_disconnect_frames_say_why(rig: Rig) -> None:
    stream = await link(rig)
    await rig.pocket.control(warn_sockets=True)
    assert (await stream.receive_json())["reason"] == "warning"
    await rig.pocket.control(close_sockets="refresh_requested")
    assert (await stream.receive_json())["reason"] == "refresh_requested"
    assert (await stream.receive()).type is aiohttp.WSMsgType.CLOSE
    assert (await rig.pocket.get("control"))["connections"] == 0
    await stream.close()


async def test_bolt_comes_back_after_a_refresh(rig: Rig) -> None:
    app = rig.app()

    @app.command("/group")
    async def group(ack: Any) -> None:
        await ack("here")

    handler: AsyncSocketModeHandler = await rig.bolt(app)
    handler.client.default_auto_reconnect_enabled = True
    await rig.pocket.control(close_sockets="refresh_requested")

    async def back() -> bool:
        return bool((await rig.pocket.command("ada", "#general", "/group"))["ok"])

    await rig.pocket.wait_for(back, what="Bolt's new connection")


async def test_requests_are_signed_and_shaped_for_http_mode(start: Start) -> None:
    heard: list[tuple[str, Json]] = []
    verifier = SignatureVerifier("hush")

    async def endpoint(request: web.Request) -> web.Response:
        body = await request.text()
        assert verifier.is_valid_request(body, dict(request.headers))
        assert not SignatureVerifier("other").is_valid_request(body, dict(request.headers))
        heard.append((request.content_type, {k: v[0] for k, v in parse_qs(body).items()} or json.loads(body)))
        if "retry" in str(heard[-1]) or len(heard) == 3:
            return web.Response(status=500)
        return web.json_response({"text": "ok"}) if "command" in heard[-1][1] else web.Response()

    app = web.Application()
    app.router.add_post("/slack/events", endpoint)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    rig = await start(request_url=f"http://127.0.0.1:{port}/slack/events", signing_secret="hush")
    assert (await rig.pocket.command("ada", "#general", "/group x"))["ok"]
    assert (await rig.pocket.messages("ada", "#general"))[-1]["text"] == "ok"
    await rig.client.chat_postMessage(channel="C0GENERAL", text="x", blocks=[actions(button("go"))])
    assert (await rig.pocket.click("ada", "go"))["ok"]
    await rig.pocket.join("gil", "#reports")

    async def repeated() -> bool:
        records = (await rig.pocket.get("deliveries"))["deliveries"]
        return [r["outcome"] for r in records if r["kind"] == "events_api"] == ["http_error", "acknowledged"]

    await rig.pocket.wait_for(repeated)
    assert heard[0][0] == "application/x-www-form-urlencoded"
    assert heard[0][1]["command"] == "/group"
    assert json.loads(heard[1][1]["payload"])["type"] == "block_actions"
    assert heard[2][0] == "application/json"
    assert heard[2][1]["event_id"] == heard[3][1]["event_id"]
    await runner.cleanup()


async def test_bolt_over_http(start: Start, free_port: Any) -> None:
    port = free_port()
    rig = await start(request_url=f"http://127.0.0.1:{port}/slack/events", signing_secret="hush")
    app = rig.app()

    @app.command("/group")
    async def group(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(question("a", typed("a"))))

    @app.view("wizard")
    async def wizard(ack: Any) -> None:
        await ack(response_action="update", view=modal(section("second step")))

    server = AsyncSlackAppServer(port=port, path="/slack/events", app=app, host="127.0.0.1")
    runner = web.AppRunner(server.web_app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    assert (await rig.pocket.command("ada", "#general", "/group"))["ok"]
    await rig.pocket.wait_modal("ada")
    await rig.pocket.fill("ada", {"a": "x"})
    assert (await rig.pocket.submit("ada"))["ok"]
    await rig.pocket.wait_modal("ada", contains="second step")
    await runner.cleanup()
    assert (await rig.pocket.command("ada", "#general", "/group"))["error"] == "dispatch_failed"
