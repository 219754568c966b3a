"""What is to be said reaches Slack: once, however long it was away, where it is wanted or else to who can mend it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.actions.deliveries import ACTIONS
from bot.views.ids import Action
from store import outbox, posts, requests, tallies, trials
from store.engine import Writing
from store.locks import DatabaseBusy
from store.posts import NewMessage, Submission
from store.schema.group import Group
from store.schema.post import Post
from store.terms import Action as Decided
from store.terms import Address, Decision, NoticeKind, Standing
from tests.bot.conftest import Office

MEMBERS = tuple(f"m{n}@else.example" for n in range(3))


async def accept(office: Office, group: Group, subject: str = "Minutes") -> int:
    """A post is accepted, and its three copies are expected; gives the post."""
    assert group.id is not None
    message = NewMessage(raw=b"Subject: x\r\n\r\n", public_id="p", author="ada@example.org", subject=subject)
    async with office.database.writing() as tx:
        submission = Submission(group.id, Standing.ADMINISTRATOR, Decision(Decided.ACCEPT), None)
        submitted = await posts.submit(tx, message, [submission])
    assert submitted.posts[0].id is not None
    return submitted.posts[0].id


async def count(office: Office, post_id: int, *, done: bool = False, **numbers: int) -> None:
    """The bridge counts, and marks the report."""

    async def write(tx: Writing) -> None:
        await tx.run(lambda bulk: tallies.add(bulk, 1, [(post_id, name, n) for name, n in numbers.items()]))
        post = await tx.get(Post, post_id)
        assert post is not None
        post.expanded_at = tx.now
        if done:
            post.done_at = tx.now
        tx.add(post)
        await tx.flush()
        await outbox.touch(tx, NoticeKind.REPORT, post_id)

    async with office.database.writing() as tx:
        await write(tx)


async def reports(office: Office) -> list[dict[str, Any]]:
    messages = await office.pocket.messages("ada", "#reports")
    return [message for message in messages if "relayed to" in office.pocket.text(message)]


async def test_one_report_grows_in_place_to_its_final_counts(office: Office) -> None:
    group = await office.group(report_channel="C0REPORTS")
    post_id = await accept(office, group)
    first = await office.pocket.wait_message("ada", "#reports", "relayed to 0 so far")
    await count(office, post_id, expanded=3, relayed=1)
    await office.pocket.wait_message("ada", "#reports", "relayed to 1 of 3")
    await count(office, post_id, done=True, relayed=2)
    last = await office.pocket.wait_message("ada", "#reports", "relayed to 3 of 3")
    assert last["ts"] == first["ts"]
    assert len(await reports(office)) == 1
    assert "Minutes" in office.pocket.text(last)


async def test_what_stands_is_written_down_though_the_database_was_busy(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without, the message would stand there for ever as it was first, and nobody would know where."""
    group = await office.group(report_channel="C0REPORTS")
    placed = outbox.placed
    refused: list[Any] = []

    async def once_refused(*arguments: Any) -> bool:
        if not refused:
            refused.append(arguments)
            raise DatabaseBusy("two transactions waited for each other")
        return await placed(*arguments)

    monkeypatch.setattr(outbox, "placed", once_refused)
    post_id = await accept(office, group)
    first = await office.pocket.wait_message("ada", "#reports", "relayed to 0 so far")
    await count(office, post_id, done=True, expanded=3, relayed=3)
    last = await office.pocket.wait_message("ada", "#reports", "relayed to 3 of 3")
    assert refused
    assert last["ts"] == first["ts"]
    assert len(await reports(office)) == 1


async def test_details_are_for_administrators_alone(office: Office) -> None:
    group = await office.group(report_channel="C0REPORTS")
    post_id = await accept(office, group)
    await count(office, post_id, done=True, expanded=3, relayed=3)
    await office.pocket.wait_message("ada", "#reports", "relayed to 3 of 3")
    await office.pocket.click("ada", Action.REPORT_DETAILS, channel="#reports")
    await office.pocket.wait_modal("ada", contains="No copy has failed")
    await office.pocket.click("linus", Action.REPORT_DETAILS, channel="#reports")
    await office.pocket.wait_message("linus", "#reports", "Only administrators of")
    assert Action.REPORT_DETAILS in ACTIONS


