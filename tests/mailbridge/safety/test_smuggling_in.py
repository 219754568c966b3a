"""V1, V5: no mail carries a second one in, whatever ends its data and however that is cut on the way."""

from __future__ import annotations

import socket

import pytest

from mailbridge.policy import replies
from tests.mailbridge.intake.room import Client, Room
from tests.mailbridge.safety.sequences import LATE, SEQUENCES

HEAD = b"From: a@example.com\r\nSubject: innocent\r\n\r\ninnocent"
SECOND = (
    b"MAIL FROM:<evil@example.com>\r\nRCPT TO:<dev@example.org>\r\nDATA\r\n"
    b"From: evil@example.com\r\nSubject: evil\r\n\r\nevil\r\n.\r\n"
)


async def begun(room: Room, *, lmtp: bool = False) -> Client:
    """A client in the middle of DATA, each of whose writes is a segment of its own."""
    client = await room.client(lmtp=lmtp)
    client.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    await client.ask(f"{'LHLO' if lmtp else 'EHLO'} client.example.com")
    await client.ask("MAIL FROM:<a@example.com>")
    for _ in range(1 + lmtp):
        assert (await client.ask("RCPT TO:<dev@example.org>")).startswith("250")
    assert (await client.ask("DATA")).startswith("354")
    return client


async def read(other: Client) -> None:
    """Until the server has read all that was sent so far: it has answered somebody who asked later."""
    assert (await other.ask("NOOP")).startswith("250")


async def in_step(client: Client) -> None:
    """Nothing was said but what was asked for, and the session goes on."""
    assert await client.ask("NOOP") == "250 2.0.0 Ok"
    assert (await client.ask("QUIT")).startswith("221")
    assert await client.closed()


@pytest.mark.parametrize("lmtp", [False, True], ids=["SMTP", "LMTP"])
@pytest.mark.parametrize("name", SEQUENCES)
async def test_no_sequence_but_one_ends_a_mail(sqlite_room: Room, name: str, lmtp: bool) -> None:
    client = await begun(sqlite_room, lmtp=lmtp)
    await client.say(HEAD + SEQUENCES[name] + SECOND)
    for _ in range(1 + lmtp):  # LMTP answers each recipient
        assert await client.hear() == replies.STRAY.line()
    await in_step(client)
    assert await sqlite_room.posts() == []


@pytest.mark.parametrize("lmtp", [False, True], ids=["SMTP", "LMTP"])
@pytest.mark.parametrize("name", SEQUENCES)
async def test_nor_does_it_cut_over_segments_anywhere(sqlite_room: Room, name: str, lmtp: bool) -> None:
    octets = HEAD[-2:] + SEQUENCES[name] + SECOND[:2]
    other = await sqlite_room.client(lmtp=lmtp)
    for cut in (*range(1, len(octets)), None):
        client = await begun(sqlite_room, lmtp=lmtp)
        await client.say(HEAD[:-2])
        for piece in (octets[:cut], octets[cut:]) if cut else (octets[at : at + 1] for at in range(len(octets))):
            await client.say(piece)
            await read(other)
        await client.say(SECOND[2:])
        for _ in range(1 + lmtp):
            assert await client.hear() == replies.STRAY.line(), cut
        await in_step(client)
    assert await sqlite_room.posts() == []


@pytest.mark.parametrize("lmtp", [False, True], ids=["SMTP", "LMTP"])
async def test_a_lone_line_feed_in_segments_ends_nothing(sqlite_room: Room, lmtp: bool) -> None:
    other = await sqlite_room.client(lmtp=lmtp)
    client = await begun(sqlite_room, lmtp=lmtp)
    await client.say(HEAD)
    for octet in LATE["LF . CRLF in segments"]:
        await client.say(bytes([octet]))
        await read(other)
    await client.say(SECOND)
    for _ in range(1 + lmtp):
        assert await client.hear() == replies.STRAY.line()
    await in_step(client)
    assert await sqlite_room.posts() == []


@pytest.mark.parametrize("lmtp", [False, True], ids=["SMTP", "LMTP"])
async def test_the_true_end_is_waited_for_however_late_its_last_octet_comes(sqlite_room: Room, lmtp: bool) -> None:
    other = await sqlite_room.client(lmtp=lmtp)
    client = await begun(sqlite_room, lmtp=lmtp)
    await client.say(HEAD)
    for octet in LATE["CRLF . CR and much later LF"]:
        for _ in range(3):
            await read(other)
        assert not client.reader._buffer  # type: ignore[attr-defined]  # no public way to see that nothing was said
        await client.say(bytes([octet]))
    for _ in range(1 + lmtp):
        assert (await client.hear()).startswith("250 2.0.0 Ok: ")
    await in_step(client)
    (message,) = await sqlite_room.messages()
    assert message.raw == HEAD + b"\r\n"


async def test_a_body_sent_before_it_was_asked_for_is_one_mail_or_commands_and_never_another_sessions(
    sqlite_room: Room,
) -> None:
    """V5. Who talks early is served in order; where DATA is refused, what follows is not taken for a body."""
    client = await sqlite_room.client(greeting=False)
    early = (
        b"EHLO client.example.com\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<%s>\r\nDATA\r\n"
        + HEAD
        + b"\r\n.\r\nNOOP\r\n"
    )
    await client.say(early % b"dev@example.org")
    heard = [(await client.hear())[:3] for _ in range(7)]
    assert heard == ["220", "250", "250", "250", "354", "250", "250"]
    assert len(await sqlite_room.posts()) == 1
    refused = await sqlite_room.client(greeting=False)
    await refused.say(early % b"nobody@example.org")
    heard = [(await refused.hear())[:3] for _ in range(11)]
    # Each line of the body is a command that is none; the dot too.
    assert heard == ["220", "250", "250", "550", "503", "500", "500", "500", "500", "500", "250"]
    assert len(await sqlite_room.posts()) == 1
