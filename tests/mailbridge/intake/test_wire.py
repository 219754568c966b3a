"""What stands on the wire: segments of every size, TLS, and an independent client."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from mailbridge.intake.listener import ListenRefused, certificate
from store.engine import Database
from tests.mailbridge.intake.room import Client, Room, opened
from tests.mailbridge.intake.submitting import trusting

SESSION = (
    b"EHLO client.example.com\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<dev@example.org>\r\nRCPT TO:<no@example.org>\r\n"
    b"DATA\r\nFrom: a@example.com\r\nMessage-ID: <1@x>\r\n\r\n..dots\r\n.\r\nQUIT\r\n"
)


async def test_cutting_a_session_anywhere_changes_nothing(sqlite_room: Room) -> None:
    async def play(cut: int) -> bytes:
        client = await sqlite_room.client(greeting=False)
        await client.say(SESSION[:cut])
        await (await sqlite_room.client()).ask("NOOP")  # by then the first part has been read
        await client.say(SESSION[cut:])
        async with asyncio.timeout(10):
            return await client.reader.read()

    whole = await play(len(SESSION))
    assert whole.count(b"250 2.0.0 Ok: ") == 1
    for cut in range(1, len(SESSION), 7):
        assert await play(cut) == whole
    assert len(await sqlite_room.posts()) == 1


async def test_what_is_said_before_tls_does_not_act_within(sqlite_database: Database, pem: Path) -> None:
    async with opened(sqlite_database, tls=certificate(str(pem), "")) as room:
        client = await room.client()
        assert "250-STARTTLS" in await client.ask("EHLO client.example.com")
        await client.ask("MAIL FROM:<a@example.com>")
        await client.say("STARTTLS\r\nRSET\r\nMAIL FROM:<evil@example.com>\r\n")
        assert (await client.hear()).startswith("220")
        await client.writer.start_tls(trusting(), server_hostname="mail.example.org")
        # All state is gone, and nothing of the clear text is answered.
        assert (await client.ask("MAIL FROM:<a@example.com>")).startswith("503 5.5.1 Say hello")
        assert "STARTTLS" not in await client.ask("EHLO client.example.com")
        assert (await client.ask("STARTTLS")).startswith("503")
        body = "From: a@example.com\r\n\r\n" + ("y" * 76 + "\r\n") * 8_000
        assert (await client.submit(body, "dev@example.org")).startswith("250")
        (post,) = await room.posts()
        assert post.author == "a@example.com"


async def test_a_failed_handshake_ends_one_session_only(sqlite_database: Database, pem: Path) -> None:
    async with opened(sqlite_database, tls=certificate(str(pem), "")) as room:
        client = await room.client()
        await client.ask("EHLO client.example.com")
        assert (await client.ask("STARTTLS")).startswith("220")
        await client.say(b"this is no TLS\r\n\r\n")
        async with asyncio.timeout(10):
            await client.reader.read()
        assert (await (await room.client()).ask("NOOP")).startswith("250")


def test_a_certificate_that_is_none_is_said_in_one_line(tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing")
    for path in (bad, tmp_path / "absent.pem"):
        with pytest.raises(ListenRefused, match=r"^POSTROOM_TLS_CERT or POSTROOM_TLS_KEY cannot be used: [^\n]+$"):
            certificate(str(path), "")


async def test_an_independent_client_is_understood(room: Room) -> None:
    message = EmailMessage()
    message["From"] = "Ada <a@example.com>"
    message["To"] = "dev@example.org"
    message["Subject"] = "Grüße"
    message.set_content("Zeilen\n.mit Punkt\n..und zweien\n")
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=room.port, start_tls=False) as smtp:
        refused, reply = await smtp.send_message(message, recipients=["dev@example.org", "nobody@example.org"])
    assert refused["nobody@example.org"].code == 550
    (post,) = await room.posts()
    assert reply.endswith(post.public_id)
    (stored,) = await room.messages()
    assert stored.raw is not None
    assert b"\r\n.mit Punkt\r\n..und zweien\r\n" in stored.raw


async def test_early_talkers_are_served_in_order(sqlite_room: Room) -> None:
    client: Client = await sqlite_room.client(greeting=False)
    await client.say("EHLO client.example.com\r\nNOOP\r\n")
    assert (await client.hear()).startswith("220")
    assert (await client.hear()).startswith("250-")
    assert (await client.hear()).startswith("250 2.0.0")