async def test_an_outage_delays_the_report_and_it_comes_once(office: Office) -> None:
    group = await office.group(report_channel="C0REPORTS")
    await office.pocket.control(outage="503")
    post_id = await accept(office, group)
    await count(office, post_id, done=True, expanded=3, relayed=3)
    await asyncio.sleep(1.5)  # the outage lasts; nothing can be waited for
    assert await reports(office) == []
    await office.pocket.control(recover=True)
    shown = await office.pocket.wait_message("ada", "#reports", "relayed to 3 of 3", timeout=20)
    assert "may repeat" not in office.pocket.text(shown)
    assert len(await reports(office)) == 1


async def test_what_was_not_begun_when_the_bot_ends_is_no_lost_answer(office: Office) -> None:
    group = await office.group(report_channel="C0REPORTS")
    await office.stop_and_start()  # a bot that has not heard of Slack yet asks first whether it is there
    await office.pocket.control(outage="hang", methods="api.test")
    await accept(office, group)

    async def claimed() -> bool:
        return any(placement.state == "posting" for placement in await office.placements())

    await office.until(claimed)
    await office.end()
    assert {(placement.state, placement.uncertain) for placement in await office.placements()} == {("waiting", False)}


async def test_a_lost_answer_is_found_again_by_its_metadata(office: Office) -> None:
    await office.pocket.control(grant=["channels:history"])
    assert office.sandbox.workspace is not None
    group = await office.group(report_channel="C0REPORTS")
    await office.stop_and_start()
    await office.pocket.control(outage="lost", methods="chat.postMessage", times=1)
    post_id = await accept(office, group)
    await count(office, post_id, done=True, expanded=3, relayed=3)
    shown = await office.pocket.wait_message("ada", "#reports", "relayed to 3 of 3", timeout=20)
    assert "may repeat" not in office.pocket.text(shown)
    assert len(await reports(office)) == 1


async def test_a_lost_answer_without_history_repeats_at_most_once_and_says_so(office: Office) -> None:
    group = await office.group(report_channel="C0REPORTS")
    await office.pocket.control(outage="lost", methods="chat.postMessage", times=1)
    await accept(office, group)
    await office.pocket.wait_message("ada", "#reports", "may repeat", timeout=20)
    assert len(await reports(office)) == 2


async def test_two_lost_answers_end_it(office: Office) -> None:
    group = await office.group(report_channel="C0REPORTS")
    await office.pocket.control(outage="lost", methods="chat.postMessage", times=1)
    # Between the two it is asked whether what posts answers: by the loop, and before that one notice.
    await office.pocket.control(outage="lost", methods="chat.postMessage", times=1, spared=2)
    await accept(office, group)
    await office.quiet()
    assert [p.error for p in await office.placements() if p.state == "dead"] == ["two answers of Slack's were lost"]
    assert len(await reports(office)) == 2


async def test_429_is_waited_out(office: Office) -> None:
    group = await office.group(report_channel="C0REPORTS")
    await office.pocket.control(outage="429", methods="chat.postMessage", times=1, retry_after=1)
    await accept(office, group)
    await office.pocket.wait_message("ada", "#reports", "relayed to 0 so far")
    assert len(await reports(office)) == 1
    await office.quiet()
    assert all(p.attempts == 0 for p in await office.placements())


async def test_a_channel_that_is_gone_sends_it_to_the_administrators(office: Office) -> None:
    group = await office.group(report_channel="C0OLD")
    await accept(office, group)
    told = await office.pocket.wait_message("ada", "dm", "a post to", timeout=20)
    text = office.pocket.text(told)
    assert "I could not post this in" in text
    assert "<#C0OLD>" in text
    dead = [p for p in await office.placements() if p.state == "dead"]
    assert {(p.target, p.error) for p in dead} == {("C0OLD", "is_archived")}


OPENED = pytest.mark.parametrize("opened", [{"private": False}, {"shared": True}], ids=["public", "shared"])


