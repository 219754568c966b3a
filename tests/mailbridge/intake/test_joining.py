"""Joining and asking by mail over real connections: who hears what, and that nobody is written to who must not be."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime

import pytest
from sqlmodel import SQLModel, func, select

from mailbridge.doors import Door
from mailbridge.intake.listener import Listener
from mailbridge.tokens import Tokens
from store import suppressions
from store.engine import Database
from store.schema.membership import Membership
from store.schema.request import Request
from store.terms import LetterKind, RequestState, Subscription, SuppressionReason
from tests.conftest import Clock
from tests.mailbridge.deliver.nameserver import Nameserver
from tests.mailbridge.intake.room import PROOF, Client, Room, add_group, add_member, opened
from tests.mailbridge.intake.street import built

ANN = "ann@elsewhere.example"
WISH = "From: Ann <ann@elsewhere.example>\r\nMessage-ID: <7@elsewhere.example>\r\nSubject: <b>Buy</b>\r\n\r\n"
DAY = 24 * 3600
# By hand: JOINED=10000 python -m pytest tests/mailbridge/intake/test_joining.py
JOINED = int(os.environ.get("JOINED", "2000"))


async def opening(room: Room, subscription: Subscription, local: str = "open") -> int:
    return await add_group(room.database, local, subscription=subscription)


def confirm_at(room: Room, request_id: int, local: str = "open") -> str:
    return f"{local}-confirm+{room.house.directory.tokens.confirm(request_id)}@example.org"


async def contacts(room: Room, group_id: int) -> set[str | None]:
    return {row.key for row in await room.rows(Membership) if row.group_id == group_id and row.contact}


async def kinds(room: Room) -> list[LetterKind]:
    return [letter.kind for letter in await room.letters()]


async def rows(database: Database) -> int:
    """How many rows there are in the whole database."""
    async with database.reading() as tx:
        connection = await tx.connection()
        counts = [
            await connection.scalar(select(func.count()).select_from(one)) for one in SQLModel.metadata.sorted_tables
        ]
    return sum(filter(None, counts))


async def test_a_wish_a_letter_a_reply_and_in(room: Room) -> None:
    group_id = await opening(room, Subscription.OPEN)
    client = await room.client()
    said = await client.submit(WISH, "open-join@example.org", sender="whoever@elsewhere.example")
    assert said.startswith("250 2.0.0 Ok: ")
    (letter,) = await room.letters()
    assert (letter.kind, letter.address, letter.group_id) == (LetterKind.JOIN_CONFIRM, ANN, group_id)
    # Nothing of the mail but its address goes on: whoever wrote it chose all of that.
    assert (letter.in_reply_to, set(letter.arguments)) == ("", {"request"})
    (request,) = await room.rows(Request)
    assert (request.state, request.note) == (RequestState.UNCONFIRMED, "")
    assert await contacts(room, group_id) == set()
    # From another address of hers, as forwarded mail is answered.
    reply = "From: a.n@other.example\r\nSubject: Re: Confirm\r\nIn-Reply-To: <letter-1@x>\r\n\r\n> quoted\r\n"
    assert (await client.submit(reply, confirm_at(room, request.id).upper())).startswith("250")
    assert await contacts(room, group_id) == {ANN}
    assert await kinds(room) == [LetterKind.JOIN_CONFIRM, LetterKind.JOIN_DONE]
    assert not await room.posts()


async def test_the_session_says_the_same_whoever_it_is(room: Room) -> None:
    """In the group, waiting, asked already, complained: only the mailbox is told, or nobody."""
    group_id = await opening(room, Subscription.MODERATED)
    await add_member(room.database, group_id, "member@elsewhere.example")
    async with room.database.writing() as tx:
        await suppressions.add(tx, group_id, ["angry@elsewhere.example"], SuppressionReason.COMPLAINED)
    client = await room.client()
    said = set()
    for name in ("ann", "ann", "member", "angry"):
        mail = WISH.replace("ann@", f"{name}@")
        reply = await client.submit(mail, "open-join@example.org")
        said.add(reply[: len("250 2.0.0 Ok: ")] + reply.partition(";")[2])
    assert len(said) == 1
    assert [(one.kind, one.address.partition("@")[0]) for one in await room.letters()] == [
        (LetterKind.JOIN_CONFIRM, "ann"),
        (LetterKind.JOIN_MEMBER, "member"),
    ]


async def test_a_closed_group_refuses_everybody_alike_and_writes_nothing(room: Room) -> None:
    group_id = await opening(room, Subscription.CLOSED)
    await add_member(room.database, group_id, ANN)
    client = await room.client()
    heard = {(await client.begin("open-join@example.org", sender=one))[0] for one in (ANN, "b@elsewhere.example")}
    assert heard == {
        "550 5.7.1 open@example.org is closed: only its administrators add people; ask them at open-owner@example.org"
    }
    assert not await room.letters()


@pytest.mark.parametrize(
    "mark",
    [
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "Precedence: list",
        "List-Id: <x.example>",
        "List-Unsubscribe: <mailto:x@y.example>",
        "X-Loop: open@example.org",
    ],
)
@pytest.mark.parametrize("local", ["open-join", "open-help"])
async def test_what_machines_and_lists_send_is_never_answered(sqlite_room: Room, mark: str, local: str) -> None:
    await opening(sqlite_room, Subscription.OPEN)
    client = await sqlite_room.client()
    mail = f"{PROOF}{mark}\r\n" + WISH.replace("elsewhere.example", "example.com")
    assert (await client.submit(mail, f"{local}@example.org")).startswith("250")
    assert not await sqlite_room.letters()


async def test_nobodys_mail_program_confirms_for_them(room: Room) -> None:
    await opening(room, Subscription.OPEN)
    client = await room.client()
    await client.submit(WISH, "open-join@example.org")
    (request,) = await room.rows(Request)
    address = confirm_at(room, request.id)
    assert (await client.begin(address, sender=""))[0].startswith("550 5.7.1 A bounce")
    away = WISH.replace("Subject", "Auto-Submitted: auto-replied\r\nSubject")
    assert (await client.submit(away, address)).startswith("250")
    assert [one.state for one in await room.rows(Request)] == [RequestState.UNCONFIRMED]


async def test_every_confirmation_that_is_none_hears_the_same(room: Room, clock: Clock) -> None:
    await opening(room, Subscription.OPEN)
    await opening(room, Subscription.OPEN, "other")
    client = await room.client()
    for name in ("ann", "bob"):
        await client.submit(WISH.replace("ann@", f"{name}@"), "open-join@example.org")
    used, old = [request.id for request in await room.rows(Request)]
    assert (await client.submit(WISH, confirm_at(room, used))).startswith("250")
    clock.advance(3 * DAY)
    forged = Tokens([b"another secret"]).confirm(old)
    addresses = [
        confirm_at(room, used),
        confirm_at(room, old),
        confirm_at(room, old + 1),
        f"open-confirm+{forged}@example.org",
        f"open-confirm+{room.house.directory.tokens.leave(old)}@example.org",
        "open-confirm+x@example.org",
        "open-confirm@example.org",
    ]
    said = {await client.submit(WISH, address) for address in addresses}
    assert said == {
        "550 5.7.1 No request to join open@example.org waits for this confirmation: it is used, expired or cut off; "
        "to ask again write to open-join@example.org"
    }
    # A token is its own group's, and the answer at the other says nothing of the first.
    elsewhere = await client.submit(WISH, confirm_at(room, used, "other"))
    assert elsewhere.startswith("550 5.7.1 No request to join other@example.org waits")


async def test_where_the_address_has_no_room_the_subject_has_the_token(sqlite_room: Room) -> None:
    local = "a-group-whose-name-has-forty-characters.x"
    group_id = await opening(sqlite_room, Subscription.OPEN, local)
    client = await sqlite_room.client()
    await client.submit(WISH, f"{local}-join@example.org")
    (request,) = await sqlite_room.rows(Request)
    token = sqlite_room.house.directory.tokens.confirm(request.id)
    reply = WISH.replace("<b>Buy</b>", f"RE: [x] Confirm that you want to join X ({token.upper()})")
    assert (await client.submit(reply, f"{local}-confirm@example.org")).startswith("250")
    assert await contacts(sqlite_room, group_id) == {ANN}


@pytest.mark.parametrize(
    ("author", "said"),
    [
        ("dev@example.org", "550 5.7.1 dev@example.org is an address of this server's own"),
        ("open@example.org", "550 5.7.1 open@example.org is the group itself"),
        ("open-join@example.org", "550 5.7.1 open-join@example.org is the group itself"),
        ("dev-leave+aaaa@example.org", "550 5.7.1 dev-leave@example.org is an address of this server's own"),
        ("bounces+x@example.org", "550 5.7.1 bounces@example.org is an address of this server's own"),
        ("ann@short", "550 5.1.8 ann@short has no full domain"),
        ('"a b"@elsewhere.example', "550 5.6.0 The message must have one From field"),
        ("ann@elsewhere.example, bob@elsewhere.example", "550 5.6.0 The message must have one From field"),
    ],
)
async def test_who_can_be_no_applicant_is_told(sqlite_room: Room, author: str, said: str) -> None:
    await opening(sqlite_room, Subscription.OPEN)
    client = await sqlite_room.client()
    heard = await client.submit(f"From: {author}\r\n\r\n", "open-join@example.org")
    assert heard.startswith(said)
    assert not await sqlite_room.letters()


async def test_who_complained_is_asked_only_if_the_wish_is_proven_theirs(sqlite_room: Room) -> None:
    group_id = await opening(sqlite_room, Subscription.OPEN)
    async with sqlite_room.database.writing() as tx:
        await suppressions.add(tx, group_id, ["a@example.com"], SuppressionReason.COMPLAINED)
    client = await sqlite_room.client()
    wish = "From: a@example.com\r\n\r\n"
    assert (await client.submit(wish, "open-join@example.org")).startswith("250")
    assert not await sqlite_room.letters()
    assert (await client.submit(PROOF + wish, "open-join@example.org")).startswith("250")
    assert await kinds(sqlite_room) == [LetterKind.JOIN_CONFIRM]


async def test_a_command_stands_alone_and_over_lmtp_each_has_its_reply(room: Room) -> None:
    await opening(room, Subscription.OPEN)
    client = await room.client()
    assert (await client.begin("open-join@example.org", "dev@example.org"))[1].startswith("452 4.5.3")
    client = await room.client(lmtp=True)
    await client.ask("LHLO client.example.com")
    await client.ask("MAIL FROM:<a@elsewhere.example>")
    for local in ("open-join", "dev", "dev-join", "open-help"):
        assert (await client.ask(f"RCPT TO:<{local}@example.org>")).startswith("250")
    await client.ask("DATA")
    await client.say(WISH + ".\r\n")
    heard = [(await client.hear())[:9] for _ in range(4)]
    assert heard == ["250 2.0.0", "250 2.0.0", "250 2.0.0", "550 5.7.1"]
    assert await kinds(room) == [LetterKind.JOIN_CONFIRM]  # one mailbox, one letter, whichever group


# ---------------------------------------------------------------- help


async def test_help_is_for_proven_authors(room: Room) -> None:
    await opening(room, Subscription.OPEN)
    client = await room.client()
    question = "From: a@example.com\r\nMessage-ID: <5@example.com>\r\n\r\n"
    assert await client.submit(question, "open-help@example.org") == (
        "550 5.7.1 Help about open@example.org is mailed only where the author is proven (DKIM or SPF of the From "
        "domain); its people are at open-owner@example.org"
    )
    assert not await room.letters()
    for _ in range(10):
        assert (await client.submit(PROOF + question, "open-help@example.org")).startswith("250")
    assert (await client.submit(PROOF + question, "dev-help@example.org")).startswith("450 4.7.1 Too many letters")
    found = await room.letters()
    assert [letter.kind for letter in found] == [LetterKind.HELP] * 10
    assert (found[0].address, found[0].in_reply_to) == ("a@example.com", "<5@example.com>")
    assert (await client.begin("open-help@example.org", sender=""))[0].startswith("550 5.7.1")


# ---------------------------------------------------------------- list bombing


async def test_a_network_has_its_limit_and_a_relay_none(
    sqlite_database: Database, nameserver: Nameserver, clock: Clock
) -> None:
    async with built(sqlite_database, nameserver) as street:
        await add_group(sqlite_database, "open", subscription=Subscription.OPEN)

        async def wish(number: int, client: str) -> str:
            mail = WISH.replace("ann@", f"a{number}@").encode()
            return (await street.mail(mail, address=client, to="open-join@example.org"))[:9]

        assert {await wish(number, f"203.0.113.{number}") for number in range(20)} == {"250 2.0.0"}
        assert await wish(20, "203.0.113.200") == "450 4.7.1"
        assert await wish(20, "198.51.100.1") == "250 2.0.0"
        assert await wish(0, "203.0.113.7") == "250 2.0.0"  # who had a letter hears nothing new
        clock.advance(3600)
        assert await wish(21, "203.0.113.200") == "250 2.0.0"
        assert len(await street.room.letters()) == 22


async def bomb(client: Client, number: int, sessions: int, wishes: int, local_parts: list[str]) -> set[str]:
    """A session's part of the wishes for one victim, pipelined; gives the kinds of replies after the dots."""
    spellings = ["ann", "Ann", "ANN", "ann+x", "aNN+news"]
    names = ["", "Ann ", '"Somebody else" ', "=?utf-8?q?=3Cb=3E?= "]
    await client.ask("EHLO client.example.com")
    replies: set[str] = set()
    for turn in range(number, wishes, sessions):
        group = local_parts[turn % len(local_parts)]
        author = f"{names[turn % 4]}<{spellings[turn % 5]}@elsewhere.example>"
        await client.say(f"MAIL FROM:<x{turn}@evil.example>\r\nRCPT TO:<{group}-join@example.org>\r\nDATA\r\n")
        for expected in ("250", "250", "354"):
            assert (await client.hear()).startswith(expected)
        await client.say(f"From: {author}\r\nSubject: {turn}\r\nMessage-ID: <{turn}@evil.example>\r\n\r\nHi\r\n.\r\n")
        replies.add((await client.hear())[:9])
    return replies


