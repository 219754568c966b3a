"""The defects of aiosmtpd 1.4.6 that would hurt us, each tried on our listener.

A1 to A8 and A12 to A14; what has to do with patience and crowds is in test_patience.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import struct
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from sqlalchemy import event

from mailbridge.intake.addresses import Directory
from mailbridge.policy import replies
from store import posts
from store.engine import Database
from store.locks import DatabaseBusy
from tests.mailbridge.intake.room import PROOF, Client, Room, add_group, opened

MAIL = "From: a@example.com\r\nMessage-ID: <1@example.com>\r\n\r\nText\r\n"
MEBIBYTE = 2**20


def resident() -> int:
    """Octets of memory this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def test_a1_an_endless_line_costs_no_memory_and_ends_the_session(sqlite_room: Room) -> None:
    client = await sqlite_room.client()
    await client.begin("dev@example.org")
    assert (await client.ask("DATA")).startswith("354")
    before = resident()
    most = before
    block = b"x" * MEBIBYTE
    with contextlib.suppress(ConnectionError):  # cut while we are still at it, which is as good
        for _ in range(64):
            await client.say(block)
            most = max(most, resident())
    assert most - before < 16 * MEBIBYTE
    with contextlib.suppress(ConnectionError):
        assert (await client.hear())[:3] in ("552", "")
    assert await sqlite_room.posts() == []
    other = await sqlite_room.client()
    assert (await other.submit(MAIL, "dev@example.org")).startswith("250")


async def test_a1_an_endless_line_is_not_kept_where_large_mails_are_taken(sqlite_database: Database) -> None:
    async with opened(sqlite_database, max_size=25 * MEBIBYTE) as room:
        client = await room.client()
        await client.begin("dev@example.org")
        assert (await client.ask("DATA")).startswith("354")
        await client.say("From: a@example.com\r\n\r\n")
        before = most = resident()
        for _ in range(30):
            await client.say(b"x" * MEBIBYTE)
            most = max(most, resident())
        assert await client.ask("\r\n.") == replies.LINE_TOO_LONG.line()
        assert most - before < 16 * MEBIBYTE
        assert await room.posts() == []


