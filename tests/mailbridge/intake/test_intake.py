"""From the socket to the row: what is taken, what is refused, and that 250 means committed."""

from __future__ import annotations

import pytest

from store.terms import PostState
from tests.mailbridge.intake.room import Room

MAIL = "From: Ada <a@example.com>\r\nSubject: Hello\r\nMessage-ID: <1@example.com>\r\n\r\nText\r\n"


async def test_a_mail_becomes_a_post_and_the_reply_names_it(room: Room) -> None:
    client = await room.client()
    reply = await client.submit(MAIL, "Dev@Example.org")
    (post,) = await room.posts()
    assert reply == f"250 2.0.0 Ok: {post.public_id}"
    assert (post.state, post.author, post.author_name) == (PostState.ACCEPTED, "a@example.com", "Ada")
    assert (post.subject, post.header_message_id, post.return_path) == ("Hello", "<1@example.com>", "a@example.com")
    assert (post.helo, post.client, post.verdict) == ("client.example.com", "127.0.0.1", "relay_none")
    (message,) = await room.messages()
    assert message.raw == MAIL.encode()
    assert (await client.ask("QUIT")).startswith("221")
    assert await client.closed()


@pytest.mark.parametrize(
    ("recipient", "reply"),
    [
        ("nobody@example.org", "550 5.1.1"),
        ("dev@other.example", "550 5.7.1"),
        ("dev%other.example@example.org", "550 5.1.1"),
        ("other.example!dev@example.org", "550 5.1.1"),
        ("dev+tag@example.org", "550 5.1.1"),
        ("nobody@published.example", "550 5.1.1"),
        ("dev@[127.0.0.1]", "550 5.7.1"),
        ("@example.org:x@other.example", "553 5.1.3"),
        ("x@other.example@example.org", "553 5.1.3"),
        ('"x@other.example"@example.org', "553 5.1.3"),
        ("dev", "553 5.1.3"),
        ("dev-join+tag@example.org", "550 5.1.1"),
        ("bounces@example.org", "550 5.1.1"),
        ("bounces+aaaaaaaaaaaaaaaaaaaaaaaa@example.org", "550 5.1.1"),
        ("dev-leave+aaaaaaaaaaaaaaaaaaaaaaaa@example.org", "550 5.1.1"),
        ("@", "553 5.1.3"),
        ("dev@", "553 5.1.3"),
        ("dev@@example.org", "553 5.1.3"),
        ("dev @example.org", "553 5.1.3"),
        ("dev@example.org ", "553 5.1.3"),
        ("dev@example.org..", "553 5.1.3"),
        ("dev@example.org:25", "553 5.1.3"),
        ("dev@example.org,x@other.example", "553 5.1.3"),
        ("<dev@example.org>", "501 5.5.4"),
        ("dev@[IPv6:::1]", "550 5.7.1"),
        ("dev@sub.example.org", "550 5.7.1"),
        ("dev-owner+tag@example.org", "550 5.1.1"),
        ("dev-help+tag@example.org", "550 5.1.1"),
        ("postmaster+tag@example.org", "550 5.1.1"),
        ("dev@example.org", "250 2.1.5"),
        ("dev@example.org.", "250 2.1.5"),
        ('"dev"@example.org', "250 2.1.5"),
        ("DEV@EXAMPLE.ORG", "250 2.1.5"),
        ("dev-owner@example.org", "250 2.1.5"),
        ("postmaster@example.org", "250 2.1.5"),
        ("postmaster", "250 2.1.5"),
        ("abuse@example.org", "250 2.1.5"),
        ("dev-leave@example.org", "250 2.1.5"),
        ("dev-join@example.org", "250 2.1.5"),
        ("dev-help@example.org", "250 2.1.5"),
        ("dev-confirm@example.org", "250 2.1.5"),
        ("dev-confirm+tag@example.org", "250 2.1.5"),
    ],
)
async def test_only_our_own_addresses_are_taken(sqlite_room: Room, recipient: str, reply: str) -> None:
    client = await sqlite_room.client()
    assert [heard[: len(reply)] for heard in await client.begin(recipient)] == [reply]


async def test_a_repeat_gets_the_same_answer_and_creates_nothing(room: Room) -> None:
    client = await room.client()
    first = await client.submit(MAIL, "dev@example.org")
    assert await client.submit("Received: from elsewhere\r\n" + MAIL, "dev@example.org") == first
    assert len(await room.posts()) == len(await room.messages()) == 1
    other = await client.submit(MAIL.replace("Text", "Other text"), "dev@example.org")
    assert other.startswith("250")
    assert other != first
