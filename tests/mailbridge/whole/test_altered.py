"""What a group changes in its mail, in the copy at the next hop and in what is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from email import message_from_bytes, policy
from typing import Any

import pytest
from sqlmodel import select

from bot import reported
from bot.views import reports as views
from mailbridge.rewrite.appended import RULE
from store import reports
from store.engine import Database
from store.schema.post import Post
from store.terms import GroupPolicy, OverSendSize, ReplyTo, wire_limit
from tests.mailbridge.intake.room import add_group, add_member
from tests.mailbridge.rewrite.test_trim import TEXT, attached, message
from tests.mailbridge.whole.bridge import PATIENCE, Whole, octets, opened

SETTINGS: dict[str, Any] = {
    "subject_tag": "Team", "footer": "Be kind.", "reply_to": ReplyTo.GROUP,
    "max_send_size": 1_024, "over_send_size": OverSendSize.TRIM,
}  # fmt: skip
NAME = 'Content-Disposition: attachment; filename="<!channel> *plan*.pdf"\n'
SEALED = b"Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\nx\r\n--s--\r\n"


@pytest.fixture
async def team(database_url: str, free_port: Callable[[], int]) -> AsyncIterator[Whole]:
    async with opened(database_url, free_port) as one:
        group_id = await add_group(one.database, "team", **SETTINGS)
        for name in "cde":
            await add_member(one.database, group_id, f"{name}@example.net")
        yield one


async def report(database: Database) -> reports.Report:
    """The report of the one post, once all its copies are gone."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with database.reading() as tx:
                post = (await tx.exec(select(Post))).one()
                assert post.id is not None
                found = await reports.report(tx, post.id)
            if found is not None and found.finished:
                return found
            await asyncio.sleep(0.02)


async def test_the_copy_and_its_report(team: Whole) -> None:
    raw = message(TEXT, attached(20_000), attached(200_000, more=NAME), kind="multipart/mixed")
    assert (await (await team.client()).submit(raw, "team@example.org")).startswith("250")
    mails = await team.carried(3)
    seen: Any = message_from_bytes(octets(mails[0]).replace(b"\r\n", b"\n"), policy=policy.default)
    assert (seen["Subject"], seen["Reply-To"]) == ("[Team] x", "Team <team@example.org>")
    text, small, note, footer = seen.iter_parts()
    assert text.get_content() == "Hello\n"
    assert (small.get_content_type(), note.get_content_type()) == ("application/pdf", "text/plain")
    assert "Name: <!channel> *plan*.pdf" in note.get_content()
    ours = f"{RULE}\nBe kind.\n\nYou receive this as a contact of Team (team@example.org)."
    assert footer.get_content().startswith(ours)
    # Our own header lines and the footer never count.
    assert len(octets(mails[0])) < wire_limit(1_024) + 4_096
    found = await report(team.database)
    assert (found.alteration.count, found.alteration.replaced[0].kind) == (1, "application/pdf")
    async with team.database.reading() as tx:
        drawn = await reported.report(tx, found.post.id or 0)
        assert drawn is not None
        shown = str(views.report("en", drawn).blocks)
    assert "a note stands for 1 attachment of 142.7 KB" in shown
    assert "• &lt;!channel&gt; ∗plan∗.pdf (application/pdf, 142.7 KB)" in shown


async def test_what_is_signed_goes_without_a_footer_and_the_report_says_why(team: Whole) -> None:
    raw = b"From: a@example.com\r\nSubject: Re: [team] x\r\nMIME-Version: 1.0\r\n" + SEALED
    assert (await (await team.client()).submit(raw, "team@example.org")).startswith("250")
    mails = await team.carried(3)
    assert octets(mails[0]).endswith(SEALED.partition(b"\r\n\r\n")[2])
    assert b"\r\nSubject: Re: [team] x\r\n" in octets(mails[0])
    found = await report(team.database)
    assert found.alteration.unfooted == "sealed"


async def test_a_group_that_asks_for_nothing_gets_nothing(team: Whole) -> None:
    await add_member(team.database, await add_group(team.database, "dev"), "c@example.net")
    assert (await (await team.client()).submit(message(TEXT, attached(90_000)), "dev@example.org")).startswith("250")
    (mail,) = await team.carried(1)
    assert octets(mail).endswith(message(TEXT, attached(90_000)).partition(b"\r\n\r\n")[2])
    async with team.database.reading() as tx:
        post = (await tx.exec(select(Post))).one()
    assert post.alteration is None
    assert GroupPolicy.from_json(post.policy or {}).footer is None
