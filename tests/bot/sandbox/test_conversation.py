"""A real Bolt app over Socket Mode: commands, clicks, modals, App Home, events, and answers that come too late."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot.sandbox.driver import PocketError
from tests.bot.sandbox.conftest import Rig, Start
from tests.bot.sandbox.shapes import actions, button, home, modal, option, plain, question, section, typed

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


async def test_a_modal_enforces_its_inputs_before_the_app_hears_of_it(rig: Rig) -> None:
    app, submitted = rig.app(), []
    view = modal(
        question("address", typed("address", min_length=3, max_length=5)),
        question("mail", {"type": "email_text_input", "action_id": "mail", "initial_value": "nobody"}),
        question("size", {"type": "number_input", "action_id": "size", "is_decimal_allowed": False, "max_value": "9"}),
        question(
            "policy",
            {
                "type": "static_select",
                "action_id": "policy",
                "options": [option("open"), option("closed")],
                "initial_option": option("closed"),
            },
        ),
        question("who", {"type": "multi_users_select", "action_id": "who", "max_selected_items": 2}, optional=True),
    )

    @app.command("/group")
    async def group(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("wizard")
    async def wizard(ack: Any, body: Json) -> None:
        submitted.append(body["view"])
        if body["view"]["state"]["values"]["address"]["address"]["value"] == "taken":
            await ack(response_action="errors", errors={"address": "It is taken."})
        else:
            await ack()

    await rig.bolt(app)
    await rig.pocket.command("ada", "#general", "/group")
    assert await rig.pocket.modal("grace") is None
    await rig.pocket.wait_modal("ada")
    await rig.pocket.fill("ada", {"size": "12"})
    refused = await rig.pocket.submit("ada")
    assert set(refused["errors"]) == {"address", "mail", "size"}
    assert "required" in refused["errors"]["address"]
    await rig.pocket.fill("ada", {"address": "toolong", "mail": "a@example.org", "size": "9"})
    assert set((await rig.pocket.submit("ada"))["errors"]) == {"address"}
    with pytest.raises(PocketError, match="at most 2"):
        await rig.pocket.fill("ada", {"who": ["U0ADA", "U0GRACE", "U0LINUS"]})
    with pytest.raises(PocketError, match="people picker"):
        await rig.pocket.fill("ada", {"who": ["U0DORA"]})
    assert submitted == []

    await rig.pocket.fill("ada", {"address": "taken", "who": ["U0ADA"]})
    assert (await rig.pocket.submit("ada"))["errors"] == {"address": "It is taken."}
    shown = await rig.pocket.modal("ada")
    assert shown is not None
    assert shown["errors"] == {"address": "It is taken."}
    await rig.pocket.fill("ada", {"address": "ops"})
    assert (await rig.pocket.submit("ada"))["ok"]
    assert await rig.pocket.modal("ada") is None
    assert submitted[-1]["state"]["values"] == {
        "address": {"address": {"type": "plain_text_input", "value": "ops"}},
        "mail": {"mail": {"type": "email_text_input", "value": "a@example.org"}},
        "size": {"size": {"type": "number_input", "value": "9"}},
        "policy": {"policy": {"type": "static_select", "selected_option": option("closed")}},
        "who": {"who": {"type": "multi_users_select", "selected_users": ["U0ADA"]}},
    }


async def test_modals_stack_to_three_and_close_one_by_one(rig: Rig) -> None:
    app, closed = rig.app(), []

    @app.command("/group")
    async def group(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(section("root")))

    @app.view("wizard")
    async def wizard(ack: Any) -> None:
        await ack(response_action="push", view=modal(section("pushed"), notify_on_close=True))

    @app.view_closed("wizard")
    async def gone(ack: Any, body: Json) -> None:
        await ack()
        closed.append((body["view"]["root_view_id"], body["view"]["previous_view_id"], body["is_cleared"]))

    await rig.bolt(app)
    await rig.pocket.command("ada", "#general", "/group")
    root = await rig.pocket.wait_modal("ada", contains="root")
    assert (await rig.pocket.submit("ada"))["ok"]
    second = await rig.pocket.wait_modal("ada", contains="pushed")
    assert (await rig.pocket.submit("ada"))["ok"]
    fourth = await rig.pocket.submit("ada")
    assert (fourth["ok"], fourth["error"]) == (False, "push_limit_reached")
    shown = await rig.pocket.modal("ada")
    assert shown is not None
    assert "push_limit_reached" in shown["trouble"]
    await rig.pocket.close("ada")
    assert closed == [(root["id"], second["id"], False)]
    await rig.pocket.close("ada", everything=True)
    assert closed[-1] == (root["id"], root["id"], True)
    assert await rig.pocket.modal("ada") is None


async def test_an_update_keeps_what_was_typed_where_the_ids_stay(rig: Rig) -> None:
    app = rig.app()

    @app.command("/group")
    async def group(ack: Any, body: Json, client: Any) -> None:
        await ack()
        view = modal(question("a", typed("a")), question("b", typed("b")), external_id="outside")
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    await rig.bolt(app)
    await rig.pocket.command("ada", "#general", "/group")
    await rig.pocket.wait_modal("ada")
    await rig.pocket.fill("ada", {"a": "kept", "b": "lost"})
    await rig.client.views_update(
        external_id="outside",
        view=modal(question("a", typed("a", initial_value="new")), question("b", typed("b2", initial_value="fresh"))),
    )
    view = await rig.pocket.modal("ada")
    assert view is not None
    assert view["values"]["a"]["a"]["value"] == "kept"
    assert view["values"]["b"] == {"b2": {"type": "plain_text_input", "value": "fresh"}}


async def test_a_stale_hash_conflicts_in_modals_and_home(rig: Rig) -> None:
    first = await rig.client.views_publish(user_id="U0ADA", view=home(section("one")))
    old = first["view"]["hash"]
    await rig.client.views_publish(user_id="U0ADA", view=home(section("two")), hash=old)
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await rig.client.views_publish(user_id="U0ADA", view=home(section("three")), hash=old)
    assert "two" in rig.pocket.text(await rig.pocket.home("ada") or {})
    assert await rig.pocket.home("grace") is None


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
        await rig.pocket.click("linus", "approve", channel="#moderators")


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


async def test_what_stands_outside_inputs_is_told_at_once_with_the_whole_state(rig: Rig) -> None:
    app, heard = rig.app(), []

    @app.action("policy")
    async def policy(ack: Any, body: Json) -> None:
        await ack()
        heard.append(body)

    @app.command("/group")
    async def group(ack: Any, body: Json, client: Any) -> None:
        await ack()
        chooser = {
            "type": "static_select",
            "action_id": "policy",
            "placeholder": plain("?"),
            "options": [option("open"), option("closed")],
        }
        view = modal(question("name", typed("name")), {**section(), "block_id": "pick", "accessory": chooser})
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    await rig.bolt(app)
    await rig.pocket.command("ada", "#general", "/group")
    await rig.pocket.wait_modal("ada")
    assert (await rig.pocket.fill("ada", {"name": "Ops"}))["dispatched"] is False
    assert (await rig.pocket.fill("ada", {"policy": "open"}))["dispatched"] is True
    body = heard[0]
    assert body["actions"][0]["selected_option"] == option("open")
    assert body["view"]["state"]["values"] == {
        "name": {"name": {"type": "plain_text_input", "value": "Ops"}},
        "pick": {"policy": {"type": "static_select", "selected_option": option("open")}},
    }
    with pytest.raises(PocketError, match="not among the options"):
        await rig.pocket.fill("ada", {"policy": "elsewhere"})


async def test_an_external_select_asks_the_app_and_takes_only_what_it_offered(rig: Rig) -> None:
    app = rig.app()

    @app.options("pick")
    async def suggest(ack: Any, body: Json) -> None:
        await ack(options=[option(f"{body['value']}-{n}") for n in range(200 if body["value"] == "many" else 2)])

    @app.command("/group")
    async def group(ack: Any, body: Json, client: Any) -> None:
        await ack()
        view = modal(question("pick", {"type": "external_select", "action_id": "pick", "min_query_length": 0}))
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    await rig.bolt(app)
    await rig.pocket.command("ada", "#general", "/group")
    await rig.pocket.wait_modal("ada")
    with pytest.raises(PocketError):
        await rig.pocket.fill("ada", {"pick": "ops-1"})
    assert [o["value"] for o in (await rig.pocket.options("ada", "pick", "ops"))["options"]] == ["ops-0", "ops-1"]
    await rig.pocket.fill("ada", {"pick": "ops-1"})
    assert (await rig.pocket.options("ada", "pick", "many"))["error"] == "invalid_options"


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


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"response_action": "errors", "errors": {"elsewhere": "x"}}, "invalid_errors"),
        ({"response_action": "update", "view": modal(section("x" * 3_001))}, "invalid_arguments"),
        ({"response_action": "update", "view": home(section())}, "invalid_arguments"),
        ({"response_action": "dance"}, "invalid_response_action"),
    ],
    ids=["foreign block", "too long", "not a modal", "unknown"],
)
async def test_an_answer_slack_would_not_take_is_trouble_for_the_person(rig: Rig, answer: Json, error: str) -> None:
    app = rig.app()

    @app.command("/group")
    async def group(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(question("a", typed("a"), optional=True)))

    @app.view("wizard")
    async def wizard(ack: Any) -> None:
        await ack(answer)

    await rig.bolt(app)
    await rig.pocket.command("ada", "#general", "/group")
    await rig.pocket.wait_modal("ada")
    refused = await rig.pocket.submit("ada")
    assert (refused["ok"], refused["error"]) == (False, error)
    shown = await rig.pocket.modal("ada")
    assert shown is not None
    assert "some trouble" in shown["trouble"]
    assert (await rig.pocket.state("ada"))["failures"][-1]["code"] == error


async def test_clear_closes_the_whole_stack(rig: Rig) -> None:
    app = rig.app()

    @app.command("/group")
    async def group(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(section("root")))

    @app.view("wizard")
    async def wizard(ack: Any) -> None:
        await ack(response_action="push", view=modal(section("last"), callback_id="last"))

    @app.view("last")
    async def last(ack: Any) -> None:
        await ack(response_action="clear")

    await rig.bolt(app)
    await rig.pocket.command("ada", "#general", "/group")
    await rig.pocket.wait_modal("ada", contains="root")
    await rig.pocket.submit("ada")
    await rig.pocket.wait_modal("ada", contains="last")
    assert (await rig.pocket.submit("ada"))["ok"]
    assert await rig.pocket.modal("ada") is None


async def test_a_push_from_a_click_in_a_modal_and_its_hash_on_update(rig: Rig) -> None:
    app, hashes = rig.app(), []

    @app.command("/group")
    async def group(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(actions(button("deeper"))))

    @app.action("deeper")
    async def deeper(ack: Any, body: Json, client: Any) -> None:
        await ack()
        hashes.append((body["view"]["id"], body["view"]["hash"]))
        await client.views_push(trigger_id=body["trigger_id"], view=modal(section("second")))

    await rig.bolt(app)
    await rig.pocket.command("ada", "#general", "/group")
    await rig.pocket.wait_modal("ada")
    await rig.pocket.click("ada", "deeper")
    second = await rig.pocket.wait_modal("ada", contains="second")
    with pytest.raises(PocketError, match="not in front"):
        await rig.pocket.post("act", person="ada", view=hashes[0][0], action_id="deeper")
    await rig.client.views_update(view_id=hashes[0][0], hash=hashes[0][1], view=modal(section("root, later")))
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await rig.client.views_update(view_id=hashes[0][0], hash=hashes[0][1], view=modal(section("too late")))
    await rig.pocket.close("ada")
    assert second["id"] != hashes[0][0]
    await rig.pocket.wait_modal("ada", contains="root, later")


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
        await rig.pocket.click("ada", "approve", value="9")


async def test_a_channel_picker_offers_what_the_filter_lets_through_and_the_person_sees(rig: Rig) -> None:
    picker = {
        "type": "conversations_select",
        "action_id": "where",
        "filter": {"include": ["private"], "exclude_bot_users": True},
    }

    app = rig.app()

    @app.command("/group")
    async def group(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(question("where", picker)))

    await rig.bolt(app)
    await rig.pocket.command("linus", "#general", "/group")
    await rig.pocket.wait_modal("linus")
    for channel, why in (("C0GENERAL", "filtered out"), ("C0MODERATORS", "not in the channel"), ("C0NO", "not in")):
        with pytest.raises(PocketError, match=why):
            await rig.pocket.fill("linus", {"where": channel})
    await rig.pocket.command("grace", "#general", "/group")
    await rig.pocket.wait_modal("grace")
    assert (await rig.pocket.fill("grace", {"where": "C0MODERATORS"}))["ok"]


async def test_checkboxes_radios_overflow_dates_and_numbers_have_slacks_shapes(rig: Rig) -> None:
    app, heard = rig.app(), []
    options = [option("one"), option("two")]
    blocks = [
        question("boxes", {"type": "checkboxes", "action_id": "boxes", "options": options, "initial_options": options}),
        question("radio", {"type": "radio_buttons", "action_id": "radio", "options": options}),
        question("day", {"type": "datepicker", "action_id": "day", "initial_date": "2026-03-02"}),
        question("hour", {"type": "timepicker", "action_id": "hour"}),
        question("moment", {"type": "datetimepicker", "action_id": "moment"}, optional=True),
        question("pick", {"type": "channels_select", "action_id": "pick"}),
        {**section(), "accessory": {"type": "overflow", "action_id": "more", "options": options}},
    ]

    @app.command("/group")
    async def group(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(*blocks))

    @app.action("more")
    async def more(ack: Any, action: Json) -> None:
        await ack()
        heard.append(action["selected_option"]["value"])

    @app.view("wizard")
    async def wizard(ack: Any, body: Json) -> None:
        await ack()
        heard.append(body["view"]["state"]["values"])

    await rig.bolt(app)
    await rig.pocket.command("ada", "#general", "/group")
    await rig.pocket.wait_modal("ada")
    await rig.pocket.click("ada", "more", value="two")
    for action_id, bad in (("day", "tomorrow"), ("hour", "noon"), ("boxes", "one")):
        with pytest.raises(PocketError):
            await rig.pocket.fill("ada", {action_id: bad})
    await rig.pocket.fill("ada", {"boxes": ["two"], "radio": "one", "hour": "09:30", "pick": "C0RANDOM"})
    assert (await rig.pocket.submit("ada"))["ok"]
    assert heard == [
        "two",
        {
            "boxes": {"boxes": {"type": "checkboxes", "selected_options": [option("two")]}},
            "radio": {"radio": {"type": "radio_buttons", "selected_option": option("one")}},
            "day": {"day": {"type": "datepicker", "selected_date": "2026-03-02"}},
            "hour": {"hour": {"type": "timepicker", "selected_time": "09:30"}},
            "moment": {"moment": {"type": "datetimepicker", "selected_date_time": None}},
            "pick": {"pick": {"type": "channels_select", "selected_channel": "C0RANDOM"}},
        },
    ]


async def test_an_ack_with_blocks_slack_would_not_take_is_a_failure_with_the_reason(rig: Rig) -> None:
    app = rig.app()

    @app.command("/group")
    async def group(ack: Any, body: Json) -> None:
        await ack(text="x", blocks=[section("y" * 3_001)])

    await rig.bolt(app)
    answer = await rig.pocket.command("ada", "#general", "/group")
    assert (answer["error"], "3001" in answer["detail"]) == ("invalid_blocks", True)
    assert await rig.pocket.messages("ada", "#general") == []


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
