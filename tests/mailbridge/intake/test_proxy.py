"""The PROXY protocol: whom it is taken from, and what it makes of a client (V11)."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from ipaddress import ip_address, ip_network

import pytest

from mailbridge.intake.limits import Limits
from store.engine import Database
from tests.mailbridge.deliver.nameserver import Nameserver
from tests.mailbridge.intake.room import Room, opened

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
MAIL = "From: a@example.com\r\nSubject: x\r\n\r\nText\r\n"


def version_2(source: str, *, command: int = 1, family: int = 1, extra: bytes = b"") -> bytes:
    """A binary header (PROXY protocol 2.2)."""
    octets = ip_address(source).packed
    addresses = octets + octets + struct.pack("!HH", 40_000, 25) + extra
    return SIGNATURE + struct.pack("!BBH", 0x20 | command, family << 4 | 1, len(addresses)) + addresses


@pytest.fixture
async def behind(sqlite_database: Database, nameserver: Nameserver) -> AsyncIterator[Room]:
    proxies = [ip_network("127.0.0.1")]
    async with opened(sqlite_database, proxies=proxies, nameservers=[nameserver.address]) as room:
        yield room


@pytest.mark.parametrize(
    ("header", "client"),
    [
        (b"PROXY TCP4 198.51.100.7 192.0.2.1 40000 25\r\n", "198.51.100.7"),
        (b"PROXY TCP6 2001:db8::7 2001:db8::1 40000 25\r\n", "2001:db8::7"),
        (b"PROXY UNKNOWN\r\n", "unknown"),
        (version_2("198.51.100.7"), "198.51.100.7"),
        (version_2("2001:db8::7", family=2), "2001:db8::7"),
        (version_2("198.51.100.7", extra=b"\x04\0\x02ab"), "198.51.100.7"),  # with a TLV behind
        (version_2("198.51.100.7", command=0), "127.0.0.1"),  # the proxy itself looks whether we are there
    ],
)
@pytest.mark.parametrize("pieces", [False, True])
async def test_a_proxy_of_ours_names_its_client(behind: Room, header: bytes, client: str, pieces: bool) -> None:
    session = await behind.client(greeting=False)
    for piece in [bytes([octet]) for octet in header] if pieces else [header]:
        await session.say(piece)
    assert (await session.hear()).startswith("220 ")
    assert (await session.submit(MAIL, "dev@example.org")).startswith("250")
    (post,) = await behind.posts()
    assert post.client == client


@pytest.mark.parametrize(
    "header",
    [
        b"EHLO client.example.com\r\n",
        b"PROXY TCP4 198.51.100.7 192.0.2.1 40000\r\n",
        b"PROXY TCP4 198.51.100.777 192.0.2.1 40000 25\r\n",
        b"PROXY TCP4 198.51.100.7 192.0.2.1 40000 25 MORE\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 40000 25\r\n",
        b"PROXY " + b"x" * 200 + b"\r\n",
        version_2("198.51.100.7").replace(b"QUIT", b"EHLO"),
        version_2("198.51.100.7", command=5),
        SIGNATURE + struct.pack("!BBH", 0x21, 0x11, 2) + b"ab",
    ],
)
async def test_a_proxy_that_does_not_say_is_dropped(behind: Room, header: bytes) -> None:
    session = await behind.client(greeting=False)
    await session.say(header)
    assert await session.closed()  # without a word: who it is, nobody knows


async def test_a_proxy_that_is_silent_is_dropped(behind: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailbridge.intake.proxy.SECONDS", 0.2)
    session = await behind.client(greeting=False)
    await session.say(b"PROXY TCP4 ")
    assert await session.closed()


@pytest.mark.parametrize("header", [b"PROXY TCP4 198.51.100.7 192.0.2.1 40000 25\r\n", version_2("198.51.100.7")])
async def test_a_header_from_anybody_else_ends_the_session(sqlite_room: Room, header: bytes) -> None:
    session = await sqlite_room.client()
    await session.say(header + b"EHLO client.example.com\r\n")
    assert (await session.hear()).startswith("500 5.5")
    assert await session.closed()


async def test_the_share_of_a_peer_is_its_clients(sqlite_database: Database) -> None:
    limits = Limits(connections=6, connections_per_peer=2)
    async with opened(sqlite_database, proxies=[ip_network("127.0.0.1")], limits=limits) as room:

        async def greeted(address: str) -> str:
            session = await room.client(greeting=False)
            await session.say(f"PROXY TCP4 {address} 192.0.2.1 40000 25\r\n")
            return (await session.hear())[:3]

        assert [await greeted("198.51.100.7") for _ in range(3)] == ["220", "220", "421"]
        assert [await greeted("198.51.100.8") for _ in range(2)] == ["220", "220"]
        for session in room.clients[:2]:
            await session.say(b"QUIT\r\n")
            assert (await session.hear()).startswith("221")
            assert await session.closed()
        async with asyncio.timeout(10):
            while await greeted("198.51.100.7") != "220":
                await asyncio.sleep(0.01)
