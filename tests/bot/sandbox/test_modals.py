"""A real Bolt app and its modals: stacks, required inputs, initial values, and what Slack takes as an answer."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot.sandbox.driver import PocketError
from tests.bot.sandbox.conftest import Rig
from tests.bot.sandbox.shapes import actions, button, home, modal, option, plain, question, section, typed

Json = dict[str, Any]


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


async def test_a_file_chosen_in_a_modal_is_in_its_state(rig: Rig) -> None:
    app, submitted = rig.app(), []
    chooser = {"type": "file_input", "action_id": "file", "filetypes": ["csv"], "max_files": 1}
    view = modal(question("file", chooser))

    @app.command("/group")
    async def group(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("wizard")
    async def wizard(ack: Any, body: Json) -> None:
        submitted.append(body["view"]["state"]["values"]["file"]["file"])
        await ack()

    await rig.bolt(app)
    await rig.pocket.command("ada", "#general", "/group")
    await rig.pocket.wait_modal("ada")
    assert "file" in (await rig.pocket.submit("ada"))["errors"]
    with pytest.raises(PocketError, match="none of csv"):
        await rig.pocket.attach("ada", "file", "people.txt", b"a@example.org")
    with pytest.raises(PocketError, match="at most 1"):
        await rig.pocket.fill("ada", {"file": ["F1", "F2"]})
    with pytest.raises(PocketError, match="no file of this person"):
        await rig.pocket.fill("ada", {"file": ["F0NONE"]})
    await rig.pocket.attach("ada", "file", "people.csv", b"a@example.org")
    assert (await rig.pocket.submit("ada"))["ok"]
    (state,) = submitted
    (file,) = state["files"]
    assert (state["type"], file["name"], file["filetype"], file["size"]) == ("file_input", "people.csv", "csv", 13)
    assert (await rig.client.files_info(file=file["id"]))["file"]["url_private"] == file["url_private"]
