"""A real listener on loopback over a real database, with a group in it, and a client that speaks raw octets."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import col, select

from mailbridge.doors import Door
from mailbridge.intake.addresses import Directory
from mailbridge.intake.authenticate import Relays
from mailbridge.intake.credentials import Credentials
from mailbridge.intake.evidence import Examiner
from mailbridge.intake.limits import Limits
from mailbridge.intake.listener import Listener
from mailbridge.intake.session import House
from mailbridge.resolver import Resolver
from mailbridge.tokens import Tokens
from store.engine import Database
from store.names import Served
from store.schema.group import Group, Name
from store.schema.letter import Letter
from store.schema.membership import Membership
from store.schema.message import Message
from store.schema.person import Person
from store.schema.post import Post
from store.terms import GroupKind, Moderation, NameRole, Posting
from tests.mailbridge.deliver.nameserver import Nameserver

AUTHSERV_ID = "mx.example.org"
PATIENCE = 60.0  # a net, not a measure: a busy disk takes its time to sync
PROOF = f"Authentication-Results: {AUTHSERV_ID}; dmarc=pass header.from=example.com\r\n"


class Client:
    """Says octets, hears replies; everything with a deadline."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, octets: str | bytes) -> None:
        self.writer.write(octets.encode() if isinstance(octets, str) else octets)
        await self.writer.drain()

    async def hear(self) -> str:
        """One reply, its lines joined; "" at the end of the connection."""
        lines: list[str] = []
        while True:
            async with asyncio.timeout(PATIENCE):
                line = (await self.reader.readline()).decode()
            lines.append(line)
            if not line or line[3:4] != "-":
                return "".join(lines).rstrip("\r\n")

    async def ask(self, command: str) -> str:
        await self.say(f"{command}\r\n")
        return await self.hear()

    async def begin(self, *recipients: str, sender: str = "a@example.com") -> list[str]:
        """From EHLO to the RCPTs' replies."""
        await self.ask("EHLO client.example.com")
        await self.ask(f"MAIL FROM:<{sender}>")
        return [await self.ask(f"RCPT TO:<{recipient}>") for recipient in recipients]

    async def submit(self, message: str | bytes, *recipients: str, sender: str = "a@example.com") -> str:
        """A whole transaction; the reply after the dot."""
        heard = await self.begin(*recipients, sender=sender)
        assert all(reply.startswith("250") for reply in heard), heard
        assert (await self.ask("DATA")).startswith("354")
        await self.say(message.encode() if isinstance(message, str) else message)
        return await self.ask(".")

    async def closed(self) -> bool:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read() == b""


@dataclass
class Room:
    """What a test has: the database, the listener and ways to look."""

    database: Database
    house: House
    listener: Listener
    group_id: int
    clients: list[Client] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.listener.ports[0]

    async def client(
        self, *, lmtp: bool = False, submission: bool = False, greeting: bool = True, host: str | None = None
    ) -> Client:
        local = (host, 0) if host else None
        port = self.listener.ports[2 if submission else 1 if lmtp else 0]
        client = Client(*await asyncio.open_connection("127.0.0.1", port, local_addr=local))
        self.clients.append(client)
        if greeting:
            assert (await client.hear()).startswith("220 ")
        return client

    async def rows(self, table: Any) -> Sequence[Any]:
        async with self.database.reading() as tx:
            return (await tx.exec(select(table).order_by(col(table.id)))).all()

    async def posts(self) -> Sequence[Post]:
        return await self.rows(Post)

    async def messages(self) -> Sequence[Message]:
        return await self.rows(Message)

    async def letters(self) -> Sequence[Letter]:
        return await self.rows(Letter)


async def add_group(database: Database, local: str, **settings: Any) -> int:
    """A group `local@example.org` with its reserved names; posting anyone and unmoderated unless said otherwise."""
    address = f"{local}@example.org"
    values = {"posting": Posting.ANYONE, "moderation": Moderation.NONE, **settings}
    async with database.writing() as tx:
        group = Group(address=address, route=address, display_name=local.title(), created_at=tx.now, **values)
        tx.add(group)
        await tx.flush()
        assert group.id is not None
        owner = Group(
            kind=GroupKind.OWNER,
            parent_id=group.id,
            address=f"{local}-owner@example.org",
            route=f"{local}-owner@example.org",
            display_name="Owner",
            posting=Posting.ANYONE,
            moderation=Moderation.NONE,
            created_at=tx.now,
        )
        tx.add(owner)
        await tx.flush()
        tx.add(Name(address=address, role=NameRole.PUBLISHED, group_id=group.id))
        tx.add(Name(address=f"{local}-leave@example.org", role=NameRole.LEAVE, group_id=group.id))
        for role in (NameRole.JOIN, NameRole.CONFIRM, NameRole.HELP):
            tx.add(Name(address=f"{local}-{role}@example.org", role=role, group_id=group.id))
        tx.add(Name(address=f"{local}-owner@example.org", role=NameRole.OWNER, group_id=owner.id))
        return group.id


async def add_member(database: Database, group_id: int, address: str, **flags: Any) -> int:
    """A contact of the group, linked to a person if `administrator` or `moderator`."""
    async with database.writing() as tx:
        person_id = None
        if flags.get("administrator") or flags.get("moderator"):
            person = Person(
                slack_id=f"U{address.partition('@')[0].upper()}{group_id}",
                subject=address,
                name=address,
                email=address,
                refreshed_at=tx.now,
            )
            tx.add(person)
            await tx.flush()
            person_id = person.id
        row = Membership(
            group_id=group_id,
            address=address,
            key=address.lower(),
            domain=address.rpartition("@")[2],
            person_id=person_id,
            contact=True,
            created_at=tx.now,
            **flags,
        )
        tx.add(row)
        await tx.flush()
        assert row.id is not None
        return row.id


@asynccontextmanager
async def opened(database: Database, **changes: Any) -> AsyncIterator[Room]:
    group_id = await add_group(database, "dev")
    async with database.writing() as tx:
        tx.add(Name(address="bounces@example.org", role=NameRole.BOUNCES))
        for local, kind in (("postmaster", GroupKind.POSTMASTER), ("abuse", GroupKind.ABUSE)):
            address = f"{local}@example.org"
            group = Group(
                kind=kind,
                address=address,
                route=address,
                display_name=local,
                posting=Posting.ANYONE,
                moderation=Moderation.NONE,
                created_at=tx.now,
            )
            tx.add(group)
            await tx.flush()
            tx.add(Name(address=address, role=NameRole.PUBLISHED, group_id=group.id))
    tls = changes.pop("tls", None)
    # A world in which nothing exists, unless a test has one of its own.
    world = await Nameserver().start()
    nameservers = changes.pop("nameservers", [world.address])
    values: dict[str, Any] = {
        "directory": Directory(Served(("example.org",), ("published.example",)), Tokens([b"0123456789abcdef"])),
        "relays": Relays((ipaddress.ip_network("127.0.0.1"),), AUTHSERV_ID),
        "examiner": Examiner(Resolver(nameservers, lifetime=2), database.clock),
        "limits": Limits(),
        "hostname": "mail.example.org",
        "max_size": 1_000_000,
        "credentials": Credentials(database) if tls else None,
        **changes,
    }
    house = House(database=database, **values)
    door = [Door("127.0.0.1", 0)]
    listener = Listener(house, door, door, door if tls else [], tls=tls)
    await listener.start()
    room = Room(database, house, listener, group_id)
    try:
        yield room
    finally:
        for client in room.clients:
            client.writer.close()
        await listener.stop(2)
        world.stop()
