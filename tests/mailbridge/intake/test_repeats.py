"""A repeat of a message whose 250 was lost: the same answer and nothing new, whatever has changed in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, update

from store import posts, repeats
from store.schema.group import Group
from store.terms import Actor, Moderation, Posting, PostState
from tests.mailbridge.intake.room import PROOF, Room, add_group, add_member

MAIL = "From: Ada <a@example.com>\r\nSubject: Hello\r\nMessage-ID: <1@example.com>\r\n\r\nText\r\n"


async def change(room: Room, group_id: int, **values: Any) -> None:
    async with room.database.writing() as tx:
        await tx.exec(update(Group).where(col(Group.id) == group_id).values(values))


@pytest.mark.parametrize("copies", [2, 8])
async def test_copies_that_come_at_once_are_one_post(room: Room, copies: int) -> None:
    clients = [await room.client() for _ in range(copies)]
    for client in clients:
        await client.begin("dev@example.org")
        await client.ask("DATA")
        await client.say(MAIL)
    for client in clients:
        await client.say(".\r\n")
    heard = {await client.hear() for client in clients}
    (post,) = await room.posts()
    assert heard == {f"250 2.0.0 Ok: {post.public_id}"}
    assert len(await room.messages()) == 1


@pytest.mark.parametrize("copies", [2, 8])
async def test_copies_for_overlapping_groups_that_come_at_once(room: Room, copies: int) -> None:
    await add_group(room.database, "ops")
    clients = [await room.client() for _ in range(copies)]
    for at, client in enumerate(clients):
        await client.begin(*(["dev@example.org", "ops@example.org"] if at % 2 else ["ops@example.org"]))
        await client.ask("DATA")
        await client.say(MAIL)
    await asyncio.gather(*(client.say(".\r\n") for client in clients))
    heard = [await client.hear() for client in clients]
    assert all(reply.startswith("250 2.0.0 Ok: ") for reply in heard), heard
    found = await room.posts()
    assert len({post.group_id for post in found}) == len(found) == 2
    assert {message.id for message in await room.messages()} == {post.message_id for post in found}


async def test_what_moderators_turned_down_does_not_come_again(room: Room) -> None:
    await add_group(room.database, "held", moderation=Moderation.EVERYONE)
    client = await room.client()
    first = await client.submit(MAIL, "held@example.org")
    (post,) = await room.posts()
    assert post.id is not None
    async with room.database.writing() as tx:
        await posts.discard(tx, post.id, Actor("slack"))
    assert await client.submit(MAIL, "held@example.org") == first
    (post,) = await room.posts()
    assert post.state is PostState.DISCARDED


@pytest.mark.parametrize("lmtp", [False, True])
async def test_a_setting_changed_in_between_makes_no_bounce_of_what_was_taken(room: Room, lmtp: bool) -> None:
    client = await room.client(lmtp=lmtp)
    if lmtp:
        await client.ask("LHLO client.example.com")

    async def submit(mail: str = MAIL) -> str:
        if not lmtp:
            return await client.submit(mail, "dev@example.org")
        await client.ask("MAIL FROM:<a@example.com>")
        await client.ask("RCPT TO:<dev@example.org>")
        await client.ask("DATA")
        await client.say(mail)
        return await client.ask(".")

    first = await submit()
    await change(room, room.group_id, posting=Posting.MEMBERS)
    assert await submit() == first
    assert len(await room.posts()) == 1
    # It is the repeat that is taken, not its author.
    assert (await submit(MAIL.replace("Text", "More"))).startswith("550 5.7.2")


async def test_a_repeat_beside_a_refusal_tells_nobody_again(room: Room) -> None:
    closed_id = await add_group(room.database, "closed", posting=Posting.MEMBERS)
    await add_member(room.database, closed_id, "a@example.com")
    client = await room.client()
    first = await client.submit(PROOF + MAIL, "closed@example.org", "dev@example.org")
    await change(room, closed_id, posting=Posting.ADMINISTRATORS)
    assert await client.submit(PROOF + MAIL, "closed@example.org", "dev@example.org") == first
    assert await room.letters() == []
    assert len(await room.posts()) == 2


async def test_what_carries_no_mark_of_its_own_is_no_repeat(room: Room) -> None:
    bare = "From: a@example.com\r\n\r\nBackup done\r\n"
    client = await room.client()
    assert await client.submit(bare, "dev@example.org") != await client.submit(bare, "dev@example.org")
    assert len(await room.posts()) == 2
    dated = "Date: Mon, 02 Mar 2026 09:00:00 +0000\r\n" + bare
    assert await client.submit(dated, "dev@example.org") == await client.submit(dated, "dev@example.org")
    assert len(await room.posts()) == 3


async def test_after_five_days_it_is_new(room: Room, clock: Callable[[], datetime]) -> None:
    client = await room.client()
    first = await client.submit(MAIL, "dev@example.org")
    clock.advance(timedelta(days=5, seconds=1).total_seconds())  # type: ignore[attr-defined]  # tests.conftest.Clock
    async with room.database.writing() as tx:
        assert await repeats.forget(tx) == 1
    assert await client.submit(MAIL, "dev@example.org") != first
    assert len(await room.posts()) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [("Text", "text"), ("<1@", "<2@"), ("Hello", "hello"), ("Ada", "Eve"), ("\r\n\r\n", "\r\nTo: x@y.test\r\n\r\n")],
)
async def test_what_differs_is_no_repeat(sqlite_room: Room, old: str, new: str) -> None:
    client = await sqlite_room.client()
    await client.submit(MAIL, "dev@example.org")
    await client.submit(MAIL.replace(old, new, 1), "dev@example.org")
    assert len(await sqlite_room.posts()) == 2


async def test_by_two_ways_it_is_one_post(room: Room) -> None:
    """A forwarder's return path differs, and its marks; the message is the same."""
    client = await room.client()
    first = await client.submit(MAIL, "dev@example.org")
    again = "Received: from forwarder.example\r\nX-Forwarded-By: forwarder\r\n" + MAIL
    assert await client.submit(again, "dev@example.org", sender="forwarder@example.net") == first
    assert len(await room.posts()) == len(await room.messages()) == 1


async def test_whom_a_mail_names_is_kept_for_contacts_who_want_no_second_copy(room: Room) -> None:
    client = await room.client()
    named = 'To: Dev <dev@example.org>,\r\n Bo <Bo@example.net>\r\nCc: "eve@example.net" <al@example.net>\r\n'
    assert (await client.submit(named + MAIL, "dev@example.org")).startswith("250")
    (post,) = await room.posts()
    assert post.addressed == ["dev@example.org", "bo@example.net", "al@example.net"]


async def test_two_ways_into_two_groups_are_one_family(room: Room) -> None:
    await add_group(room.database, "ops")
    client = await room.client()
    await client.submit(MAIL, "dev@example.org")
    await client.submit("Received: from f.example\r\n" + MAIL, "ops@example.org", sender="f@example.net")
    first, second = await room.posts()
    assert first.family_id == second.family_id is not None
    assert (first.rank, second.rank) == (1, 2)
    await client.submit(MAIL.replace("Text", "Other"), "ops@example.org")
    assert (await room.posts())[2].family_id != first.family_id
