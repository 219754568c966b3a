"""Several groups in one transaction, proven authors, and what is written beside the posts."""

from __future__ import annotations

from store.terms import LetterKind, Mode, Moderation, Posting, PostState, Standing
from tests.mailbridge.intake.room import PROOF, Room, add_group, add_member

MAIL = (
    "From: Ada <a@example.com>\r\nTo: held@example.org, closed@example.org\r\n"
    "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@example.com>\r\n\r\nText\r\n"
)


async def test_each_group_of_a_transaction_has_its_own_outcome(room: Room) -> None:
    open_id = room.group_id
    held_id = await add_group(room.database, "held", moderation=Moderation.NON_MEMBERS)
    await add_group(room.database, "closed", posting=Posting.MEMBERS)
    client = await room.client()
    reply = await client.submit(PROOF + MAIL, "closed@example.org", "held@example.org", "dev@example.org")
    posts = {post.group_id: post for post in await room.posts()}
    assert reply == f"250 2.0.0 Ok: {posts[open_id].public_id}"
    assert set(posts) == {open_id, held_id}
    assert posts[open_id].state is PostState.ACCEPTED
    assert posts[held_id].state is PostState.HELD
    assert [reason["name"] for reason in posts[held_id].reasons] == ["non_member"]
    assert len({post.public_id for post in posts.values()}) == 1
    assert len(await room.messages()) == 1
    # The refusal of `closed` reaches the proven author by mail, and that `held` has not decided yet.
    letter, waits = await room.letters()
    assert (waits.kind, waits.address) == (LetterKind.POST_HELD, "a@example.com")
    assert (letter.kind, letter.address, letter.in_reply_to) == (
        LetterKind.POST_REJECTED,
        "a@example.com",
        "<1@example.com>",
    )
    assert letter.arguments["group"] == "closed@example.org"
    assert letter.arguments["subject"] == "Grüße"
    assert "closed@example.org does not allow a@example.com" in letter.arguments["reason"]
    # A repeat tells nobody again.
    assert await client.submit(PROOF + MAIL, "closed@example.org", "held@example.org", "dev@example.org") == reply
    assert len(await room.letters()) == 2


async def test_an_unproven_author_gets_no_letter(room: Room) -> None:
    closed_id = await add_group(room.database, "closed", posting=Posting.MEMBERS)
    client = await room.client()
    assert (await client.submit(MAIL, "closed@example.org", "dev@example.org")).startswith("250")
    assert await room.letters() == []
    posts = {post.group_id: post for post in await room.posts()}
    assert posts[closed_id].state is PostState.HELD
    # Whoever decides sees that a setting refuses it.
    assert [reason["name"] for reason in posts[closed_id].reasons] == ["refused_alone", "not_permitted"]


async def test_if_all_refuse_nothing_is_stored(room: Room) -> None:
    await add_group(room.database, "closed", posting=Posting.MEMBERS)
    await add_group(room.database, "tiny", max_receive_size=1024)
    client = await room.client()
    big = MAIL + ("y" * 70 + "\r\n") * 2_000
    assert (await client.submit(big, "tiny@example.org", "closed@example.org")).startswith("552 5.3.4 tiny@example.org")
    assert (await client.submit(MAIL, "closed@example.org")).startswith("550 5.7.2")
    assert not await room.posts()
    assert not await room.messages()
    assert not await room.letters()


async def test_standing_rests_on_a_proven_author(room: Room) -> None:
    group_id = await add_group(room.database, "team", posting=Posting.MEMBERS, moderation=Moderation.NON_MEMBERS)
    await add_member(room.database, group_id, "a@example.com", administrator=True)
    client = await room.client()
    await client.submit(MAIL, "team@example.org")
    await client.submit(PROOF + MAIL.replace("<1@", "<2@"), "team@example.org")
    spoof = PROOF.replace("dmarc=pass", "dmarc=fail") + MAIL.replace("<1@", "<3@")
    await client.submit(spoof, "team@example.org")
    found = [(post.state, post.standing, post.authenticated, post.verdict) for post in await room.posts()]
    assert found == [
        (PostState.HELD, Standing.UNPROVEN, False, "relay_none"),
        (PostState.ACCEPTED, Standing.ADMINISTRATOR, True, "relay_pass"),
        (PostState.HELD, Standing.UNPROVEN, False, "relay_fail"),
    ]


async def test_a_verdict_counts_only_from_a_front_relay(room: Room) -> None:
    group_id = await add_group(room.database, "team", posting=Posting.MEMBERS)
    await add_member(room.database, group_id, "a@example.com")
    stranger = await room.client(host="127.0.0.2")
    assert (await stranger.submit(PROOF + MAIL, "team@example.org")).startswith("550 5.7.2")
    relay = await room.client()
    assert (await relay.submit(PROOF + MAIL, "team@example.org")).startswith("250")


async def test_a_paused_group_holds(room: Room) -> None:
    await add_group(room.database, "away", mode=Mode.PAUSED)
    client = await room.client()
    assert (await client.submit(MAIL, "away@example.org")).startswith("250")
    (post,) = await room.posts()
    assert post.state is PostState.HELD
    assert [reason["name"] for reason in post.reasons] == ["group_paused"]


async def test_a_group_named_twice_gets_one_post(room: Room) -> None:
    client = await room.client()
    assert (await client.submit(MAIL, "dev@example.org", "DEV@example.org")).startswith("250")
    assert len(await room.posts()) == 1
