"""Cards and clicks in a real (pocket) workspace: one decision, every copy redrawn, everybody told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlmodel import select

from bot.views.ids import Action
from store import ending, posts, requests
from store.posts import NewMessage, Submission
from store.schema.audit import Audit
from store.schema.group import Group
from store.schema.post import Post
from store.terms import Action as Decided
from store.terms import Address, Decision, PostState, Reason, RequestState, Standing
from tests.bot.conftest import SYSTEM, Office

RAW = b"From: Eve <eve@else.example>\r\nSubject: Lunch <!channel>\r\n\r\nPay *now* at <https://evil.example|here>\r\n"


async def ask(office: Office, group: Group, note: str = "Please let me in <!here>") -> int:
    """Linus asks to join; gives the request."""
    linus = await office.person("linus")
    async with office.database.writing() as tx:
        asked = await requests.ask(tx, group, linus, Address.parse("linus@example.org"), note)
    assert asked.request_id is not None
    return asked.request_id


async def hold(office: Office, group: Group, *, authenticated: bool = False) -> int:
    """A post waits for a decision; gives it."""
    assert group.id is not None
    message = NewMessage(
        raw=RAW, public_id="p1", return_path="eve@else.example", author="eve@else.example", author_name="Eve",
        subject="Lunch <!channel>", authenticated=authenticated,
        verdict="relay_pass" if authenticated else "relay_none",
    )  # fmt: skip
    reasons = (Reason("non_member", {"author": "eve@else.example", "group": group.address}),)
    decision = Decision(Decided.HOLD, reasons)
    async with office.database.writing() as tx:
        submitted = await posts.submit(tx, message, [Submission(group.id, Standing.STRANGER, decision, "f")])
    assert submitted.posts[0].id is not None
    return submitted.posts[0].id


async def card(office: Office, person: str, contains: str, channel: str = "dm") -> dict[str, Any]:
    return await office.pocket.wait_message(person, channel, contains)


async def state_of(office: Office, post_id: int) -> PostState:
    async with office.database.reading() as tx:
        post = await posts.get(tx, post_id)
    assert post is not None
    return post.state


async def verbs(office: Office) -> list[str]:
    async with office.database.reading() as tx:
        return [row.verb for row in (await tx.exec(select(Audit))).all()]


async def test_approve_redraws_every_copy_and_tells_the_applicant(office: Office) -> None:
    group = await office.group()
    await ask(office, group)
    for person in ("ada", "grace"):
        found = await card(office, person, "asks to join")
        assert "&lt;!here&gt;" in office.pocket.text(found)
    assert (await office.pocket.click("grace", Action.REQUEST_APPROVE))["ok"]
    for person in ("ada", "grace"):
        redrawn = await card(office, person, "Approved by <@U0GRACE>")
        row = [element for block in redrawn["blocks"] if block["type"] == "actions" for element in block["elements"]]
        assert [element["action_id"] for element in row] == [Action.REQUEST_UNDO]
    await card(office, "linus", f"You are in *{group.address}* now")


async def test_deny_asks_for_a_reason_and_passes_it_on(office: Office) -> None:
    group = await office.group()
    request_id = await ask(office, group)
    await card(office, "ada", "asks to join")
    await office.pocket.click("ada", Action.REQUEST_DENY)
    await office.pocket.wait_modal("ada", contains="Deny the request")
    await office.pocket.fill("ada", {"reason": "The team is full"})
    assert (await office.pocket.submit("ada"))["ok"]
    assert await office.pocket.modal("ada") is None
    await card(office, "linus", "The team is full")
    await card(office, "grace", "Denied by <@U0ADA>")
    async with office.database.reading() as tx:
        request = await requests.get(tx, request_id)
    assert request is not None
    assert request.state is RequestState.DENIED


async def test_strangers_to_the_group_are_told_who_decides(office: Office) -> None:
    group = await office.group(moderation_channel="C0MODERATORS")
    channel = office.sandbox.workspace
    assert channel is not None
    post_id = await hold(office, group)
    await card(office, "ada", "waits for a decision", "#moderators")
    await office.pocket.join("margaret", "#moderators")
    await office.pocket.click("margaret", Action.POST_RELEASE, channel="#moderators")
    told = await office.pocket.wait_message("margaret", "#moderators", "Only moderators and administrators of")
    assert told["ephemeral"]
    assert await state_of(office, post_id) is PostState.HELD


async def test_fifty_clicks_of_two_moderators_make_one_decision(office: Office) -> None:
    group = await office.group()
    post_id = await hold(office, group)
    for person in ("ada", "grace"):
        await card(office, person, "waits for a decision")
    clicks = [office.pocket.click(person, Action.POST_RELEASE, channel="dm") for person in ("ada", "grace") * 25]
    answers = await asyncio.gather(*clicks, return_exceptions=True)
    assert [answer for answer in answers if isinstance(answer, BaseException)] == []

    async def told() -> int:
        seen = [*await office.pocket.messages("ada", "dm"), *await office.pocket.messages("grace", "dm")]
        return sum("somebody was faster" in office.pocket.text(message) for message in seen)

    async def all_told() -> bool | None:
        return True if await told() == 49 else None

    await office.pocket.wait_for(all_told, 15, "49 later clickers told")
    assert await state_of(office, post_id) is PostState.ACCEPTED
    assert (await verbs(office)).count("post.released") == 1


async def test_read_shows_the_mail_harmless_and_only_to_moderators(office: Office) -> None:
    group = await office.group()
    await hold(office, group)
    found = await card(office, "ada", "waits for a decision")
    text = office.pocket.text(found)
    assert "Subject: Lunch &lt;!channel&gt;" in text
    assert "is not a member of" in text
    assert "Pay" not in text  # slack_content is subject: the text waits for Read
    await office.pocket.click("ada", Action.POST_READ)
    modal = await office.pocket.wait_modal("ada", contains="A held post")
    assert "Pay *now* at &lt;https://evil.example|here&gt;" in office.pocket.text(modal)


async def test_reject_is_offered_for_a_proven_author_and_mails_the_reason(office: Office) -> None:
    group = await office.group()
    post_id = await hold(office, group, authenticated=True)
    await card(office, "ada", "waits for a decision")
    await office.pocket.click("ada", Action.POST_REJECT)
    await office.pocket.wait_modal("ada", contains="Reject the post")
    await office.pocket.fill("ada", {"reason": "Off topic"})
    assert (await office.pocket.submit("ada"))["ok"]
    await card(office, "grace", "Rejected by <@U0ADA>")
    async with office.database.reading() as tx:
        post = await tx.get(Post, post_id)
    assert post is not None
    assert post.decision_reason == "Off topic"


async def test_discard_and_a_click_after_it(office: Office) -> None:
    group = await office.group()
    post_id = await hold(office, group)
    before = await card(office, "grace", "waits for a decision")
    await card(office, "ada", "waits for a decision")
    await office.pocket.click("ada", Action.POST_DISCARD)
    await card(office, "grace", "Discarded by <@U0ADA>")
    assert await state_of(office, post_id) is PostState.DISCARDED
    assert any(block["type"] == "actions" for block in before["blocks"])


async def test_a_click_after_the_group_is_gone_says_so(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    group = await office.group()
    await ask(office, group)
    await card(office, "ada", "asks to join")
    await office.pocket.click("ada", Action.REQUEST_DENY)
    await office.pocket.wait_modal("ada", contains="Deny the request")
    assert group.id is not None
    async with office.database.writing() as tx:
        await ending.delete(tx, group.id, SYSTEM)
    await office.pocket.fill("ada", {"reason": "x"})
    await office.pocket.submit("ada")
    modal = await office.pocket.wait_modal("ada", contains="no longer exists")
    assert "no longer exists" in office.pocket.text(modal)
    await card(office, "ada", "The group was deleted")
    await card(office, "linus", "was deleted, and your request")


async def test_a_button_of_an_older_version_says_so(office: Office) -> None:
    from bot.views import blocks
    from bot.views.blocks import shown

    old = shown("old", [blocks.actions(blocks.button("Old", "old.id", 1))])
    from bot.slack import Slack

    slack = Slack.connect(token=office.settings.bot_token.get_secret_value(), api_url=office.settings.api_url)
    try:
        await slack.post("C0GENERAL", old)
    finally:
        await slack.close()
    await office.pocket.click("ada", "old.id", channel="#general")
    await office.pocket.wait_message("ada", "#general", "older version")