@pytest.mark.parametrize(
    "fault",
    [
        RuntimeError("connection to postgres at 10.0.0.5 refused"),
        RuntimeError("two\r\n250 lines"),  # A3
        RuntimeError("nicht verfügbar – ☃"),  # A4
        DatabaseBusy("somebody else"),
        KeyError("x"),
        OSError(28, "No space left on device"),
        UnicodeEncodeError("ascii", "é", 0, 1, "no"),
        RecursionError(),
        MemoryError(),
        AssertionError(),
    ],
    ids=repr,
)
@pytest.mark.parametrize("lmtp", [False, True])
async def test_a2_a3_a4_a_fault_of_ours_is_temporary_and_keeps_its_text(
    sqlite_room: Room, monkeypatch: pytest.MonkeyPatch, fault: Exception, lmtp: bool
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise fault

    client = await sqlite_room.client(lmtp=lmtp)
    hello = "LHLO" if lmtp else "EHLO"
    await client.ask(f"{hello} client.example.com")
    await client.ask("MAIL FROM:<a@example.com>")
    with monkeypatch.context() as patch:
        patch.setattr(Directory, "resolve", fail)
        assert await client.ask("RCPT TO:<dev@example.org>") == replies.TROUBLE.line()
    assert (await client.ask("RCPT TO:<dev@example.org>")).startswith("250")
    assert (await client.ask("RCPT TO:<dev@example.org>")).startswith("250")
    assert (await client.ask("DATA")).startswith("354")
    with monkeypatch.context() as patch:
        patch.setattr(posts, "submit", fail)
        await client.say(MAIL)
        assert await client.ask(".") == replies.TROUBLE.line()
        if lmtp:
            assert await client.hear() == replies.TROUBLE.line()
    assert (await client.ask("NOOP")).startswith("250")
    assert await sqlite_room.posts() == []


async def test_a2_a_full_disk_is_said_and_got_over(sqlite_room: Room) -> None:
    pages = 1  # SQLite lets a file keep what it has, and grow no more

    def limit(connection: Any, *_: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        cursor.close()

    event.listen(sqlite_room.database.engine.sync_engine, "checkout", limit)
    client = await sqlite_room.client()
    big = MAIL + ("y" * 70 + "\r\n") * 12_000
    assert await client.submit(big, "dev@example.org") == replies.FULL.line()
    assert await sqlite_room.posts() == []
    pages = 2**30
    assert (await client.submit(big, "dev@example.org")).startswith("250")


async def test_a2_without_room_mail_is_put_off_at_once(sqlite_database: Database) -> None:
    async with opened(sqlite_database, room=lambda: False) as room:
        client = await room.client()
        await client.ask("EHLO client.example.com")
        assert await client.ask("MAIL FROM:<a@example.com>") == replies.FULL.line()


async def test_a6_no_argument_makes_a_fault(sqlite_room: Room) -> None:
    client = await sqlite_room.client()
    await client.ask("EHLO client.example.com")
    for argument in ("<", "<>>", "(" * 900, '"', "<@", "<a@[", "\\", "<a@b:c>"):
        assert (await client.ask(f"MAIL FROM:{argument}"))[:3] in ("501", "553")


async def test_a7_the_null_sender_is_empty(room: Room) -> None:
    client = await room.client()
    assert (await client.submit(MAIL, "dev@example.org", sender="")).startswith("250")
    assert await room.posts() == []  # a bounce: taken, and dropped


def reset(client: Client) -> None:
    """End the connection by RST."""
    sock = client.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.writer.transport.abort()


@pytest.mark.parametrize("how", ["half-close", "reset"])
async def test_a8_a_client_that_goes_cannot_tear_the_commit(
    room: Room, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    reached, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()
    submit = posts.submit

    async def slow(*args: Any) -> Any:
        reached.set()
        await go_on.wait()
        found = await submit(*args)
        done.set()
        return found

    monkeypatch.setattr(posts, "submit", slow)
    client = await room.client()
    await client.begin("dev@example.org")
    await client.ask("DATA")
    await client.say(MAIL + ".\r\n")
    async with asyncio.timeout(10):
        await reached.wait()
        if how == "reset":
            reset(client)
        else:
            client.writer.write_eof()
        # The server hears of it before the commit goes on: a ping over another connection has passed through its loop.
        other = await room.client()
        await other.ask("NOOP")
        go_on.set()
        await done.wait()
        if how == "half-close":
            assert (await client.hear()).startswith("250 2.0.0 Ok: ")
            assert await client.closed()
    monkeypatch.setattr(posts, "submit", submit)
    repeat = await other.submit(MAIL, "dev@example.org")
    (post,) = await room.posts()
    assert repeat == f"250 2.0.0 Ok: {post.public_id}"


async def test_a12_sessions_share_no_limits(sqlite_room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SMTP.command_size_limits, "MAIL", 77)  # the library's own table, which each new session clears
    first = await sqlite_room.client()
    for _ in range(50):
        await first.ask("EHLO client.example.com")
    second = await sqlite_room.client()
    await second.ask("EHLO client.example.com")
    long = "b" * 240
    assert (await first.ask(f"MAIL FROM:<{long}@example.com> SIZE=100 BODY=8BITMIME AUTH=<>")).startswith("250")
    third = await sqlite_room.client()
    await third.ask("EHLO client.example.com")
    assert (await second.ask(f"MAIL FROM:<{long}@example.com> SIZE=100 BODY=8BITMIME AUTH=<>")).startswith("250")
    too_long = await third.ask("NOOP " + "x" * 3000)
    assert too_long.startswith("500 5.5.2")
    assert await third.closed()
    assert SMTP.command_size_limits["MAIL"] == 77


async def test_a13_lmtp_answers_each_recipient(room: Room) -> None:
    await add_group(room.database, "ops")
    client = await room.client(lmtp=True)
    await client.ask("LHLO client.example.com")
    await client.ask("MAIL FROM:<a@example.com>")
    for recipient in ("dev@example.org", "ops@example.org", "dev@example.org"):
        assert (await client.ask(f"RCPT TO:<{recipient}>")).startswith("250")
    await client.ask("DATA")
    await client.say(PROOF + MAIL)
    heard = [await client.ask("."), await client.hear(), await client.hear()]
    assert len(set(heard)) == 1
    assert heard[0].startswith("250 2.0.0 Ok: ")
    assert (await client.ask("NOOP")).startswith("250")
    assert len(await room.posts()) == 2


async def test_a14_what_is_stored_has_line_ends_and_nothing_else(room: Room) -> None:
    client = await room.client()
    for stray in (b"\r", b"\n", b"\0"):
        await client.begin("dev@example.org")
        await client.ask("DATA")
        await client.say(b"From: a@example.com\r\n\r\na " + stray + b" stray\r\n")
        assert await client.ask(".") == replies.STRAY.line()
    assert await room.messages() == []
    assert (await client.submit(MAIL, "dev@example.org")).startswith("250")
    (message,) = await room.messages()
    assert message.raw is not None
    assert message.raw.count(b"\r") == message.raw.count(b"\n") == message.raw.count(b"\r\n")