@OPENED
async def test_what_is_said_of_a_hidden_group_leaves_a_channel_that_was_opened(
    office: Office, opened: dict[str, bool]
) -> None:
    group = await office.group(hidden=True, report_channel="C0MODERATORS")
    await change(office, "C0MODERATORS", opened)
    await accept(office, group, "Secret plans")
    told = await office.pocket.wait_message("ada", "dm", "Secret plans")
    assert "others read along although it must be private" in office.pocket.text(told)
    assert "Secret plans" not in await said_in(office, "ada", "#moderators")
    assert [p.error for p in await office.placements() if p.state == "dead"] == ["channel_is_public"]


async def test_what_stands_in_a_channel_that_becomes_public_is_taken_back(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.outbox.TRUSTED_SECONDS", 0.0)
    group = await office.group(hidden=True, report_channel="C0MODERATORS")
    post_id = await accept(office, group, "Secret plans")
    await office.pocket.wait_message("grace", "#moderators", "Secret plans")
    await change(office, "C0MODERATORS", {"private": False})
    await count(office, post_id, done=True, expanded=3, relayed=3)
    told = office.pocket.text(await office.pocket.wait_message("ada", "dm", "relayed to 3 of 3"))
    assert "Secret plans" in told
    assert "others read along although it must be private" in told
    left = await said_in(office, "ada", "#moderators")
    assert "Secret plans" not in left
    assert "This channel is open to others now" in left
    await office.quiet()
    assert [p.error for p in await office.placements() if p.state == "dead"] == ["channel_is_public"]


@OPENED
async def test_cards_leave_a_channel_that_was_opened(office: Office, opened: dict[str, bool]) -> None:
    group = await office.group(moderation_channel="C0MODERATORS", report_channel="C0REPORTS")
    await change(office, "C0MODERATORS", opened)
    linus = await office.person("linus")
    async with office.database.writing() as tx:
        await requests.ask(tx, group, linus, Address.parse("linus@example.org"), "My secret note")
    await office.pocket.wait_message("grace", "dm", "My secret note")
    assert "My secret note" not in await said_in(office, "ada", "#moderators")
    await accept(office, group, "Minutes")  # what is said of a group everybody sees may stand where everybody is
    assert "although" not in office.pocket.text(await office.pocket.wait_message("linus", "#reports", "Minutes"))


async def change(office: Office, channel_id: str, fields: dict[str, bool]) -> None:
    """Somebody makes a private channel a public one, or shares it with another organisation."""
    assert office.sandbox.workspace is not None
    channel = office.sandbox.workspace.channels.get(channel_id)
    assert channel is not None
    for name, value in fields.items():
        setattr(channel, name, value)


async def said_in(office: Office, person: str, channel: str) -> str:
    """All that a person reads in a channel."""
    return "\n".join(office.pocket.text(message) for message in await office.pocket.messages(person, channel))


async def test_blocks_slack_refuses_fall_back_to_text(office: Office) -> None:
    from bot.slack import Slack
    from bot.views.blocks import Shown

    slack = Slack.connect(token=office.settings.bot_token.get_secret_value(), api_url=office.settings.api_url)
    try:
        await slack.post("C0REPORTS", Shown("said all the same", [{"type": "section"}]))
    finally:
        await slack.close()
    shown = await office.pocket.wait_message("ada", "#reports", "said all the same")
    assert not shown["blocks"]


async def test_the_steps_of_a_test_mail_are_shown_as_they_come(office: Office) -> None:
    group = await office.group()
    ada = await office.person("ada")
    async with office.database.writing() as tx:
        post = await trials.send(tx, group, ada, "trial")
    assert post.id is not None
    await office.pocket.wait_message("ada", "dm", "2. Your copy is being made.")
    async with office.database.writing() as tx:
        row = await tx.get(Post, post.id)
        assert row is not None
        row.expanded_at = row.first_relayed_at = row.done_at = tx.now
        tx.add(row)
    last = await office.pocket.wait_message("ada", "dm", "3. The next mail server took it")
    assert "ada@example.org" in office.pocket.text(last)
