"""Large mails that come at once: what would find no room is put off before its transfer, and all room comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from mailbridge.intake.data import PROMISED_OCTETS
from mailbridge.intake.limits import Budget, Limits
from mailbridge.policy import replies
from store.engine import Database
from tests.mailbridge.intake.room import Client, Room, opened
from tests.mailbridge.intake.test_defects import reset

MEBIBYTE = 2**20
LARGE = 2 * MEBIBYTE
FIT = 7  # of these in three quarters of 20 MiB
BODY = b"From: a@example.com\r\n\r\n" + (b"y" * 70 + b"\r\n") * 25_000


@pytest.fixture
async def room(sqlite_database: Database) -> AsyncIterator[Room]:
    limits = Limits(in_flight_octets=20 * MEBIBYTE)
    async with opened(sqlite_database, limits=limits, max_size=4 * MEBIBYTE) as one:
        yield one


async def begun(room: Room, size: int | None = LARGE, *, lmtp: bool = False) -> tuple[Client, str]:
    """A client that has declared `size` and asked for DATA, with the reply."""
    client = await room.client(lmtp=lmtp)
    await client.ask(f"{'LHLO' if lmtp else 'EHLO'} client.example.com")
    declared = "" if size is None else f" SIZE={size}"
    assert (await client.ask(f"MAIL FROM:<a@example.com>{declared}")).startswith("250")
    assert (await client.ask("RCPT TO:<dev@example.org>")).startswith("250")
    return client, await client.ask("DATA")


@pytest.mark.parametrize("lmtp", [False, True])
async def test_twenty_large_mails_at_once_are_taken_or_put_off_before_they_are_sent(room: Room, lmtp: bool) -> None:
    clients = [await begun(room, lmtp=lmtp) for _ in range(20)]
    assert [reply[:3] for _, reply in clients] == ["354"] * FIT + ["452"] * (20 - FIT)
    assert clients[-1][1] == replies.CROWDED.line()
    # What is small, or comes without a word about its size, still finds room.
    for size in (PROMISED_OCTETS, None):
        small, reply = await begun(room, size)
        assert reply.startswith("354")
        await small.say(b"From: a@example.com\r\nMessage-ID: <%d@x>\r\n\r\nText\r\n" % (size or 0))
        assert (await small.ask(".")).startswith("250")
    for number, (client, reply) in enumerate(clients):
        if reply.startswith("354"):
            await client.say(b"Message-ID: <%d@example.com>\r\n" % number + BODY)
            assert (await client.ask(".")).startswith("250 2.0.0 Ok: ")
        else:
            assert (await client.ask("RSET")).startswith("250")
    assert len(await room.posts()) == FIT + 2
    again = [await begun(room, lmtp=lmtp) for _ in range(FIT)]
    assert [reply[:3] for _, reply in again] == ["354"] * FIT


async def filled(room: Room) -> list[Client]:
    clients = [client for client, reply in [await begun(room) for _ in range(FIT)] if reply.startswith("354")]
    assert len(clients) == FIT
    assert (await begun(room))[1] == replies.CROWDED.line()
    return clients


@pytest.mark.parametrize("way", ["taken", "refused", "too large", "closed", "reset"])
async def test_what_was_promised_is_given_back_whatever_becomes_of_the_mail(room: Room, way: str) -> None:
    for client in await filled(room):
        match way:
            case "taken":
                await client.say(BODY)
                assert (await client.ask(".")).startswith("250")
            case "refused":
                await client.say(b"From: a@example.com\r\n\r\n\0\r\n")
                assert await client.ask(".") == replies.STRAY.line()
            case "too large":
                await client.say(BODY + (b"z" * 70 + b"\r\n") * 90_000)
                assert await client.ask(".") == replies.TOO_BIG.line()
            case "closed":
                client.writer.close()
            case "reset":
                reset(client)
    async with asyncio.timeout(60):
        while [reply[:3] for _, reply in [await begun(room) for _ in range(FIT)]] != ["354"] * FIT:
            for client in room.clients:
                reset(client)
            await asyncio.sleep(0.01)


async def test_who_declares_and_sends_nothing_is_cut_and_keeps_no_room(sqlite_database: Database) -> None:
    limits = Limits(in_flight_octets=LARGE, stall_seconds=0.2)
    async with opened(sqlite_database, limits=limits, max_size=4 * MEBIBYTE) as room:
        for _ in range(2):  # the second finds the room that the first had
            client, reply = await begun(room)
            assert reply.startswith("354")
            assert await client.hear() == replies.LATE.line()


def test_promises_leave_a_quarter_but_a_lone_mail_may_have_all() -> None:
    budget = Budget(100)
    assert budget.promise(90)
    assert not budget.promise(1)
    assert budget.take(10)
    budget.give_back(100)
    assert [budget.promise(40), budget.promise(35), budget.promise(1), budget.take(25), budget.take(1)] == [
        True, True, False, True, False,
    ]  # fmt: skip
