"""Posts larger than a group distributes that would rather have attachments left out: taken if they fit without."""

from __future__ import annotations

from typing import Any

from mailbridge.rejudge import rejudge
from store import posts
from store.schema.group import Group
from store.terms import Mode, OverSendSize, PostState, wire_limit
from tests.mailbridge.intake.room import Room, add_group
from tests.mailbridge.rewrite.test_trim import TEXT, attached, crlf, message

TRIM: dict[str, Any] = {"max_send_size": 1_024, "over_send_size": OverSendSize.TRIM}
LARGE = message(TEXT, attached(100_000))
SIGNED = message(TEXT, b"Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n" + attached(100_000) + b"\r\n--s--")
WORDS = message(TEXT, crlf("Content-Type: text/plain\n\n" + "words\n" * 20_000))
REFUSED = "552 5.3.4 small@example.org takes messages with up to about 1 KB of attachments"


async def test_what_can_be_trimmed_is_taken_declared_size_and_all(room: Room) -> None:
    await add_group(room.database, "small", **TRIM)
    client = await room.client()
    await client.ask("EHLO client.example.com")
    assert (await client.ask(f"MAIL FROM:<a@example.com> SIZE={len(LARGE)}")).startswith("250")
    assert (await client.ask("RCPT TO:<small@example.org>")).startswith("250")
    await client.ask("DATA")
    await client.say(LARGE)
    assert (await client.ask(".")).startswith("250 2.0.0 Ok")
    (post,) = await room.posts()
    assert post.state is PostState.ACCEPTED
    # The message is kept as it came; what its copies are without is decided once more when they are made.
    assert [stored.raw for stored in await room.messages()] == [LARGE]


async def test_what_cannot_is_refused_after_its_data(room: Room) -> None:
    await add_group(room.database, "small", **TRIM)
    client = await room.client()
    for raw in (SIGNED, WORDS, message(*[b"\r\n"] * 20_000), LARGE.replace(b"boundary=b", b"boundary=lie")):
        assert await client.submit(raw, "small@example.org") == REFUSED
    assert await room.posts() == []
    assert await room.messages() == []


async def test_who_refuses_larger_posts_says_so_at_rcpt(room: Room) -> None:
    await add_group(room.database, "small", max_send_size=1_024)
    await add_group(room.database, "tight", max_receive_size=1_024, **TRIM)
    client = await room.client()
    await client.ask("EHLO client.example.com")
    await client.ask(f"MAIL FROM:<a@example.com> SIZE={wire_limit(1_024) + 1}")
    assert await client.ask("RCPT TO:<small@example.org>") == REFUSED
    # What may not come in is not trimmed.
    assert await client.ask("RCPT TO:<tight@example.org>") == REFUSED.replace("small", "tight")


async def test_each_group_of_a_transaction_by_its_own_limit(room: Room) -> None:
    trims = await add_group(room.database, "small", **TRIM)
    client = await room.client(lmtp=True)
    await client.ask("LHLO client.example.com")
    await client.ask("MAIL FROM:<a@example.com>")
    await add_group(room.database, "strict", max_send_size=1_024)
    for name in ("small", "strict", "dev"):
        assert (await client.ask(f"RCPT TO:<{name}@example.org>")).startswith("250")
    await client.ask("DATA")
    await client.say(LARGE)
    said = [await client.ask("."), await client.hear(), await client.hear()]
    assert [reply[:9] for reply in said] == ["250 2.0.0", "552 5.3.4", "250 2.0.0"]
    assert {post.group_id for post in await room.posts()} == {trims, room.group_id}


async def test_at_the_end_of_a_pause_it_is_judged_by_what_can_be_left_out(room: Room) -> None:
    trims = await add_group(room.database, "small", mode=Mode.PAUSED, **TRIM)
    strict = await add_group(room.database, "strict", mode=Mode.PAUSED)
    client = await room.client()
    for name in ("small", "strict"):
        await client.submit(LARGE.replace(b"Subject: x", f"Subject: {name}".encode()), f"{name}@example.org")
    async with room.database.writing() as tx:
        for group_id in (trims, strict):
            group = await tx.get(Group, group_id)
            assert group is not None
            group.mode, group.max_send_size = Mode.LIVE, 1_024
            await posts.resume_held(tx, group_id)
    assert await rejudge(room.database) == 2
    found = {post.group_id: post for post in await room.posts()}
    assert found[trims].state is PostState.ACCEPTED
    assert found[strict].state is PostState.HELD
    assert [reason["name"] for reason in found[strict].reasons] == ["over_send_size"]
