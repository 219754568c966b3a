"""A listener that trusts no relay and has a proxy before it, a nameserver over a zone, and people who sign their mail.

What comes through the proxy comes from any address a test likes: that is what SPF is asked about.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from mailbridge.intake.authenticate import Relays
from store.engine import Database
from store.schema.post import Post
from store.terms import Moderation, Posting
from tests.mailbridge.deliver.nameserver import Nameserver
from tests.mailbridge.intake.room import Client, Room, add_group, add_member, opened
from tests.mailbridge.proof.signing import Signer

MEMBER = "ada@example.com"
HERS = "198.51.100.25"  # the server that example.com sends from
EVIL = "203.0.113.66"  # another, that evil.example sends from
ADA = Signer("example.com")
EVE = Signer("evil.example", seed=b"\6" * 32)
LETTER = (
    b"From: Ada <ada@example.com>\r\nTo: team@example.org\r\nSubject: Lunch\r\n"
    b"Date: Mon, 02 Mar 2026 09:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\nShall we?\r\n"
)


def quoted(record: bytes) -> str:
    """A TXT record as a zone writes it."""
    return f'"{record.decode()}"'


def publish(server: Nameserver, *signers: Signer) -> None:
    """The keys of these signers."""
    for one in signers:
        server.zone[one.key_name, "TXT"] = [quoted(one.record)]


@dataclass
class Street:
    """`room` has a group `team` for members, whose strangers are held, and one member, MEMBER."""

    room: Room
    nameserver: Nameserver
    group_id: int

    async def client(self, address: str = EVIL, *, lmtp: bool = False) -> Client:
        """A client that the proxy says is at `address`."""
        client = await self.room.client(greeting=False, lmtp=lmtp)
        await client.say(f"PROXY TCP4 {address} 192.0.2.1 40000 25\r\n")
        assert (await client.hear()).startswith("220 ")
        return client

    async def mail(
        self, raw: bytes, *, address: str = EVIL, sender: str = "eve@evil.example", to: str = "team@example.org"
    ) -> str:
        """One mail; the reply after its end."""
        client = await self.client(address)
        return await client.submit(raw, to, sender=sender)

    async def post(self) -> Post:
        """The only post there is."""
        (post,) = await self.room.posts()
        return post


@asynccontextmanager
async def built(database: Database, nameserver: Nameserver, **changes: Any) -> AsyncIterator[Street]:
    nameserver.zone.update(
        {
            ("example.com", "TXT"): [f'"v=spf1 ip4:{HERS} -all"'],
            ("_dmarc.example.com", "TXT"): ['"v=DMARC1; p=reject"'],
            ("evil.example", "TXT"): [f'"v=spf1 ip4:{EVIL} -all"'],
            ("_dmarc.evil.example", "TXT"): ['"v=DMARC1; p=reject"'],
        }
    )
    publish(nameserver, ADA, EVE)
    values = {"relays": Relays(), "proxies": [ip_network("127.0.0.1")], "nameservers": [nameserver.address], **changes}
    async with opened(database, **values) as room:
        group_id = await add_group(database, "team", posting=Posting.MEMBERS, moderation=Moderation.NON_MEMBERS)
        await add_member(database, group_id, MEMBER)
        yield Street(room, nameserver, group_id)
