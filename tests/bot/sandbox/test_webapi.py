"""The Web API's strictness, through Slack's own client: every refusal Slack makes, by Slack's name for it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from bot.sandbox.people import BOT_USER, built_in_people, crowd
from tests.bot.sandbox.conftest import Rig, Start
from tests.bot.sandbox.shapes import actions, button, home, modal, plain, question, section, typed

Json = dict[str, Any]


async def refused(call: Any) -> Json:
    """The answer of a call that must fail."""
    with pytest.raises(SlackApiError) as caught:
        await call
    answer: Json = caught.value.response.data
    return answer


async def error(call: Any) -> str:
    return str((await refused(call))["error"])


async def waits(call: Any) -> int:
    """The Retry-After of a call that is refused for its rate, 0 when it goes through."""
    try:
        await call
    except SlackApiError as caught:
        limited = caught.response
    else:
        return 0
    assert (limited.status_code, limited["error"]) == (429, "ratelimited")
    return int(limited.headers["Retry-After"])


async def test_tokens(rig: Rig) -> None:
    assert (await rig.client.auth_test())["user_id"] == BOT_USER
    assert await error(rig.web_client("xoxb-pocket-another").auth_test()) == "invalid_auth"
    assert await error(rig.web_client(rig.sandbox.settings.app_token).auth_test()) == "not_allowed_token_type"
    assert await error(rig.client.apps_connections_open(app_token="xoxb-pocket-postroom")) == "not_allowed_token_type"
    async with rig.session.post(f"{rig.sandbox.base}/api/auth.test") as answer:
        assert (await answer.json())["error"] == "not_authed"
    assert (await rig.client.api_test(foo="bar"))["args"]["foo"] == "bar"
    assert await error(rig.client.api_call("chat.nonsense")) == "unknown_method"
    await rig.pocket.control(revoked=True)
    assert await error(rig.client.auth_test()) == "invalid_auth"
    await rig.pocket.control(recover=True)
    assert (await rig.client.auth_test())["ok"]


async def test_scopes(rig: Rig) -> None:
    await rig.pocket.control(revoke=["chat:write", "users:read.email", "groups:read"])
    answer = await refused(rig.client.chat_postMessage(channel="C0GENERAL", text="x"))
    assert (answer["error"], answer["needed"]) == ("missing_scope", "chat:write")
    assert "chat:write" not in answer["provided"].split(",")
    assert "email" not in (await rig.client.users_info(user="U0ADA"))["user"]["profile"]
    assert await error(rig.client.users_lookupByEmail(email="ada@example.org")) == "missing_scope"
    assert await error(rig.client.conversations_info(channel="C0MODERATORS")) == "missing_scope"
    assert await error(rig.client.conversations_list(types="private_channel")) == "missing_scope"
    assert await error(rig.client.conversations_history(channel="C0GENERAL")) == "missing_scope"
    await rig.pocket.control(grant=["channels:history", "chat:write"])
    await rig.client.chat_postMessage(
        channel="C0GENERAL", text="x", metadata={"event_type": "card", "event_payload": {"id": 7}}
    )
    await rig.client.chat_postEphemeral(channel="C0GENERAL", user="U0ADA", text="psst")
    found = await rig.client.conversations_history(channel="C0GENERAL", include_all_metadata=True)
    assert [m["metadata"]["event_payload"] for m in found["messages"]] == [{"id": 7}]
    assert "metadata" not in (await rig.client.conversations_history(channel="C0GENERAL"))["messages"][0]


async def test_channels_the_bot_may_not_write_in_or_know_of(rig: Rig) -> None:
    async def post(channel: str) -> str:
        return await error(rig.client.chat_postMessage(channel=channel, text="x"))

    assert await post("C0RANDOM") == "not_in_channel"
    assert await post("C0BOARD") == "channel_not_found"
    assert await post("C0NOWHERE") == "channel_not_found"
    assert await post("C0OLD") == "is_archived"
    assert await post("U0DORA") == "user_disabled"
    assert await post(BOT_USER) == "cannot_dm_bot"
    assert await error(rig.client.conversations_info(channel="C0BOARD")) == "channel_not_found"
    assert await error(rig.client.conversations_members(channel="C0BOARD")) == "channel_not_found"
    listed = await rig.client.conversations_list(types="public_channel,private_channel")
    assert {c["name"] for c in listed["channels"]} >= {"random", "moderators"}
    assert "board" not in {c["name"] for c in listed["channels"]}
    await rig.client.conversations_join(channel="C0RANDOM")
    assert (await rig.client.chat_postMessage(channel="C0RANDOM", text="x"))["ok"]
    ephemeral = rig.client.chat_postEphemeral(channel="C0MODERATORS", user="U0LINUS", text="x")
    assert await error(ephemeral) == "user_not_in_channel"


async def test_a_person_id_is_the_dm_but_only_for_posting(rig: Rig) -> None:
    posted = await rig.client.chat_postMessage(channel="U0ADA", text="hello")
    assert posted["channel"].startswith("D")
    assert (await rig.client.conversations_open(users="U0ADA"))["channel"]["id"] == posted["channel"]
    assert await error(rig.client.chat_update(channel="U0ADA", ts=posted["ts"], text="no")) == "channel_not_found"
    assert [m["text"] for m in await rig.pocket.messages("ada", "dm")] == ["hello"]
    assert await rig.pocket.messages("grace", "dm") == []
    assert await error(rig.client.conversations_open(users="U0DORA")) == "user_disabled"


async def test_update_keeps_or_drops_blocks_as_slack_does(rig: Rig) -> None:
    posted = await rig.client.chat_postMessage(channel="C0GENERAL", text="a", blocks=[section()])
    where = {"channel": "C0GENERAL", "ts": posted["ts"]}
    kept = await rig.client.api_call(
        "chat.update", json={**where, "metadata": {"event_type": "e", "event_payload": {}}}
    )
    assert (kept["message"]["text"], len(kept["message"]["blocks"])) == ("a", 1)
    marked = await rig.client.chat_update(**where, text="b", blocks=[section("b")])
    assert "edited" not in marked["message"]
    plain_text = await rig.client.chat_update(**where, text="c")
    assert "blocks" not in plain_text["message"]
    assert "edited" in plain_text["message"]
    assert await error(rig.client.chat_update(channel="C0GENERAL", ts="1.0", text="x")) == "message_not_found"
    said = await rig.pocket.say("ada", "#general", "mine")
    theirs = {"channel": "C0GENERAL", "ts": said["ts"]}
    assert await error(rig.client.chat_update(**theirs, text="x")) == "cant_update_message"
    assert await error(rig.client.chat_delete(**theirs)) == "cant_delete_message"
    assert (
        f"/archives/C0GENERAL/p{posted['ts'].replace('.', '')}"
        in (await rig.client.chat_getPermalink(channel="C0GENERAL", message_ts=posted["ts"]))["permalink"]
    )
    await rig.client.chat_delete(**where)
    assert await error(rig.client.chat_update(**where, text="x")) == "message_not_found"


async def test_texts_too_long_and_absent(rig: Rig) -> None:
    assert await error(rig.client.chat_postMessage(channel="C0GENERAL", text="x" * 40_001)) == "msg_too_long"
    assert await error(rig.client.api_call("chat.postMessage", json={"channel": "C0GENERAL"})) == "no_text"


BAD_BLOCKS: list[tuple[str, list[Any], str]] = [
    ("section too long", [section("x" * 3_001)], "must be less than 3001 characters"),
    ("empty text", [section("")], "must be more than 0 characters"),
    ("51 blocks", [section()] * 51, "no more than 50"),
    ("header mrkdwn", [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "unsupported type: mrkdwn"),
    ("unknown block", [{"type": "carnival"}], "unsupported type: carnival"),
    ("null block", [None], "unsupported type: None"),
    ("modal's block", [{"type": "alert", "text": plain("x")}], "unsupported type: alert"),
    ("unknown property", [{**section(), "colour": "red"}], "invalid additional property: colour"),
    ("twin block ids", [{**section(), "block_id": "a"}, {**section(), "block_id": "a"}], "already exists"),
    ("twin action ids", [actions(button("a"), button("a"))], "already exists in this block"),
    ("26 elements", [actions(*(button(str(n)) for n in range(26)))], "no more than 25"),
    ("long button", [actions(button("a", text="x" * 76))], "less than 76"),
    ("long value", [actions(button("a", value="x" * 2_001))], "less than 2001"),
    ("input in actions", [actions(typed("a"))], "unsupported type: plain_text_input"),
    ("section of nothing", [{"type": "section"}], "text or fields"),
    ("field too long", [{"type": "section", "fields": [plain("x" * 2_001)]}], "less than 2001"),
    ("no options", [actions({"type": "static_select", "action_id": "s"})], "options"),
    ("context of 11", [{"type": "context", "elements": [plain("x")] * 11}], "no more than 10"),
    (
        "foreign initial option",
        [
            actions(
                {
                    "type": "radio_buttons",
                    "action_id": "r",
                    "options": [{"text": plain("A"), "value": "a"}],
                    "initial_option": {"text": plain("B"), "value": "b"},
                }
            )
        ],
        "must match one of the options",
    ),
]


@pytest.mark.parametrize(("blocks", "reason"), [case[1:] for case in BAD_BLOCKS], ids=[case[0] for case in BAD_BLOCKS])
async def test_invalid_blocks_come_back_with_the_reason(rig: Rig, blocks: list[Any], reason: str) -> None:
    answer = await refused(rig.client.chat_postMessage(channel="C0GENERAL", text="x", blocks=blocks))
    assert answer["error"] == "invalid_blocks"
    assert any(reason in message for message in answer["response_metadata"]["messages"]), answer
    assert await rig.pocket.messages("ada", "#general") == []


BAD_VIEWS: list[tuple[str, Json, str]] = [
    ("long title", modal(section(), title=plain("x" * 25)), "less than 25"),
    ("no title", {"type": "modal", "blocks": []}, "missing required field: title"),
    ("no submit", {"type": "modal", "title": plain("x"), "blocks": [question("a", typed("a"))]}, "submit"),
    ("long metadata", modal(section(), private_metadata="x" * 3_001), "less than 3001"),
    ("table in a modal", modal({"type": "table", "rows": [[]]}), "unsupported type: table"),
    ("home", home(section()), "must be of type modal"),
]


@pytest.mark.parametrize(("view", "reason"), [case[1:] for case in BAD_VIEWS], ids=[case[0] for case in BAD_VIEWS])
async def test_invalid_views_come_back_with_the_reason(rig: Rig, view: Json, reason: str) -> None:
    answer = await refused(rig.client.views_open(trigger_id="any", view=view))
    assert answer["error"] == "invalid_arguments"
    assert any(reason in message for message in answer["response_metadata"]["messages"]), answer


async def test_a_view_over_250_kb_is_too_large(rig: Rig) -> None:
    view = modal(*(section("é" * 1_500) for _ in range(90)))
    assert await error(rig.client.views_open(trigger_id="any", view=view)) == "view_too_large"


async def test_a_trigger_opens_one_view_within_three_seconds(rig: Rig) -> None:
    tickets = rig.sandbox.workspace.tickets if rig.sandbox.workspace else None
    assert tickets is not None
    trigger = tickets.new_trigger("U0ADA")
    await rig.client.views_open(trigger_id=trigger, view=modal(section()))
    assert await error(rig.client.views_open(trigger_id=trigger, view=modal(section()))) == "exchanged_trigger_id"
    late = tickets.new_trigger("U0ADA")
    await rig.pocket.control(advance=3.1)
    assert await error(rig.client.views_open(trigger_id=late, view=modal(section()))) == "expired_trigger_id"
    assert await error(rig.client.views_open(trigger_id="1.2.3", view=modal(section()))) == "invalid_trigger_id"
    assert await error(rig.client.views_update(view_id="V0", view=modal(section()))) == "not_found"
    nothing_open = tickets.new_trigger("U0GRACE")
    assert await error(rig.client.views_push(trigger_id=nothing_open, view=modal(section()))) == "not_found"


async def test_a_response_url_serves_five_times_in_half_an_hour(rig: Rig) -> None:
    workspace = rig.sandbox.workspace
    assert workspace is not None

    async def use(path: str, **body: Any) -> tuple[int, str]:
        async with rig.session.post(f"{rig.sandbox.base}/response/{path}", json=body) as answer:
            return answer.status, await answer.text()

    path = workspace.tickets.new_response("U0LINUS", "C0GENERAL", None)
    for n in range(5):
        assert await use(path, text=f"{n}", response_type="in_channel" if n == 4 else "ephemeral") == (200, "ok")
    assert await use(path, text="6") == (404, "used_url")
    assert [m["text"] for m in await rig.pocket.messages("ada", "#general")] == ["4"]
    assert [m["text"] for m in await rig.pocket.messages("linus", "#general")] == ["0", "1", "2", "3", "4"]
    late = workspace.tickets.new_response("U0LINUS", "C0GENERAL", None)
    await rig.pocket.control(advance=1_801)
    assert await use(late, text="x") == (404, "expired_url")
    fresh = workspace.tickets.new_response("U0LINUS", "C0GENERAL", None)
    assert await use(fresh, blocks=[{"type": "carnival"}]) == (400, "invalid_blocks")
    assert await use(fresh) == (400, "no_text")
    await rig.pocket.control(outage="503")
    assert await use(fresh, text="x") == (503, "unavailable")


async def test_five_thousand_people_are_paged(start: Start) -> None:
    rig = await start(people=[*built_in_people(), *crowd(5_000)])
    seen: list[str] = []
    async for page in await rig.client.users_list(limit=1_000):
        seen.extend(person["id"] for person in page["members"])
        assert len(page["members"]) <= 1_000
    assert len(seen) == len(set(seen)) == 5_010
    first = await rig.client.conversations_members(channel="C0GENERAL", limit=3)
    cursor = first["response_metadata"]["next_cursor"]
    second = await rig.client.conversations_members(channel="C0GENERAL", limit=3, cursor=cursor)
    assert len({*first["members"], *second["members"]}) == 6
    assert await error(rig.client.users_list(cursor="nonsense")) == "invalid_cursor"
    assert await error(rig.client.users_list(limit=1_001)) == "invalid_limit"


async def test_people_as_slack_tells_of_them(rig: Rig) -> None:
    noor = (await rig.client.users_info(user="U0NOOR"))["user"]
    assert "email" not in noor["profile"]
    dora = (await rig.client.users_info(user="U0DORA"))["user"]
    assert dora["deleted"] is True
    assert "tz" not in dora
    assert (await rig.client.users_info(user="U0EDSGER", include_locale=True))["user"]["locale"] == "fr-FR"
    assert (await rig.client.users_lookupByEmail(email="GRACE@example.org"))["user"]["id"] == "U0GRACE"
    assert await error(rig.client.users_lookupByEmail(email="dora@example.org")) == "users_not_found"
    assert await error(rig.client.users_info(user="U0NOBODY")) == "user_not_found"
    assert (await rig.client.usergroups_users_list(usergroup="S0OPS"))["users"] == ["U0ADA", "U0GRACE"]


async def test_tiers_answer_429_with_retry_after(start: Start) -> None:
    rig = await start(tiers=True)

    async def post(channel: str) -> int:
        return await waits(rig.client.chat_postMessage(channel=channel, text="x"))

    assert [await post("C0GENERAL") for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    assert await post("C0REPORTS") == 0, "each channel has its own allowance"
    await rig.pocket.control(advance=1)
    assert await post("C0GENERAL") == 0
    calls = [await waits(rig.client.usergroups_list()) for _ in range(21)]
    assert calls == [0] * 20 + [3]
    await rig.pocket.control(tiers={"t4": 2})
    assert [await waits(rig.client.users_info(user="U0ADA")) for _ in range(3)] == [0, 0, 30]
    await rig.pocket.control(tiers=False)
    assert [await waits(rig.client.users_info(user="U0ADA")) for _ in range(3)] == [0, 0, 0]


async def test_faults_on_order(rig: Rig) -> None:
    await rig.pocket.control(outage="503", methods="chat.*", times=1)
    with pytest.raises(SlackApiError) as caught:
        await rig.client.chat_postMessage(channel="C0GENERAL", text="x")
    assert caught.value.response.status_code == 503
    await rig.pocket.control(outage="lost", methods="chat.postMessage", times=1)
    with pytest.raises(aiohttp.ClientError):
        await rig.client.chat_postMessage(channel="C0GENERAL", text="posted all the same")
    assert [m["text"] for m in await rig.pocket.messages("ada", "#general")] == ["posted all the same"]
    await rig.pocket.control(outage="refused", times=1)
    with pytest.raises(aiohttp.ClientError):
        await rig.client.auth_test()
    await rig.pocket.control(outage="429", retry_after=7, times=1)
    assert await waits(rig.client.auth_test()) == 7
    await rig.pocket.control(outage="hang", methods="auth.test")
    hanging = asyncio.create_task(rig.client.auth_test())
    done, _ = await asyncio.wait({hanging}, timeout=0.3)
    assert not done
    await rig.pocket.control(recover=True)
    with pytest.raises(aiohttp.ClientError):
        await hanging
    assert (await rig.client.auth_test())["ok"]


async def test_forms_and_json_are_read_alike_and_neither_is_trusted(rig: Rig) -> None:
    url = f"{rig.sandbox.base}/api/chat.postMessage"
    token = rig.sandbox.settings.bot_token

    async def post(**request: Any) -> Json:
        async with rig.session.post(url, **request) as answer:
            body: Json = await answer.json()
            return body

    form = {"token": token, "channel": "C0GENERAL", "text": "x", "blocks": json.dumps([section("from a form")])}
    assert (await post(data=form))["message"]["blocks"][0]["text"]["text"] == "from a form"
    assert (await post(data={**form, "blocks": "{nonsense"}))["error"] == "invalid_blocks_format"
    bearer = {"Authorization": f"Bearer {token}"}
    typed_json = {**bearer, "Content-Type": "application/json"}
    assert (await post(data=b"{", headers=typed_json))["error"] == "invalid_json"
    assert (await post(data=b"[]", headers=typed_json))["error"] == "json_not_object"
    plain_body = {**bearer, "Content-Type": "text/plain"}
    assert (await post(data=b"x", headers=plain_body))["error"] == "invalid_form_data"
    metadata = {"channel": "C0GENERAL", "text": "x", "metadata": {"event_type": 7}}
    assert (await post(json=metadata, headers=bearer))["error"] == "invalid_metadata_format"
    large = {**metadata, "metadata": {"event_type": "e", "event_payload": {"x": "y" * 9_000}}}
    assert (await post(json=large, headers=bearer))["error"] == "metadata_too_large"
    thread = {"channel": "C0GENERAL", "text": "x", "thread_ts": "1.000000"}
    taken = await post(json=thread, headers=bearer)
    assert taken["ok"]
    assert taken["ts"] not in [one["ts"] for one in await rig.pocket.messages("ada", "#general")]


async def test_what_else_is_told_of_conversations(rig: Rig) -> None:
    info = (await rig.client.conversations_info(channel="C0REPORTS"))["channel"]
    assert (info["name"], info["is_member"], info["is_private"]) == ("reports", True, False)
    mine = await rig.client.users_conversations(types="public_channel,private_channel", exclude_archived=True)
    assert {c["id"] for c in mine["channels"]} == {"C0GENERAL", "C0ANNOUNCE", "C0REPORTS", "C0MODERATORS"}
    assert await error(rig.client.conversations_list(types="secret_channel")) == "invalid_types"
    assert await error(rig.client.conversations_list(types="im")) == "missing_scope"
    assert await error(rig.client.conversations_join(channel="C0OLD")) == "is_archived"
    assert await error(rig.client.conversations_join(channel="C0MODERATORS")) == "method_not_supported_for_channel_type"
    assert await error(rig.client.conversations_open(users="")) == "users_list_not_supplied"
    assert await error(rig.client.conversations_open(users="U0ADA,U0GRACE")) == "missing_scope"
    assert await error(rig.client.conversations_open(users="U0NOBODY")) == "user_not_found"
    assert await error(rig.client.usergroups_users_list(usergroup="S0NO")) == "no_such_subteam"
    await rig.pocket.control(grant=["channels:history"])
    times = [(await rig.client.chat_postMessage(channel="C0GENERAL", text=f"{n}"))["ts"] for n in range(3)]
    since = await rig.client.conversations_history(channel="C0GENERAL", oldest=times[0])
    assert [m["text"] for m in since["messages"]] == ["2", "1"]
    around = await rig.client.conversations_history(
        channel="C0GENERAL", oldest=times[1], latest=times[1], inclusive=True
    )
    assert [m["ts"] for m in around["messages"]] == [times[1]]
    assert await error(rig.client.conversations_history(channel="C0RANDOM")) == "not_in_channel"


async def test_an_external_id_stands_for_one_view(rig: Rig) -> None:
    workspace = rig.sandbox.workspace
    assert workspace is not None
    view = modal(section(), external_id="only")
    await rig.client.views_open(trigger_id=workspace.tickets.new_trigger("U0ADA"), view=view)
    other = workspace.tickets.new_trigger("U0GRACE")
    assert await error(rig.client.views_open(trigger_id=other, view=view)) == "duplicate_external_id"
    assert await error(rig.client.views_publish(user_id="U0DORA", view=home(section()))) == "invalid_arguments"
