"""What comes back over SMTP: what acts, on whom, and what anybody may send without any effect."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlmodel import col, select, update

from mailbridge.intake import bounces as intake
from mailbridge.rewrite.copy import prefix
from store import bounces, suppressions, workers
from store.engine import Database
from store.schema.delivery import Delivery
from store.schema.incident import Strike
from store.schema.membership import Membership
from store.schema.suppression import Suppression
from store.terms import BounceReason, DeliveryState, GroupKind, GroupPolicy, SuppressionReason
from tests.mailbridge.intake.room import Client, Room, add_member, opened
from tests.store.test_queue import claim, expand_all, relay, settle

POST = "From: Ann <a@example.com>\r\nTo: dev@example.org\r\nSubject: Hi\r\n\r\nHi\r\n"


def report(
    *recipients: str, action: str = "failed", status: str = "5.2.2", text: str = "552 5.2.2 Mailbox full"
) -> str:
    blocks = "\r\n".join(
        f"Final-Recipient: rfc822; {one}\r\nAction: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {text}\r\n"
        for one in recipients
    )
    return (
        "From: MAILER-DAEMON@example.net\r\nSubject: Undelivered\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n{blocks}--b--\r\n"
    )


def complaint(head: str) -> str:
    return (
        "From: fbl@provider.example\r\nSubject: complaint\r\nAuto-Submitted: auto-generated\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nA complaint.\r\n"
        "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\n{head}Subject: Hi\r\n\r\nHi\r\n--b--\r\n"
    )


class Copies:
    """A post relayed to three contacts, and the return path of each copy."""

    def __init__(self, room: Room, client: Client) -> None:
        self.room = room
        self.client = client
        self.members: list[int] = []
        self.paths: list[str] = []

    async def begin(self) -> Copies:
        database = self.room.database
        for name in ("ana", "bo", "cy"):
            self.members.append(await add_member(database, self.room.group_id, f"{name}@example.net"))
        lane_id = await relay(database)
        assert (await self.client.submit(POST, "dev@example.org")).startswith("250")
        [post] = await self.room.posts()
        await expand_all(database, post.id or 0)
        life = await workers.begin(database, "mailbridge")
        await settle(database, life.id, await claim(database, life.id, lane_id, 10))
        life.end()
        tokens = self.room.house.directory.tokens
        self.paths = [f"bounces+{tokens.bounce(row.id or 0)}@example.org" for row in await self.rows()]
        return self

    async def rows(self) -> list[Delivery]:
        async with self.room.database.reading() as tx:
            return list((await tx.exec(select(Delivery).order_by(col(Delivery.id)))).all())

    async def states(self) -> list[DeliveryState]:
        return [row.state for row in await self.rows()]

    async def strikes(self) -> list[tuple[int, str]]:
        async with self.room.database.reading() as tx:
            rows = await tx.exec(select(Strike).order_by(col(Strike.id)))
            return [(row.membership_id, row.reason) for row in rows.all()]

    async def contacts(self) -> list[int]:
        async with self.room.database.reading() as tx:
            query = select(Membership.id).where(col(Membership.group_id) == self.room.group_id)
            return [one for one in (await tx.exec(query.order_by(col(Membership.id)))).all() if one is not None]

    async def back(self, raw: str, path: str, *, sender: str = "") -> str:
        return await self.client.submit(raw, path, sender=sender)


RELAYED = DeliveryState.RELAYED


@pytest.fixture
async def copies(room: Room) -> Copies:
    return await Copies(room, await room.client()).begin()


@pytest.fixture
async def sqlite_copies(sqlite_database: Database) -> AsyncIterator[Copies]:
    async with opened(sqlite_database) as room:
        yield await Copies(room, await room.client()).begin()


async def test_a_bounce_marks_its_delivery_and_says_why(copies: Copies) -> None:
    assert (await copies.back(report("bo@example.net"), copies.paths[1])).startswith("250")
    assert await copies.states() == [RELAYED, DeliveryState.BOUNCED, RELAYED]
    row = (await copies.rows())[1]
    assert (row.reason, row.enhanced, row.reply) == ("mailbox_full", "5.2.2", "552 5.2.2 Mailbox full")
    assert await copies.strikes() == [(copies.members[1], "mailbox_full")]
    # It bounces once.
    await copies.back(report("bo@example.net"), copies.paths[1])
    assert await copies.strikes() == [(copies.members[1], "mailbox_full")]


async def test_a_bounce_in_prose_counts_as_well(sqlite_copies: Copies) -> None:
    raw = (
        "From: MAILER-DAEMON@example.net\r\nSubject: failure notice\r\n\r\nI wasn't able to deliver it.\r\n\r\n"
        "<bo@example.net>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n--- Below this line is a copy\r\n"
    )
    await sqlite_copies.back(raw, sqlite_copies.paths[1])
    assert await sqlite_copies.strikes() == [(sqlite_copies.members[1], BounceReason.USER_UNKNOWN)]


async def test_a_report_naming_five_thousand_victims_touches_no_other_delivery(copies: Copies) -> None:
    victims = [f"{name}@example.net" for name in ("ana", "cy")] + [f"v{n}@example.net" for n in range(5_000)]
    await copies.back(report(*victims), copies.paths[1])
    assert await copies.states() == [RELAYED, DeliveryState.BOUNCED, RELAYED]
    assert [member for member, _ in await copies.strikes()] == [copies.members[1]]


async def test_without_a_token_of_ours_there_is_no_such_address(sqlite_copies: Copies) -> None:
    token = sqlite_copies.paths[0].partition("+")[2].partition("@")[0]
    other = "a" if token[-1] != "a" else "b"
    for path in ("bounces@example.org", f"bounces+{'a' * 24}@example.org", f"bounces+{token[:-1]}{other}@example.org"):
        heard = await sqlite_copies.client.begin(path, sender="")
        assert heard == ["550 5.1.1 No such address here"]
        await sqlite_copies.client.ask("RSET")
    assert await sqlite_copies.states() == [RELAYED] * 3


@pytest.mark.parametrize(
    ("raw", "sender"),
    [
        (report("bo@example.net"), "mallory@example.com"),  # not from the null sender
        (report("bo@example.net", action="delayed", status="4.4.1"), ""),
        (report("bo@example.net", action="relayed", status="2.0.0"), ""),
        (
            "From: bo@example.net\r\nSubject: Automatic reply: Hi\r\nAuto-Submitted: auto-replied\r\n\r\nUser away\r\n",
            "",
        ),
        ("From: bo@example.net\r\nSubject: Re: Hi\r\n\r\nPlease confirm that you are a human\r\n", ""),
        ("From: bo@example.net\r\nSubject: Hi\r\n\r\nuser unknown\r\n", ""),
        ("\r\n", ""),
    ],
)
async def test_what_is_no_bounce_is_kept_and_changes_nothing(sqlite_copies: Copies, raw: str, sender: str) -> None:
    assert (await sqlite_copies.back(raw, sqlite_copies.paths[1], sender=sender)).startswith("250")
    assert await sqlite_copies.states() == [RELAYED] * 3
    assert await sqlite_copies.strikes() == []
    assert len(await sqlite_copies.contacts()) == 3


# ---------------------------------------------------------------- complaints


async def reasons(copies: Copies) -> list[tuple[str, SuppressionReason]]:
    async with copies.room.database.reading() as tx:
        rows = (await tx.exec(select(Suppression).order_by(col(Suppression.id)))).all()
    return [(row.key, row.reason) for row in rows]


async def test_a_complaint_at_a_return_path_unsubscribes_its_contact(copies: Copies) -> None:
    for _ in range(2):
        await copies.back(complaint(""), copies.paths[1], sender="fbl@provider.example")
    assert await copies.contacts() == [copies.members[0], copies.members[2]]
    assert await reasons(copies) == [("bo@example.net", SuppressionReason.COMPLAINED)]
    assert await copies.strikes() == []
    assert await copies.states() == [RELAYED] * 3


async def test_a_complaint_at_abuse_unsubscribes_by_the_tokens_it_brings_back(copies: Copies) -> None:
    tokens = copies.room.house.directory.tokens
    group = GroupPolicy(copies.room.group_id, GroupKind.GROUP, "dev@example.org", "dev@example.org", "Dev")
    leave = prefix(group, leave_token=tokens.leave(copies.members[0]), public_url="https://lists.example.org").decode()
    returned = f"Return-Path: <{copies.paths[2]}>\r\n"
    for head, address in ((leave, "abuse@example.org"), (returned, "postmaster@example.org")):
        await copies.back(complaint(head), address, sender="fbl@provider.example")
    assert await copies.contacts() == [copies.members[1]]
    assert sorted(await reasons(copies)) == [
        ("ana@example.net", SuppressionReason.COMPLAINED),
        ("cy@example.net", SuppressionReason.COMPLAINED),
    ]


async def test_a_complaint_with_tokens_that_are_not_ours_has_no_effect(sqlite_copies: Copies) -> None:
    leave = f"List-Unsubscribe: <mailto:dev-leave+{'b' * 24}@example.org>\r\n"
    head = f"Return-Path: <bounces+{'a' * 24}@example.org>\r\n{leave}"
    await sqlite_copies.back(complaint(head), "abuse@example.org", sender="mallory@example.com")
    plain = complaint(f"Return-Path: <{sqlite_copies.paths[0]}>\r\n").replace("feedback-report", "something")
    await sqlite_copies.back(plain, "abuse@example.org", sender="mallory@example.com")
    assert len(await sqlite_copies.contacts()) == 3


async def test_who_complained_stays_out_of_an_import(copies: Copies) -> None:
    await copies.back(complaint(""), copies.paths[1], sender="fbl@provider.example")
    async with copies.room.database.reading() as tx:
        kept_out = await suppressions.among(tx, copies.room.group_id, ["bo@example.net", "ana@example.net"])
    assert kept_out == {"bo@example.net": SuppressionReason.COMPLAINED}


async def test_a_bounce_faster_than_our_own_settling_waits_for_it_or_is_to_come_again(
    sqlite_copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = sqlite_copies
    row = (await copies.rows())[1]
    early = asyncio.Event()
    record = bounces.record

    async def recorded(*args: Any, **named: Any) -> bool:
        try:
            return await record(*args, **named)
        except bounces.TooEarly:
            early.set()
            raise

    async def become(state: DeliveryState) -> None:
        async with copies.room.database.writing() as tx:
            await tx.exec(update(Delivery).where(col(Delivery.id) == row.id).values(state=state))

    monkeypatch.setattr(bounces, "record", recorded)
    await become(DeliveryState.CLAIMED)
    monkeypatch.setattr(intake, "SETTLING", ())
    assert (await copies.back(report("bo@example.net"), copies.paths[1])).startswith("451")
    early.clear()
    monkeypatch.setattr(intake, "SETTLING", (0.01,) * 1000)
    coming = asyncio.create_task(copies.back(report("bo@example.net"), copies.paths[1]))
    await early.wait()
    await become(RELAYED)
    assert (await coming).startswith("250")
    assert await copies.states() == [RELAYED, DeliveryState.BOUNCED, RELAYED]
