"""Opening and closing the doors."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailbridge.doors import Door
from mailbridge.intake import opening
from mailbridge.intake.limits import Limits
from mailbridge.intake.listener import Listener, ListenRefused
from mailbridge.policy import replies
from mailbridge.settings import BridgeSettings
from store import posts
from store.engine import Database
from tests.mailbridge.intake.room import Client, Room, opened

MAIL = "From: a@example.com\r\n\r\nText\r\n"


async def test_a_taken_port_is_said_in_one_line_and_opens_nothing(
    sqlite_room: Room, free_port: Callable[[], int]
) -> None:
    first, taken = free_port(), sqlite_room.port
    listener = Listener(sqlite_room.house, [Door("127.0.0.1", first)], [Door("127.0.0.1", taken)])
    with pytest.raises(ListenRefused) as refusal:
        await listener.start()
    assert (
        str(refusal.value) == f"POSTROOM_LMTP_LISTEN: 127.0.0.1:{taken} cannot be listened on: address already in use"
    )
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", first)


async def test_lmtp_on_a_local_socket_counts_as_this_machine(sqlite_room: Room, tmp_path: Path) -> None:
    path = tmp_path / "lmtp"
    listener = Listener(sqlite_room.house, [], [Door(path=str(path))])
    await listener.start()
    client = Client(*await asyncio.open_unix_connection(str(path)))
    assert (await client.hear()).startswith("220 mail.example.org LMTP")
    await client.ask("LHLO client.example.com")
    await client.ask("MAIL FROM:<a@example.com>")
    await client.ask("RCPT TO:<dev@example.org>")
    await client.ask("DATA")
    await client.say("Authentication-Results: mx.example.org; dmarc=pass header.from=example.com\r\n" + MAIL)
    assert (await client.ask(".")).startswith("250")
    (post,) = await sqlite_room.posts()
    assert (post.client, post.authenticated) == ("", True)
    client.writer.close()
    await listener.stop(5)
    assert not path.exists()


async def test_a_local_socket_that_another_process_has_taken_over_stays(sqlite_room: Room, tmp_path: Path) -> None:
    path = tmp_path / "lmtp"
    old = Listener(sqlite_room.house, [], [Door(path=str(path))])
    new = Listener(sqlite_room.house, [], [Door(path=str(path))])
    await old.start()
    await new.start()
    await old.stop(5)
    reader, writer = await asyncio.open_unix_connection(str(path))
    assert (await reader.readline()).startswith(b"220 ")
    writer.close()
    await new.stop(5)
    assert not path.exists()


async def test_who_waits_is_told_and_who_delivers_is_heard_out(
    sqlite_room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()
    submit = posts.submit

    async def slow(*args: Any) -> Any:
        reached.set()
        await go_on.wait()
        return await submit(*args)

    monkeypatch.setattr(posts, "submit", slow)
    idle, reading, committing = [await sqlite_room.client() for _ in range(3)]
    for client in (reading, committing):
        await client.begin("dev@example.org")
        assert (await client.ask("DATA")).startswith("354")
    await committing.say(MAIL + ".\r\n")
    async with asyncio.timeout(10):
        await reached.wait()
        stopping = asyncio.ensure_future(sqlite_room.listener.stop(10))
        assert await idle.hear() == replies.CLOSING.line()
        assert await idle.closed()
        go_on.set()
        await reading.say(MAIL.replace("Text", "Other") + ".\r\n")
        for client in (reading, committing):
            assert (await client.hear()).startswith("250 2.0.0 Ok: ")
            assert await client.hear() == replies.CLOSING.line()
            assert await client.closed()
        await stopping
    assert len(await sqlite_room.posts()) == 2


async def test_who_does_not_end_is_cut_after_the_grace(sqlite_database: Database) -> None:
    async with opened(sqlite_database, limits=Limits()) as room:
        client = await room.client()
        await client.begin("dev@example.org")
        await client.ask("DATA")
        async with asyncio.timeout(5):
            await room.listener.stop(0.1)
        with contextlib.suppress(ConnectionError):
            assert await client.closed()


async def test_a_process_is_put_together_from_its_settings(sqlite_database: Database, tmp_path: Path) -> None:
    settings = BridgeSettings.load(
        database_url=f"sqlite+aiosqlite:///{tmp_path}/postroom.db",
        domains="example.org",
        secret="correct-horse-battery-staple",
        relay="mx",
        smtp_listen="127.0.0.1:0",
        hostname="mail.example.org",
        authserv_id="mx.example.org",
        trusted_relays="127.0.0.1",
    )
    listener = opening.listener(settings, sqlite_database)
    await listener.start()
    client = Client(*await asyncio.open_connection("127.0.0.1", listener.ports[0]))
    assert (await client.hear()).startswith("220 mail.example.org ESMTP")
    assert "SIZE 36765696" in await client.ask("EHLO client.example.com")
    assert (await client.ask("MAIL FROM:<a@example.com>")).startswith("250")
    client.writer.close()
    await listener.stop(5)
    assert opening.house(settings, sqlite_database, limits=Limits()).by_domain
