"""Answers by mail in the thread of the report they answer, as far as their group lets mail into Slack."""

from __future__ import annotations

from typing import Any

import pytest

from bot.views.ids import Action as Button
from store import posts
from store.posts import NewMessage, Submission
from store.schema.group import Group
from store.terms import Action, Decision, SlackContent, Standing
from tests.bot.conftest import Office

ACCEPT = Decision(Action.ACCEPT)
HOLD = Decision(Action.HOLD)


async def mailed(office: Office, group: Group, name: str, text: str, *answers: str, decision: Decision = ACCEPT) -> int:
    """A post named `<name@x>`, that goes on with those; gives its id."""
    assert group.id is not None
    head = f"From: Eve <eve@else.example>\r\nSubject: {name}\r\n\r\n"
    message = NewMessage(
        raw=f"{head}{text}".encode(),
        public_id=name,
        author="eve@else.example",
        author_name="Eve *x* <!channel>",
        subject=f"About {name}",
        header_message_id=f"<{name}@x>",
        answers=answers,
    )
    async with office.database.writing() as tx:
        made = await posts.submit(tx, message, [Submission(group.id, Standing.MEMBER, decision, name)])
    await office.quiet()
    post_id = made.posts[0].id
    assert post_id is not None
    return post_id


async def reports(office: Office) -> list[dict[str, Any]]:
    return [
        one for one in await office.pocket.messages("U0ADA", "#reports") if "Reply by mail" in office.pocket.text(one)
    ]


@pytest.mark.parametrize("content", SlackContent)
async def test_answers_to_answers_stand_in_the_first_one_s_thread(office: Office, content: SlackContent) -> None:
    group = await office.group(report_channel="C0REPORTS", slack_content=content)
    await mailed(office, group, "first", "Nine?")
    await mailed(office, group, "second", "Yes <!channel> `x`\r\n> Nine?\r\n", "<other@x>", "<first@x>")
    await mailed(office, group, "third", "Fine.", "<second@x>")
    await mailed(office, group, "held", "Buy!", "<first@x>", decision=HOLD)
    await mailed(office, group, "apart", "Something else", "<held@x>")
    first, second, third, apart = sorted(await reports(office), key=lambda one: float(one["ts"]))
    assert [one["thread_ts"] for one in (first, second, third, apart)] == [None, first["ts"], first["ts"], None]
    assert "2 answers by mail" in office.pocket.text(first)
    said = office.pocket.text(second)
    assert ("Yes &lt;!channel&gt; ˋxˋ" in said) is (content is SlackContent.EXCERPT)
    assert "Nine?" not in said
    assert ("About second" in said) is (content is not SlackContent.NONE)
    assert ("Eve" in said) is (content is not SlackContent.NONE)
    assert "<!channel>" not in said


async def test_an_answer_to_what_somebody_deleted_stands_for_itself(office: Office) -> None:
    group = await office.group(report_channel="C0REPORTS")
    await mailed(office, group, "first", "Nine?")
    [first] = await reports(office)
    workspace = office.sandbox.workspace
    assert workspace is not None
    message = workspace.messages.get("C0REPORTS", first["ts"])
    assert message is not None
    workspace.delete(message)
    await mailed(office, group, "second", "Yes", "<first@x>")
    [second] = await reports(office)
    assert second["thread_ts"] is None


async def test_a_click_in_a_thread_is_answered_there(office: Office) -> None:
    group = await office.group(report_channel="C0REPORTS")
    await mailed(office, group, "first", "Nine?")
    await mailed(office, group, "second", "Yes", "<first@x>")
    first, second = sorted(await reports(office), key=lambda one: float(one["ts"]))
    await office.pocket.join("margaret", "#reports")
    for clicked, thread in ((first, None), (second, first["ts"])):
        seen = (await office.pocket.messages("margaret", "#reports"))[-1]["ts"]
        await office.pocket.click("margaret", Button.REPORT_WHY, channel="C0REPORTS", ts=clicked["ts"])
        told = await office.pocket.wait_message("margaret", "#reports", "Now: not in the group", after=seen)
        assert told["ephemeral"]
        assert told["thread_ts"] == thread
    # In a thread that Slack does not let it into it comes all the same.
    seen = told["ts"]
    await office.pocket.control(outage="503", methods="chat.postEphemeral")
    await office.pocket.click("margaret", Button.REPORT_WHY, channel="C0REPORTS", ts=second["ts"])
    told = await office.pocket.wait_message("margaret", "#reports", "Now: not in the group", after=seen)
    assert told["thread_ts"] is None