@pytest.mark.timeout(600)  # ten thousand are thirty seconds of a processor, and machines are busy
async def test_thousands_of_join_mails_for_one_victim_are_one_confirmation(
    sqlite_database: Database, clock: Callable[[], datetime]
) -> None:
    """Ten sessions at two bridges over one database, five groups, the address in twenty spellings."""
    local_parts = [f"open{number}" for number in range(5)]
    async with AsyncExitStack() as stack:
        room = await stack.enter_async_context(opened(sqlite_database))
        for local in local_parts:
            await opening(room, Subscription.OPEN, local)
        other = await Database.open(str(sqlite_database.engine.url), clock=clock)
        stack.push_async_callback(other.close)
        second = Listener(replace(room.house, database=other), [Door("127.0.0.1", 0)], [])
        await second.start()
        stack.push_async_callback(second.stop, 2)
        clients = [
            Client(*await asyncio.open_connection("127.0.0.1", port)) for port in [room.port, second.ports[0]] * 5
        ]
        room.clients += clients
        for client in clients:
            await client.hear()
        before = await rows(sqlite_database)
        heard = await asyncio.gather(
            *(bomb(client, number, len(clients), JOINED, local_parts) for number, client in enumerate(clients))
        )
        assert set().union(*heard) == {"250 2.0.0"}
        assert await kinds(room) == [LetterKind.JOIN_CONFIRM]
        # The letter and its delivery, the lane and its turn, the request, two allowances: not thousands of anything.
        assert await rows(sqlite_database) - before <= 8
