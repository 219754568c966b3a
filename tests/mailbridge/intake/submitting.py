"""Signing in over a real socket: a person with an app password, and a client within TLS."""

from __future__ import annotations

import asyncio
import base64
import ssl
from dataclasses import dataclass

from store import hashing, passwords, persons
from store.engine import Database
from store.hashing import AppPassword
from store.persons import Profile
from store.schema.person import Person
from tests.mailbridge.intake.room import Client, Room

ADA = "ada@example.com"


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody with an app password."""

    person: Person
    password: AppPassword
    password_id: int

    @property
    def profile(self) -> Profile:
        """What Slack says of them."""
        return Profile(self.person.slack_id, self.person.name, self.person.email)


async def holder(database: Database, address: str = ADA, made: AppPassword | None = None) -> Holder:
    """A person at `address` with an app password."""
    made = made or hashing.generate()
    digest = await asyncio.to_thread(hashing.digest, made)
    async with database.writing() as tx:
        person = await persons.upsert(tx, Profile(f"U{address.partition('@')[0].upper()}", "Ada", address))
        row = await passwords.add(tx, person, "printer", made, digest, persons.actor(person))
    assert row.id is not None
    return Holder(person, made, row.id)


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def secured(room: Room) -> Client:
    """A client at the submission door, within TLS, that has said EHLO."""
    client = await room.client(submission=True)
    await client.ask("EHLO printer.example.com")
    assert (await client.ask("STARTTLS")).startswith("220")
    await client.writer.start_tls(trusting(), server_hostname="mail.example.org")
    assert "250-AUTH PLAIN LOGIN" in await client.ask("EHLO printer.example.com")
    return client


def encoded(text: str) -> str:
    """A response in base64."""
    return base64.b64encode(text.encode()).decode()


def plain(name: str, password: str, other: str = "") -> str:
    """PLAIN's one response."""
    return encoded(f"{other}\0{name}\0{password}")


async def sign_in(client: Client, name: str, password: str) -> str:
    """The reply to AUTH PLAIN."""
    return await client.ask(f"AUTH PLAIN {plain(name, password)}")


async def signed_in(room: Room, who: Holder) -> Client:
    """A client that has signed in."""
    client = await secured(room)
    assert (await sign_in(client, str(who.person.email), who.password.shown)).startswith("235 2.7.0")
    return client


async def transact(client: Client, message: str, *, recipient: str = "dev@example.org", sender: str = ADA) -> str:
    """MAIL to the reply after the dot, or the first refusal."""
    for command in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA"):
        reply = await client.ask(command)
        if reply[0] not in "23":
            return reply
    await client.say(message)
    return await client.ask(".")
