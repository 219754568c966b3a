"""What is refused for what it is: the exact reply, to every recipient, and nothing kept."""

from __future__ import annotations

import pytest
from sqlmodel import col, update

from store.schema.group import Group
from store.terms import LetterKind, Moderation, Posting, PostState
from tests.mailbridge.intake.room import PROOF, Room, add_group

FROM = "From: a@example.com\r\n"
NO_FROM = "550 5.6.0 The message must have one From field with one address"
NO_BLANK_LINE = "550 5.6.0 The header holds a line that is no field, or no blank line ends it"
STRAY = "554 5.6.0 The message holds a bare CR, a bare LF or a NUL; lines must end with CRLF"
HEADER = "552 5.3.4 The header is larger than 256 KiB or has more than 1,000 fields"
TOO_BIG = "552 5.3.4 The message is larger than this server takes"
HOPS = "554 5.4.6 Mail loop: more than 30 Received fields"
LOOP = "554 5.4.6 Mail loop: this message has already been through this address"
OVER_GROUP = "552 5.3.4 dev@example.org takes messages with up to about 100 KB of attachments"

LINE = "y" * 70 + "\r\n"
REFUSED = {
    "no From": ("Subject: x\r\n\r\nText\r\n", NO_FROM),
    "nothing": ("", NO_FROM),
    "a body alone": ("\r\nText\r\n", NO_FROM),
    "an empty From": ("From:\r\n\r\n", NO_FROM),
    "a From without an address": ("From: Ada\r\n\r\n", NO_FROM),
    "two From fields": (FROM + FROM + "\r\n", NO_FROM),
    "two mailboxes": ("From: a@example.com, b@example.com\r\n\r\n", NO_FROM),
    "a second From behind a blank": (FROM + "From : b@example.com\r\n\r\n", NO_FROM),
    "no blank line": (FROM + "Text\r\n", NO_BLANK_LINE),
    "a line that is no field": (FROM + "From b@example.com\r\nX: y\r\n\r\n", NO_BLANK_LINE),
    "two Subjects": (FROM + "Subject: a\r\nSUBJECT: b\r\n\r\n", "Subject"),
    "two Senders": (FROM + "Sender: a@x.test\r\nSender: b@x.test\r\n\r\n", "Sender"),
    "two Message-IDs": (FROM + "Message-ID: <1@x>\r\nmessage-id: <2@x>\r\n\r\n", "Message-ID"),
    "two Dates": (FROM + "Date: a\r\nDate: b\r\n\r\n", "Date"),
    "a NUL": (FROM + "\r\na\0b\r\n", STRAY),
    "a NUL in the header": (FROM + "Subject: a\0b\r\n\r\n", STRAY),
    "a bare CR": (FROM + "\r\na\rb\r\n", STRAY),
    "a bare LF": (FROM + "\r\na\nb\r\n", STRAY),
    "5,000 header fields": (FROM + "X-Many: y\r\n" * 5_000 + "\r\n", HEADER),
    "1,001 header fields": (FROM + "X-Many: y\r\n" * 1_000 + "\r\n", HEADER),
    "a header of 256 KiB": (FROM + "X-Long: y\r\n" + (" " + LINE) * 3_700 + "\r\n", HEADER),
    "31 hops": (FROM + "Received: from x by y\r\n" * 31 + "\r\n", HOPS),
    "our own loop mark": (FROM + "X-Loop: DEV@example.org\r\n\r\n", LOOP),
    "more than the group takes": (FROM + "\r\n" + LINE * 2_910, OVER_GROUP),
    "more than the server takes": (FROM + "\r\n" + LINE * 20_400, TOO_BIG),
}
TAKEN = {
    "1,000 header fields": FROM + "X-Many: y\r\n" * 999 + "\r\n",
    "30 hops": FROM + "Received: from x by y\r\n" * 30 + "\r\n",
    "another group's loop mark": FROM + "X-Loop: ops@example.org\r\n\r\n",
    "8-bit header fields": "From: Jörg <a@example.com>\r\nSubject: Grüße\r\nX-Odd: \xff\r\n\r\n",
    "all header": FROM,
    "as much as the group takes": FROM + "\r\n" + LINE * 2_890,
}


def reply(expected: str) -> str:
    """A name alone stands for the refusal of a second field of that name."""
    return expected if expected[0].isdigit() else f"550 5.6.0 The message must not have more than one {expected} field"


@pytest.fixture
async def limited(sqlite_room: Room) -> Room:
    """The room, whose group takes 100 KB and does so alone."""
    async with sqlite_room.database.writing() as tx:
        await tx.exec(update(Group).where(col(Group.id) == sqlite_room.group_id).values(max_receive_size=100 * 1024))
    return sqlite_room


@pytest.mark.parametrize("name", REFUSED)
async def test_it_is_refused_in_the_session_and_nothing_is_kept(limited: Room, name: str) -> None:
    message, expected = REFUSED[name]
    client = await limited.client()
    assert await client.submit(message, "dev@example.org") == reply(expected)
    assert await limited.posts() == []
    assert await limited.messages() == []
    assert (await client.submit(FROM + "\r\nText\r\n", "dev@example.org")).startswith("250")


@pytest.mark.parametrize("name", REFUSED)
async def test_lmtp_says_so_once_for_each_recipient(limited: Room, name: str) -> None:
    message, expected = REFUSED[name]
    client = await limited.client(lmtp=True)
    await client.ask("LHLO client.example.com")
    await client.ask("MAIL FROM:<a@example.com>")
    for _ in range(3):
        assert (await client.ask("RCPT TO:<dev@example.org>")).startswith("250")
    await client.ask("DATA")
    await client.say(message + ".\r\nNOOP\r\n")
    assert [await client.hear() for _ in range(4)] == [reply(expected)] * 3 + ["250 2.0.0 Ok"]
    assert await limited.messages() == []


@pytest.mark.parametrize("name", TAKEN)
async def test_what_is_only_odd_is_taken(limited: Room, name: str) -> None:
    client = await limited.client()
    assert (await client.submit(TAKEN[name].encode("latin-1"), "dev@example.org")).startswith("250 2.0.0 Ok: ")
    assert len(await limited.posts()) == 1


@pytest.mark.parametrize("authenticated", [True, False])
async def test_a_hold_beside_a_refusal(room: Room, authenticated: bool) -> None:
    held = await add_group(room.database, "held", moderation=Moderation.EVERYONE)
    closed = await add_group(room.database, "closed", posting=Posting.MEMBERS)
    message = (PROOF if authenticated else "") + FROM + "Message-ID: <1@x>\r\n\r\nText\r\n"
    client = await room.client()
    assert (await client.submit(message, "closed@example.org", "held@example.org")).startswith("250")
    states = {post.group_id: post.state for post in await room.posts()}
    assert states == ({held: PostState.HELD} if authenticated else {held: PostState.HELD, closed: PostState.HELD})
    # A proven author hears of both, anybody else of neither.
    told = [LetterKind.POST_REJECTED, LetterKind.POST_HELD] if authenticated else []
    assert [letter.kind for letter in await room.letters()] == told
