"""Leaving by mail, and what comes back to a return path."""

from __future__ import annotations

from datetime import timedelta

import pytest

from store.bounces import KEPT_PER_DELIVERY
from store.schema.bounce import Bounce
from store.schema.delivery import Delivery
from store.schema.lane import Lane
from store.schema.membership import Membership
from store.schema.message import Message
from store.schema.post import Post
from store.schema.request import Request
from store.terms import DeliveryState, Leave, LetterKind, PostState, Receiving
from tests.mailbridge.intake.room import PROOF, Room, add_group, add_member

EMPTY = ""
WISH = "From: Ada <a@example.com>\r\nMessage-ID: <9@example.com>\r\n\r\n"


def token(room: Room, membership_id: int) -> str:
    return room.house.directory.tokens.leave(membership_id)


async def members(room: Room, group_id: int) -> list[Membership]:
    return [row for row in await room.rows(Membership) if row.group_id == group_id]


async def test_a_token_acts_whatever_the_mail_is_and_as_often_as_it_comes(room: Room) -> None:
    membership_id = await add_member(room.database, room.group_id, "a@example.com")
    await add_member(room.database, room.group_id, "b@example.com")
    client = await room.client()
    address = f"dev-leave+{token(room, membership_id)}@example.org"
    assert (await client.submit(EMPTY, address, sender="whoever@elsewhere.example")).startswith("250")
    assert [row.key for row in await members(room, room.group_id)] == ["b@example.com"]
    # Gone already, in capitals, from somebody else: the same answer.
    assert (await client.submit(EMPTY, address.upper())).startswith("250")
    assert not await room.posts()
    assert not await room.letters()


async def test_a_null_sender_and_a_forged_token_do_not_act(room: Room) -> None:
    membership_id = await add_member(room.database, room.group_id, "a@example.com")
    good = token(room, membership_id)
    client = await room.client()
    heard = await client.begin(f"dev-leave+{good}@example.org", sender="")
    await client.ask("RSET")
    forged = good[:-1] + ("a" if good[-1] != "a" else "b")
    bounce = room.house.directory.tokens.bounce(membership_id)
    heard += await client.begin(f"dev-leave+{forged}@example.org", f"dev-leave+{bounce}@example.org")
    assert [reply[:9] for reply in heard] == ["550 5.7.1", "550 5.1.1", "550 5.1.1"]
    assert len(await members(room, room.group_id)) == 1


@pytest.mark.parametrize(
    ("policy", "kind", "remains"),
    [
        (Leave.OPEN, LetterKind.LEAVE_DONE, None),
        (Leave.MODERATED, LetterKind.LEAVE_ASKED, Receiving.STOPPED),
        (Leave.CLOSED, LetterKind.LEAVE_DONE, Receiving.STOPPED),
    ],
)
async def test_a_proven_member_leaves_by_the_bare_address(
    room: Room, policy: Leave, kind: LetterKind, remains: Receiving | None
) -> None:
    group_id = await add_group(room.database, "club", leave=policy)
    await add_member(room.database, group_id, "a@example.com")
    client = await room.client()
    assert (await client.submit(PROOF + WISH, "club-leave@example.org")).startswith("250 2.0.0")
    (letter,) = await room.letters()
    assert (letter.kind, letter.address, letter.in_reply_to) == (kind, "a@example.com", "<9@example.com>")
    assert [row.receiving for row in await members(room, group_id)] == ([remains] if remains else [])
    assert len(await room.rows(Request)) == (policy is Leave.MODERATED)


async def test_everybody_else_is_told_of_the_link_in_the_same_words(room: Room) -> None:
    await add_member(room.database, room.group_id, "a@example.com")
    client = await room.client()
    unproven = await client.submit(WISH, "dev-leave@example.org")
    stranger = await client.submit(PROOF + WISH.replace("a@example", "x@example"), "dev-leave@example.org")
    assert unproven == stranger
    assert unproven.startswith("550 5.7.1 To leave dev@example.org, use the unsubscribe link")
    assert len(await members(room, room.group_id)) == 1
    assert await room.letters() == []


async def test_an_auto_reply_leaves_nothing(room: Room) -> None:
    await add_member(room.database, room.group_id, "a@example.com")
    client = await room.client()
    vacation = PROOF + "Auto-Submitted: auto-replied\r\n" + WISH
    assert (await client.submit(vacation, "dev-leave@example.org")).startswith("250")
    assert len(await members(room, room.group_id)) == 1
    assert await room.letters() == []


