"""How long and how many: the slow, the idle and the crowd (A9 to A11 of the SMTP shell's defects)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from mailbridge.intake.authenticate import Relays
from mailbridge.intake.limits import Limits
from mailbridge.policy import replies
from store.engine import Database
from tests.mailbridge.intake.room import Client, Room, opened

MAIL = "From: a@example.com\r\nMessage-ID: <1@example.com>\r\n\r\nText\r\n"


async def timed(database: Database, play: Callable[[Room, Client], Any], **limits: Any) -> str:
    """What a client hears last that plays `play` under these limits."""
    async with opened(database, limits=Limits(**limits)) as room:
        client = await room.client()
        found = await play(room, client)
        return str(found)


async def test_a9_a_steady_slow_sender_gets_through(sqlite_database: Database) -> None:
    async def play(room: Room, client: Client) -> str:
        await client.begin("dev@example.org")
        await client.ask("DATA")
        for line in (MAIL + "y\r\n" * 20).splitlines(keepends=True):
            await client.say(line)
            await asyncio.sleep(0.02)  # in all more than the grace, at more than the rate
        return await client.ask(".")

    assert (await timed(sqlite_database, play, grace_seconds=0.3, octets_per_second=20)).startswith("250")


async def test_a9_a_trickle_is_cut_and_told(sqlite_database: Database) -> None:
    async def play(room: Room, client: Client) -> str:
        await client.begin("dev@example.org")
        await client.ask("DATA")
        drip = asyncio.ensure_future(trickle(client))
        heard = await client.hear()
        drip.cancel()
        assert await client.closed()
        return heard

    async def trickle(client: Client) -> None:
        while True:
            await client.say("y\r\n")
            await asyncio.sleep(0.05)

    assert await timed(sqlite_database, play, grace_seconds=0.3, octets_per_second=500) == replies.LATE.line()


async def test_a9_a_stall_is_cut(sqlite_database: Database) -> None:
    async def play(room: Room, client: Client) -> str:
        await client.begin("dev@example.org")
        await client.ask("DATA")
        return await client.hear()

    assert await timed(sqlite_database, play, stall_seconds=0.1) == replies.LATE.line()


async def test_a10_silence_ends(sqlite_database: Database) -> None:
    async def play(room: Room, client: Client) -> str:
        await client.say("NO")  # half a command is no command
        return await client.hear()

    assert await timed(sqlite_database, play, command_seconds=0.1) == replies.LATE.line()


async def test_a10_idle_talk_ends(sqlite_database: Database) -> None:
    async def play(room: Room, client: Client) -> str:
        for _ in range(10):
            assert (await client.ask("NOOP")).startswith("250")
        return await client.ask("RSET")

    assert await timed(sqlite_database, play, idle_commands=10) == replies.WEARY.line()


async def test_a10_errors_end(sqlite_database: Database) -> None:
    async def play(room: Room, client: Client) -> str:
        for _ in range(5):
            assert (await client.ask("FROB")).startswith("500")
        return await client.ask("AUTH PLAIN AGEAYg==")  # guessing is an error like any other

    assert await timed(sqlite_database, play, errors=5) == replies.WEARY.line()


async def test_a10_a_session_ends(sqlite_database: Database) -> None:
    async def play(room: Room, client: Client) -> str:
        heard = ""
        while not heard.startswith("421"):
            heard = await client.ask("MAIL FROM:<a@example.com>")
            await client.ask("EHLO x")
        return heard

    async def wait(room: Room, client: Client) -> str:
        return await client.hear()

    assert await timed(sqlite_database, wait, session_seconds=0.2) == replies.ENOUGH.line()


async def test_a11_connections_are_counted_by_peer_and_in_all(sqlite_database: Database) -> None:
    limits = Limits(connections=6, connections_per_peer=3)
    async with opened(sqlite_database, limits=limits, relays=Relays()) as room:
        crowd = [await room.client() for _ in range(3)]
        refused = await room.client(greeting=False)
        assert await refused.hear() == replies.BUSY.line()
        assert await refused.closed()
        # Somebody else is served at once beside the crowd.
        other = await room.client(host="127.0.0.2")
        assert (await other.submit(MAIL, "dev@example.org")).startswith("250")
        await crowd[0].ask("QUIT")
        assert await crowd[0].closed()
        again = await room.client()
        assert (await again.ask("NOOP")).startswith("250")


async def test_a11_recipients_are_limited(sqlite_database: Database) -> None:
    async with opened(sqlite_database, limits=Limits(recipients=3)) as room:
        client = await room.client()
        # However many are too many: none of them is an error that would end the session with its mail.
        heard = await client.begin(*["dev@example.org"] * 50)
        assert [reply[:9] for reply in heard] == ["250 2.1.5"] * 3 + ["452 4.5.3"] * 47
        await client.ask("DATA")
        await client.say(MAIL)
        assert (await client.ask(".")).startswith("250")
        assert len(await room.posts()) == 1  # one group, however often it is named
