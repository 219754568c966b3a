"""What a session makes a group hold, what its author is told, and what happens where no more can be held."""

from __future__ import annotations

import asyncio

import pytest
from sqlmodel import col, func, select, update

from store import held, posts
from store.schema.group import Group, Name
from store.schema.notice import Notice
from store.schema.post import HELD, Post
from store.terms import Actor, LetterKind, Mode, Moderation, NameRole, NoticeKind, Posting, PostState
from tests.conftest import Clock
from tests.mailbridge.intake.room import PROOF, Room, add_group, add_member

SYSTEM = Actor("system")


def mail(n: int = 1, *, author: str = "a@example.com", header: str = "To: team@example.org\r\n", text: str = "") -> str:
    text = text or f"Text {n}\r\n"
    return f"From: Ada <{author}>\r\n{header}Subject: Hello\r\nMessage-ID: <{n}@example.com>\r\n\r\n{text}"


def reasons(post: Post) -> list[str]:
    return [reason["name"] for reason in post.reasons]


@pytest.fixture
async def team(room: Room) -> Room:
    """With a group `team` of a member and an administrator, whose strangers are held."""
    room.group_id = await add_group(
        room.database, "team", posting=Posting.MEMBERS, moderation=Moderation.NON_MEMBERS, moderation_channel="C1"
    )
    await add_member(room.database, room.group_id, "a@example.com")
    await add_member(room.database, room.group_id, "boss@example.com", administrator=True)
    return room


async def decide(room: Room, post_id: int | None) -> None:
    assert post_id is not None
    async with room.database.writing() as tx:
        assert (await posts.discard(tx, post_id, SYSTEM)).won


async def notices(room: Room, kind: NoticeKind) -> list[Notice]:
    return [notice for notice in await room.rows(Notice) if notice.kind is kind]


# ---------------------------------------------------------------- reasons


async def test_a_members_post_is_held_for_every_reason_there_is_and_an_administrators_for_none(team: Room) -> None:
    header = "To: " + ", ".join(f"p{n}@x.example" for n in range(10)) + "\r\nX-Spam-Status: Yes, score=9.5\r\n"
    client = await team.client()
    assert (await client.submit(PROOF + mail(header=header, text="unsubscribe\r\n"), "team@example.org"))[:3] == "250"
    other = mail(2, author="boss@example.com", header=header, text="unsubscribe\r\n")
    assert (await client.submit(PROOF + other, "team@example.org"))[:3] == "250"
    one, two = await team.posts()
    assert one.state is PostState.HELD
    assert reasons(one) == ["too_many_recipients", "unnamed", "command_leave", "spam"]
    assert (one.marks["recipients"], one.marks["score"]) == (10, "9.5")
    assert two.state is PostState.ACCEPTED


async def test_what_a_stranger_says_of_spam_proves_nothing_and_stays_in_the_mail(team: Room) -> None:
    stranger = await team.client(host="127.0.0.2")
    assert (await stranger.submit(mail(header="To: team@example.org\r\nX-Spam-Flag: YES\r\n"), "team@example.org"))[
        :3
    ] == "250"
    (post,) = await team.posts()
    assert reasons(post)[0] == "unproven"
    assert "spam" not in reasons(post)
    (message,) = await team.messages()
    assert b"\r\nX-Spam-Flag: YES\r\n" in (message.raw or b"")


async def test_spam_of_a_stranger_is_held_even_without_moderation_and_of_a_member_goes_out(room: Room) -> None:
    await add_member(room.database, room.group_id, "member@example.com")
    client = await room.client()
    header = "To: dev@example.org\r\nX-Spam-Flag: YES\r\n"
    await client.submit(mail(1, header=header), "dev@example.org")
    await client.submit(PROOF + mail(2, author="member@example.com", header=header), "dev@example.org")
    assert [(post.state, reasons(post)) for post in await room.posts()] == [
        (PostState.HELD, ["spam"]),
        (PostState.ACCEPTED, []),
    ]