REPORT = (
    "From: MAILER-DAEMON@example.com\r\n"
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
    "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
    "Reporting-MTA: dns; mx.example.com\r\n\r\n"
    "Final-Recipient: rfc822; b@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b--\r\n"
)


async def relayed(room: Room, age: timedelta = timedelta(0)) -> int:
    """A delivery that was relayed `age` ago; its id."""
    async with room.database.writing() as tx:
        message = Message(size=0, digest="", raw=b"", created_at=tx.now)
        tx.add(message)
        await tx.flush()
        assert message.id is not None
        post = Post(
            group_id=room.group_id,
            message_id=message.id,
            public_id="x",
            state=PostState.ACCEPTED,
            created_at=tx.now,
        )
        lane = Lane(key="relay")
        tx.add_all([post, lane])
        await tx.flush()
        assert lane.id is not None
        delivery = Delivery(
            post_id=post.id,
            lane_id=lane.id,
            address="b@example.com",
            state=DeliveryState.RELAYED,
            created_at=tx.now - age,
            due_at=tx.now - age,
            settled_at=tx.now - age,
        )
        tx.add(delivery)
        await tx.flush()
        assert delivery.id is not None
        return delivery.id


def bounces(room: Room, delivery_id: int) -> str:
    return f"bounces+{room.house.directory.tokens.bounce(delivery_id)}@example.org"


async def test_a_report_of_failure_marks_its_delivery(room: Room) -> None:
    delivery_id = await relayed(room)
    client = await room.client()
    for _ in range(2):  # once or twice is the same
        assert (await client.submit(REPORT, bounces(room, delivery_id), sender="")).startswith("250")
    (delivery,) = await room.rows(Delivery)
    assert (delivery.state, delivery.enhanced) == (DeliveryState.BOUNCED, "5.1.1")
    assert "no such user" in delivery.reply
    assert [bounce.acted for bounce in await room.rows(Bounce)] == [True, False]


async def test_a_return_path_fills_no_disk_and_still_hears_the_failure(room: Room) -> None:
    delivery_id = await relayed(room)
    client = await room.client()
    for _ in range(KEPT_PER_DELIVERY + 3):
        assert (await client.submit("x\r\n", bounces(room, delivery_id), sender="b@example.com")).startswith("250")
    assert len(await room.rows(Bounce)) == KEPT_PER_DELIVERY
    assert len(await room.messages()) == KEPT_PER_DELIVERY + 1  # and the post's own
    assert (await client.submit(REPORT, bounces(room, delivery_id), sender="")).startswith("250")
    (delivery,) = await room.rows(Delivery)
    assert delivery.state is DeliveryState.BOUNCED


@pytest.mark.parametrize(
    ("report", "sender", "age"),
    [
        (REPORT, "somebody@example.com", timedelta(0)),
        (REPORT.replace("Action: failed", "Action: delayed"), "", timedelta(0)),
        ("From: b@example.com\r\nSubject: I am away\r\n\r\n", "", timedelta(0)),
        ("", "", timedelta(0)),
        (REPORT, "", timedelta(days=8)),
    ],
)
async def test_anything_else_is_kept_and_changes_nothing(room: Room, report: str, sender: str, age: timedelta) -> None:
    delivery_id = await relayed(room, age)
    client = await room.client()
    assert (await client.submit(report, bounces(room, delivery_id), sender=sender)).startswith("250")
    (delivery,) = await room.rows(Delivery)
    assert delivery.state is DeliveryState.RELAYED
    assert [bounce.acted for bounce in await room.rows(Bounce)] == [False]


@pytest.mark.parametrize(("mark", "told"), [("", 1), ("List-Id: <x.example>\r\n", 0), ("Precedence: list\r\n", 0)])
async def test_what_came_by_a_list_is_done_and_not_answered(sqlite_room: Room, mark: str, told: int) -> None:
    await add_member(sqlite_room.database, sqlite_room.group_id, "a@example.com")
    client = await sqlite_room.client()
    assert (await client.submit(PROOF + mark + WISH, "dev-leave@example.org")).startswith("250")
    assert not await members(sqlite_room, sqlite_room.group_id)
    assert len(await sqlite_room.letters()) == told
