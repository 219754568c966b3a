"""A mail written in Slack, its answer by mail, and the answer to that, typed in the thread; over real processes."""

from __future__ import annotations

import pytest
from sqlmodel import update

from store.composition import CompositionState
from store.schema.composition import Composition
from store.signal import Topic
from store.terms import Moderation, Posting, SlackContent
from tests.flows.town import FRONT, Town

LINUS, GRACE = "U0LINUS", "U0GRACE"
HIS, HERS = "linus@example.org", "grace@example.org"


async def written(town: Town, person: str, **values: str) -> None:
    """Fill in the form in front of a person, look, send, and let the half minute be over."""
    await town.pocket.wait_modal(person, contains="Mail to a group")
    await town.pocket.fill(person, values)
    assert (await town.pocket.submit(person))["ok"]
    shown = await town.pocket.wait_modal(person, contains="Before it is sent")
    if "It goes to" not in town.pocket.text(shown):  # a busy machine draws it a moment later
        await town.pocket.submit(person)
        await town.pocket.wait_modal(person, contains="It goes to")
    await town.pocket.submit(person)
    await town.pocket.wait_modal(person, contains="goes out at")
    async with town.database.writing() as tx:
        await tx.exec(update(Composition).values(due_at=tx.now))
        tx.wake(Topic.COMPOSE)
    await town.pocket.close(person, everything=True)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_from_a_message_to_the_mail_and_back(town: Town) -> None:
    town.sink.keep = True
    bridge, bot = await town.bridge(), await town.bot()
    group = await town.group(
        "team",
        [HIS, HERS, "jo@example.net"],
        posting=Posting.MEMBERS,
        moderation=Moderation.NONE,
        slack_content=SlackContent.EXCERPT,
    )
    said = await town.pocket.say(LINUS, "#general", "We ship *today* :rocket:")
    await town.pocket.shortcut(LINUS, "message_to_group", channel="#general", ts=said["ts"])
    await town.pocket.wait_modal(LINUS, contains="Mail to a group")
    offered = await town.pocket.options(LINUS, "group", "team")
    await written(town, LINUS, group=offered["options"][0]["value"], subject="Release")
    await town.finished()
    assert {recipient for recipient, _ in town.sink.kept} == {HIS, HERS, "jo@example.net"}
    first = town.sink.kept[0][1]
    assert b"<strong>today</strong>" in first
    await town.pocket.wait_message(LINUS, "dm", "is out")
    (post,) = await town.posts()

    proof = f"Authentication-Results: {FRONT}; dmarc=pass header.from=example.org\r\n"
    answer = (
        f"{proof}From: Grace <{HERS}>\r\nTo: {group.address}\r\nSubject: Re: Release\r\nMessage-ID: <g@example.org>\r\n"
        f"In-Reply-To: {post.header_message_id}\r\n\r\nWell done.\r\n\r\nOn Monday, Linus wrote:\r\n> We ship\r\n"
    )
    await town.submit(group.address, answer.encode())
    report = await town.pocket.wait_message("ada", "#reports", "Release")
    there = await town.pocket.wait_message("ada", "#reports", "Well done.", timeout=30)
    assert "We ship" not in town.pocket.text(there)
    assert there["thread_ts"] == min(report["ts"], there["thread_ts"])

    await town.pocket.say(LINUS, "#reports", "Thank you.", thread=there["thread_ts"])
    await town.pocket.wait_message(LINUS, "#reports", "This stays in Slack")
    await town.pocket.click(LINUS, "thread.send", channel="#reports")
    await written(town, LINUS)

    async def out() -> bool:
        async with town.database.reading() as tx:
            last = await tx.get(Composition, 2)
        return last is not None and last.state is CompositionState.POSTED

    await town.until(out)
    await town.until(town.all_done)
    last = next(octets for _, octets in town.sink.kept if b"Thank you." in octets)
    assert b"\r\nIn-Reply-To: <g@example.org>\r\n" in last
    assert post.header_message_id.encode() in last.partition(b"References:")[2].partition(b"MIME-Version")[0]
    for program in (bot, bridge):
        assert await program.end() == 0