async def test_aliases_routes_and_copies_of_other_groups_name_the_group(team: Room) -> None:
    async with team.database.writing() as tx:
        tx.add(Name(address="crew@example.org", role=NameRole.ALIAS, group_id=team.group_id))
    client = await team.client()
    await client.submit(PROOF + mail(1, header="Cc: Crew@Example.org\r\n"), "team@example.org")
    await client.submit(PROOF + mail(2, header="To: all@example.org\r\n"), "team@example.org")
    token = team.house.directory.tokens.bounce(7)
    nested = PROOF + mail(3, header="To: all@example.org\r\n")
    await client.submit(nested, "team@example.org", sender=f"bounces+{token}@example.org")
    found = [(post.state, reasons(post)) for post in await team.posts()]
    accepted: tuple[PostState, list[str]] = (PostState.ACCEPTED, [])
    assert found == [accepted, (PostState.HELD, ["unnamed"]), accepted]


# ---------------------------------------------------------------- letters


async def test_a_proven_author_is_told_once_an_hour_and_ten_times_a_day(team: Room, clock: Clock) -> None:
    client = await team.client()
    for n in range(30):
        await client.submit(PROOF + mail(n, header="To: x@x.example\r\n"), "team@example.org")
        *_, last = await team.posts()
        await decide(team, last.id)
        assert len(await team.letters()) == min(n // 3 + 1, 10)
        clock.advance(1_200)
    letters = await team.letters()
    assert {letter.kind for letter in letters} == {LetterKind.POST_HELD}
    assert len(letters) == 10
    first = letters[0]
    assert (first.address, first.in_reply_to, first.group_id) == ("a@example.com", "<0@example.com>", team.group_id)
    assert first.arguments["until"] == "2026-03-09 09:00 UTC"
    clock.advance(86_400)
    await client.submit(PROOF + mail(99, header="To: x@x.example\r\n"), "team@example.org")
    assert len(await team.letters()) == 11


async def test_nobody_else_is_told(team: Room) -> None:
    client = await team.client()
    await client.submit(mail(1), "team@example.org")
    # Mail that went to many is answered by no machine, not even where its author is proven.
    await client.submit(PROOF + mail(2, header="To: x@x.example\r\nList-Id: <a.example>\r\n"), "team@example.org")
    await client.submit(PROOF + mail(3, header="To: x@x.example\r\nPrecedence: bulk\r\n"), "team@example.org")
    assert len([post for post in await team.posts() if post.state is PostState.HELD]) == 3
    assert await team.letters() == []


# ---------------------------------------------------------------- limits


async def test_an_authors_eleventh_waiting_post_is_put_off_until_one_is_decided(team: Room) -> None:
    client = await team.client()
    for n in range(held.MOST_OF_AUTHOR):
        author = "eve@else.example" if n % 2 else "EVE@else.example"
        assert (await client.submit(mail(n, author=author), "team@example.org"))[:3] == "250"
    eleventh = mail(99, author="eve@else.example")
    assert (await client.submit(eleventh, "team@example.org")).startswith("451 4.7.1 Too many messages of this author")
    # Another author, and a proven one of that name, have places of their own; a repeat needs none.
    assert (await client.submit(mail(50, author="bo@else.example"), "team@example.org"))[:3] == "250"
    proven = PROOF.replace("example.com", "else.example") + mail(51, author="eve@else.example")
    assert (await client.submit(proven, "team@example.org"))[:3] == "250"
    assert (await client.submit(mail(0, author="EVE@else.example"), "team@example.org"))[:3] == "250"
    assert await notices(team, NoticeKind.HELD_FULL) == []
    found = await team.posts()
    assert len(await team.messages()) == len(found) == 12
    await decide(team, found[0].id)
    assert (await client.submit(eleventh, "team@example.org"))[:3] == "250"


async def fill(room: Room, group_id: int, most: int) -> None:
    """Strangers take all the places but `most` less."""
    client = await room.client()
    for n in range(most):
        author = f"s{n}@else.example"
        assert (await client.submit(mail(1_000 + n, author=author), "team@example.org"))[:3] == "250"


async def test_a_full_group_puts_strangers_off_tells_its_moderators_once_and_keeps_places_for_members(
    team: Room, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "MOST_OF_GROUP", 5)
    await fill(team, team.group_id, 5)
    client = await team.client()
    for n in range(3):
        reply = await client.submit(mail(n, author=f"t{n}@else.example"), "team@example.org")
        assert reply.startswith("452 4.3.1 Too many messages to team@example.org wait")
    assert len(await team.messages()) == 5
    (notice,) = await notices(team, NoticeKind.HELD_FULL)
    assert notice.group_id == team.group_id
    # Members post as ever, and have places of their own among what waits.
    assert (await client.submit(PROOF + mail(60), "team@example.org"))[:3] == "250"
    assert (await client.submit(PROOF + mail(61, header="To: x@x.example\r\n"), "team@example.org"))[:3] == "250"
    # There is room as soon as something is decided; the next day its moderators hear of it again.
    first = (await team.posts())[0]
    await decide(team, first.id)
    assert (await client.submit(mail(7, author="t7@else.example"), "team@example.org"))[:3] == "250"
    assert (await client.submit(mail(8, author="t8@else.example"), "team@example.org"))[:3] == "452"
    assert len(await notices(team, NoticeKind.HELD_FULL)) == 1
    clock.advance(86_400)
    assert (await client.submit(mail(8, author="t8@else.example"), "team@example.org"))[:3] == "452"
    assert len(await notices(team, NoticeKind.HELD_FULL)) == 2


async def test_over_smtp_a_full_group_puts_off_the_whole_transaction_and_over_lmtp_only_itself(
    team: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "MOST_OF_GROUP", 2)
    await fill(team, team.group_id, 2)
    client = await team.client()
    both = mail(5, author="t5@else.example")
    before = len(await team.posts())
    assert (await client.submit(both, "dev@example.org", "team@example.org"))[:9] == "452 4.3.1"
    assert len(await team.posts()) == before
    lmtp = await team.client(lmtp=True)
    await lmtp.ask("LHLO client.example.com")
    await lmtp.ask("MAIL FROM:<t5@else.example>")
    await lmtp.ask("RCPT TO:<dev@example.org>")
    await lmtp.ask("RCPT TO:<team@example.org>")
    await lmtp.ask("DATA")
    await lmtp.say(both)
    assert (await lmtp.ask("."))[:3] == "250"
    assert (await lmtp.hear())[:9] == "452 4.3.1"
    assert len(await team.posts()) == before + 1


async def test_many_that_come_at_once_take_no_more_than_the_places(team: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "MOST_OF_GROUP", 3)
    clients = [await team.client() for _ in range(12)]
    for n, client in enumerate(clients):
        await client.begin("team@example.org")
        await client.ask("DATA")
        await client.say(mail(n, author=f"s{n}@else.example"))
    await asyncio.gather(*(client.say(".\r\n") for client in clients))
    heard = [await client.hear() for client in clients]
    assert sorted(reply[:3] for reply in heard) == ["250"] * 3 + ["452"] * 9
    async with team.database.reading() as tx:
        assert (await tx.exec(select(func.count(col(Post.id))).where(HELD))).one() == 3
    assert len(await notices(team, NoticeKind.HELD_FULL)) == 1


# ---------------------------------------------------------------- the pause


async def test_what_waits_for_its_group_alone_does_not_expire_before_it_is_judged(team: Room) -> None:
    async with team.database.writing() as tx:
        await tx.exec(update(Group).where(col(Group.id) == team.group_id).values(mode=Mode.PAUSED))
    client = await team.client()
    await client.submit(PROOF + mail(1), "team@example.org")
    await client.submit(mail(2, author="eve@else.example"), "team@example.org")
    paused, stranger = await team.posts()
    assert (reasons(paused), paused.expires_at) == (["group_paused"], None)
    assert stranger.expires_at is not None
    (letter,) = await team.letters()
    assert (letter.kind, "until" in letter.arguments) == (LetterKind.POST_HELD, False)
