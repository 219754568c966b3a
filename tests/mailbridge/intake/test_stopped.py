"""Mail to groups that are on hold, archived, deleted, renamed: what the session says, and what becomes of it."""

from __future__ import annotations

from mailbridge.rejudge import rejudge
from store import aliases, archiving, ending, groups, holding, renaming
from store.names import Served
from store.terms import Actor, Address, PostState
from tests.mailbridge.intake.room import Room, add_member

SERVED = Served(("example.org",))
SYSTEM = Actor("system")
MAIL = "From: Ada <a@example.com>\r\nTo: dev@example.org\r\nMessage-ID: <{n}@example.com>\r\n\r\nText\r\n"


async def test_posts_wait_while_a_group_is_on_hold_and_go_when_it_is_lifted(room: Room) -> None:
    client = await room.client()
    async with room.database.writing() as tx:
        await holding.hold(tx, room.group_id, "", SYSTEM)
    assert (await client.submit(MAIL.format(n=1), "dev@example.org")).startswith("250")
    [post] = await room.posts()
    assert (post.state, [reason["name"] for reason in post.reasons]) == (PostState.HELD, ["group_on_hold"])
    async with room.database.writing() as tx:
        await holding.lift(tx, room.group_id, SYSTEM, operator=False)
    assert await rejudge(room.database) == 1
    [post] = await room.posts()
    assert post.state is PostState.ACCEPTED


async def test_an_archived_group_refuses_in_words_and_its_owner_still_answers(room: Room) -> None:
    client = await room.client()
    async with room.database.writing() as tx:
        await archiving.archive(tx, room.group_id, SYSTEM)
    said = "550 5.2.1 dev@example.org is archived and takes no more mail"
    assert await client.begin("dev@example.org", "dev-join@example.org") == [said, said]
    assert (await client.ask("RCPT TO:<dev-owner@example.org>")).startswith("250")
    async with room.database.writing() as tx:
        await archiving.reopen(tx, room.group_id, SYSTEM)
    assert (await client.ask("RCPT TO:<dev@example.org>")).startswith("250")


async def test_a_deleted_group_is_as_unknown_as_any_other_address(room: Room) -> None:
    client = await room.client()
    async with room.database.writing() as tx:
        await ending.delete(tx, room.group_id, SYSTEM)
    gone = await client.begin("dev@example.org", "dev-owner@example.org", "dev-leave@example.org", "no@example.org")
    assert len(set(gone)) == 1
    assert gone[0].startswith("550 5.1.1")
    async with room.database.writing() as tx:
        await ending.restore(tx, room.group_id, SYSTEM)
    assert (await client.ask("RCPT TO:<dev@example.org>")).startswith("250")


async def test_old_new_and_further_addresses_lead_to_one_group_and_its_loops_end(room: Room) -> None:
    await add_member(room.database, room.group_id, "c@x.example")
    async with room.database.writing() as tx:
        await renaming.rename(tx, room.group_id, Address.parse("crew@example.org"), SERVED, SYSTEM)
        await aliases.add(tx, room.group_id, Address.parse("band@example.org"), SERVED, SYSTEM)
    client = await room.client()
    ways = ("dev", "crew", "band", "dev-join", "crew-join", "band-join", "band-owner", "band-help")
    heard = await client.begin(*(f"{local}@example.org" for local in ways[:3]))
    assert all(reply.startswith("250") for reply in heard), heard
    await client.ask("RSET")
    for local in ways[3:]:
        assert (await client.begin(f"{local}@example.org"))[0].startswith("250"), local
        await client.ask("RSET")
    # A copy that went out before the new address is known again.
    looped = "X-Loop: dev@example.org\r\n" + MAIL.format(n=2)
    assert (await client.submit(looped, "crew@example.org")).startswith("554 5.4.6")
    assert (await client.submit(MAIL.format(n=3), "band@example.org")).startswith("250")
    [post] = await room.posts()
    assert post.policy is not None
    assert post.policy["address"] == "crew@example.org"
    async with room.database.reading() as tx:
        group = await groups.get(tx, room.group_id)
        assert group is not None
        assert group.route == "dev@example.org"
