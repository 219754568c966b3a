"""A real Bolt app over Socket Mode: commands, clicks on messages, App Home, and answers that come too late."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot.sandbox.driver import PocketError
from tests.bot.sandbox.conftest import Rig
from tests.bot.sandbox.shapes import actions, button, home, modal, question, section, typed

Json = dict[str, Any]


async def test_a_command_gets_its_fields_and_answers_only_to_who_typed_it(rig: Rig) -> None:
    app, heard = rig.app(), []

    @app.command("/group")
    async def group(ack: Any, body: Json) -> None:
        heard.append(body)
        await ack("Hello *you*")

    await rig.bolt(app)
    assert (await rig.pocket.command("ada", "#general", "/group add @grace #reports bob@example.org <b>"))["ok"]
    body = heard[0]
    assert body["text"] == (
        "add <@U0GRACE|grace> <#C0REPORTS|reports> <mailto:bob@example.org|bob@example.org> &lt;b&gt;"
    )
    assert (body["user_id"], body["channel_id"], body["channel_name"]) == ("U0ADA", "C0GENERAL", "general")
    assert body["response_url"].startswith(rig.sandbox.base)
    assert body["is_enterprise_install"] == "false"
    seen = await rig.pocket.messages("ada", "#general")
    assert [m["text"] for m in seen if m["ephemeral"]] == ["Hello *you*"]
    assert await rig.pocket.messages("grace", "#general") == []
    await rig.pocket.reload("ada")
    assert await rig.pocket.messages("ada", "#general") == []


async def test_an_unknown_command_never_reaches_the_app(rig: Rig) -> None:
    await rig.bolt(rig.app())
    assert (await rig.pocket.command("ada", "#general", "/nonsense"))["error"] == "unknown_command"
    assert "not a valid command" in (await rig.pocket.messages("ada", "#general"))[-1]["text"]
    assert (await rig.pocket.get("deliveries"))["deliveries"] == []


async def test_a_missed_ack_is_a_visible_failure_and_is_not_repeated(rig: Rig) -> None:
    app, calls = rig.app(), []

    @app.command("/group")
    async def group(body: Json) -> None:
        calls.append(body)

    @app.action("go")
    async def go(body: Json) -> None:
        calls.append(body)

    await rig.bolt(app)
    await rig.client.chat_postMessage(channel="C0GENERAL", text="x", blocks=[actions(button("go"))])
    assert (await rig.pocket.command("ada", "#general", "/group"))["error"] == "operation_timeout"
    assert 'failed with the error "operation_timeout"' in (await rig.pocket.messages("ada", "#general"))[-1]["text"]
    assert (await rig.pocket.click("ada", "go"))["error"] == "operation_timeout"
    assert len((await rig.pocket.state("ada"))["failures"]) == 2
    assert (await rig.pocket.state("grace"))["failures"] == []
    assert len(calls) == 2


async def test_with_no_connection_open_a_command_fails_at_once(rig: Rig) -> None:
    assert (await rig.pocket.command("ada", "#general", "/group"))["error"] == "dispatch_failed"


async def test_a_button_on_a_message_carries_message_and_response_url(rig: Rig) -> None:
    app, heard = rig.app(), []

    @app.action("approve")
    async def approve(ack: Any, body: Json, respond: Any) -> None:
        await ack()
        heard.append(body)
        await respond(text="Done", replace_original=True)

    await rig.bolt(app)
    posted = await rig.client.chat_postMessage(
        channel="C0MODERATORS",
        text="card",
        blocks=[section("card"), actions(button("approve", value="7"))],
    )
    await rig.pocket.click("grace", "approve", channel="#moderators")
    changed = await rig.pocket.wait_message("ada", "#moderators", "Done")
    assert changed["ts"] == posted["ts"]
    assert changed["blocks"] == []
    body = heard[0]
    assert body["container"] == {
        "type": "message",
        "message_ts": posted["ts"],
        "channel_id": "C0MODERATORS",
        "is_ephemeral": False,
    }
    assert body["message"]["blocks"][1]["block_id"] == "acts"
    action = body["actions"][0]
    assert (action["type"], action["value"], action["block_id"]) == ("button", "7", "acts")
    with pytest.raises(PocketError):
        await rig.pocket.click("linus", "approve", channel="#moderators", timeout=0.2)


async def test_an_ephemeral_card_answers_by_its_response_url_alone(rig: Rig) -> None:
    app, heard = rig.app(), []

    @app.action("go")
    async def go(ack: Any, body: Json, respond: Any) -> None:
        await ack()
        heard.append(body)
        await respond(delete_original=True)

    await rig.bolt(app)
    posted = await rig.client.chat_postEphemeral(
        channel="C0GENERAL", user="U0LINUS", text="psst", blocks=[actions(button("go"))]
    )
    assert await rig.pocket.messages("ada", "#general") == []
    with pytest.raises(SlackApiError, match="message_not_found"):
        await rig.client.chat_update(channel="C0GENERAL", ts=posted["message_ts"], text="no")
    await rig.pocket.click("linus", "go")

    async def gone() -> bool:
        return not await rig.pocket.messages("linus", "#general")

    await rig.pocket.wait_for(gone)
    assert heard[0]["container"]["is_ephemeral"] is True
    assert "message" not in heard[0]


async def test_home_is_opened_drawn_and_clicked(rig: Rig) -> None:
    app, heard = rig.app(), []

    @app.event("app_home_opened")
    async def opened(event: Json, client: Any) -> None:
        if event["tab"] == "home":
            await client.views_publish(user_id=event["user"], view=home(section("Yours"), actions(button("create"))))

    @app.action("create")
    async def create(ack: Any, body: Json, client: Any) -> None:
        await ack()
        heard.append(body)
        await client.views_open(trigger_id=body["trigger_id"], view=modal(question("a", typed("a"))))

    await rig.bolt(app)
    await rig.pocket.open_home("grace", "messages")
    await rig.pocket.open_home("ada")
    await rig.pocket.wait_home("ada", contains="Yours")
    assert await rig.pocket.home("grace") is None
    await rig.pocket.click("ada", "create", home=True)
    await rig.pocket.wait_modal("ada")
    body = heard[0]
    assert body["container"]["type"] == "view"
    assert body["view"]["type"] == "home"
    assert "response_url" not in body


async def test_of_several_buttons_with_one_action_id_the_value_tells(rig: Rig) -> None:
    app, heard = rig.app(), []

    @app.action("approve")
    async def approve(ack: Any, action: Json) -> None:
        await ack()
        heard.append((action["block_id"], action["value"]))

    await rig.bolt(app)
    rows = [actions(button("approve", value=str(n)), block_id=f"row{n}") for n in (1, 2)]
    for number in (7, 8):
        card = [*rows, actions(button("approve", value=str(number)), block_id="own")]
        await rig.client.chat_postMessage(channel="C0GENERAL", text=str(number), blocks=card)
    await rig.pocket.click("ada", "approve", value="2")
    await rig.pocket.click("ada", "approve", value="7")
    await rig.pocket.click("ada", "approve", block_id="row1")
    assert heard == [("row2", "2"), ("own", "7"), ("row1", "1")]
    with pytest.raises(PocketError):
        await rig.pocket.click("ada", "approve", value="9", timeout=0.2)


async def test_an_ack_with_blocks_slack_would_not_take_is_a_failure_with_the_reason(rig: Rig) -> None:
    app = rig.app()

    @app.command("/group")
    async def group(ack: Any, body: Json) -> None:
        await ack(text="x", blocks=[section("y" * 3_001)])

    await rig.bolt(app)
    answer = await rig.pocket.command("ada", "#general", "/group")
    assert (answer["error"], "3001" in answer["detail"]) == ("invalid_blocks", True)
    assert await rig.pocket.messages("ada", "#general") == []


async def test_a_connect_stranger_acts_in_the_name_of_another_team(rig: Rig) -> None:
    app, heard = rig.app(), []

    @app.action("go")
    async def go(ack: Any, body: Json) -> None:
        heard.append(body)
        await ack()

    await rig.bolt(app)
    await rig.pocket.edit_person("U0SAM", name="sam", team="T9ELSE")
    await rig.pocket.join("U0SAM", "#general")
    await rig.client.chat_postMessage(channel="C0GENERAL", text="x", blocks=[actions(button("go"))])
    for person in ("sam", "linus"):
        assert (await rig.pocket.click(person, "go"))["ok"]
    assert [(body["user"]["team_id"], body["team"]["id"]) for body in heard] == [
        ("T9ELSE", "T9ELSE"),
        ("T0POCKET", "T0POCKET"),
    ]
    sam, linus = [(await rig.client.users_info(user=one))["user"] for one in ("U0SAM", "U0LINUS")]
    assert (sam["team_id"], sam["is_stranger"]) == ("T9ELSE", True)
    assert (linus["team_id"], linus.get("is_stranger", False)) == ("T0POCKET", False)
