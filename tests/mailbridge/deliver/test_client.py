"""Connections against a hop that says what it is told to: pairing, faults, waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from mailbridge.deliver.client import Connection, Hop, Unopened
from mailbridge.deliver.timeouts import Timeouts
from store.terms import DeliveryState, Fault, Stage
from tests.mailbridge.deliver.carrying import RELAYED, carry, deferred, to
from tests.mailbridge.deliver.conftest import HopMaker
from tests.mailbridge.deliver.scripted import (
    BODY,
    DROP,
    HANG,
    PLAIN_EHLO,
    Saying,
    Tray,
    envelope,
    personal,
)

# ---------------------------------------------------------------- carrying


@pytest.mark.parametrize("ehlo", [None, PLAIN_EHLO], ids=["pipelined", "command by command"])
@pytest.mark.parametrize("pieces", [0, 1], ids=["whole", "octet by octet"])
async def test_every_copy_arrives_once_with_its_own_prefix(hop: HopMaker, ehlo: str | None, pieces: int) -> None:
    server = await hop({"EHLO": ehlo} if ehlo else {}, pieces=pieces)
    tray = Tray(personal(7))
    connection = await carry(server, tray)
    await connection.drain()
    assert [mail.recipients for mail in server.mails] == [[f"c{n}@example.org"] for n in range(7)]
    assert [mail.content for mail in server.mails] == [b"X-Copy: %d\r\n" % n + BODY for n in range(7)]
    assert set(tray.brief().values()) == {RELAYED}
    assert (len(server.sessions), server.sessions[0].quit, connection.answered) == (1, True, 7)
    assert server.sessions[0].early is (ehlo is None)  # without PIPELINING nothing is said before it is asked for


async def test_the_next_copy_s_commands_go_out_behind_the_content(hop: HopMaker) -> None:
    server = await hop({"DOT": (0.02, "250 ok")})
    tray = Tray(personal(5))
    connection = await carry(server, tray)
    size = len(BODY) + len(b"X-Copy: 0\r\n")
    expected = [
        (f"MAIL FROM:<bounces+x@lists.test> SIZE={size}", f"RCPT TO:<c{n}@example.org>", "DATA") for n in range(5)
    ]
    assert server.sessions[0].commands[1:] == [command for group in expected for command in group]
    await connection.drain()


async def test_an_idle_connection_goes_on_when_nudged(hop: HopMaker) -> None:
    server = await hop()
    tray = Tray(personal(1))
    connection = await carry(server, tray)
    assert connection.idle
    tray.put(envelope("late@example.org"))
    connection.nudge()
    await tray.wait()
    assert len(server.sessions) == 1
    await connection.drain()
    assert server.recipients == ["c0@example.org", "late@example.org"]


async def test_a_nudge_while_the_dot_is_out_pipelines_behind_it(hop: HopMaker) -> None:
    server = await hop({"DOT": [(0.2, "250 ok"), "250 ok"]})
    tray = Tray(personal(1))
    connection = await Connection.open(to(server), tray)
    while not server.sessions or "DATA" not in server.sessions[0].commands:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    tray.put(envelope("late@example.org"))
    connection.nudge()
    await tray.wait()
    await connection.drain()
    assert server.recipients == ["c0@example.org", "late@example.org"]


async def test_drain_finishes_what_was_taken_and_takes_no_more(hop: HopMaker) -> None:
    server = await hop({"DOT": (0.05, "250 ok")})
    tray = Tray(personal(20))
    connection = await Connection.open(to(server), tray)
    await asyncio.sleep(0.07)
    await connection.drain()
    assert set(tray.brief().values()) == {RELAYED}
    assert len(server.mails) == len(tray.returned) < 5
    assert server.sessions[0].quit


async def test_a_connection_with_nothing_to_do_says_good_bye(hop: HopMaker) -> None:
    server = await hop()
    connection = await Connection.open(to(server), Tray(), waits=Timeouts(idle=0.1))
    ending = await asyncio.wait_for(connection.closed, 5)
    assert ending.reply is None
    assert server.sessions[0].quit


async def test_a_long_body_waits_for_room(hop: HopMaker) -> None:
    body = b"Subject: long\r\n\r\n" + (b"y" * 998 + b"\r\n") * 20_000
    server = await hop()
    tray = Tray([envelope("a@example.org", body=body), envelope("b@example.org", body=body), envelope("c@example.org")])
    connection = await carry(server, tray)
    await connection.drain()
    assert [len(mail.content) for mail in server.mails] == [len(body) + 11, len(body) + 11, len(BODY) + 11]
    assert server.mails[1].content == b"X-Copy: 1\r\n" + body


async def test_a_shared_copy_has_an_outcome_for_each_recipient(hop: HopMaker) -> None:
    server = await hop({
        "RCPT no@example.org": "550 5.1.1 no such user", "RCPT later@example.org": "450 4.2.0 busy",
        "RCPT many@example.org": "452 4.5.3 too many recipients",
    })  # fmt: skip
    tray = Tray([envelope("yes@example.org", "no@example.org", "later@example.org", "many@example.org")])
    connection = await carry(server, tray)
    await connection.drain()
    assert tray.brief() == {
        "yes@example.org": RELAYED,
        "no@example.org": (DeliveryState.FAILED, Stage.RCPT, Fault.RECIPIENT, False),
        "later@example.org": deferred(Stage.RCPT),
        "many@example.org": deferred(Stage.RCPT),
    }
    assert server.recipients == ["yes@example.org"]


# ---------------------------------------------------------------- refusals

NOBODY_TAKEN: dict[str, Saying | list[Saying]] = {
    "RCPT c0@example.org": "550 5.1.1 no such user",
    "DATA": ["554 5.5.1 no valid recipients", "354 go"],
}


@pytest.mark.parametrize(
    "says", [NOBODY_TAKEN, {**NOBODY_TAKEN, "DATA": "354 go"}, {**NOBODY_TAKEN, "EHLO": PLAIN_EHLO, "DATA": "354 go"}],
    ids=["DATA refused", "DATA granted all the same", "command by command"],
)  # fmt: skip
async def test_when_all_recipients_are_refused_nobody_gets_the_content(
    hop: HopMaker, says: dict[str, Saying | list[Saying]]
) -> None:
    server = await hop(says)
    tray = Tray(personal(2))
    connection = await carry(server, tray)
    await connection.drain()
    assert tray.brief()["c0@example.org"] == (DeliveryState.FAILED, Stage.RCPT, Fault.RECIPIENT, False)
    assert tray.brief()["c1@example.org"] == RELAYED
    assert server.recipients == ["c1@example.org"]


@pytest.mark.parametrize("ehlo", [{}, {"EHLO": PLAIN_EHLO}], ids=["pipelined", "command by command"])
@pytest.mark.parametrize(
    ("command", "reply", "expected"),
    [
        ("MAIL", "450 4.1.8 not now", deferred(Stage.MAIL)),
        ("MAIL", "550 5.7.1 not you", (DeliveryState.DEFERRED, Stage.MAIL, Fault.US, False)),
        ("RCPT", "450 4.2.0 not now", deferred(Stage.RCPT)),
        ("RCPT", "550 5.1.1 nobody", (DeliveryState.FAILED, Stage.RCPT, Fault.RECIPIENT, False)),
        ("DATA", "451 4.3.0 not now", deferred(Stage.DATA)),
        ("DATA", "554 5.7.1 no", (DeliveryState.DEFERRED, Stage.DATA, Fault.POST, False)),
        ("DOT", "451 4.3.0 not now", deferred(Stage.DOT)),
        ("DOT", "554 5.7.1 spam", (DeliveryState.DEFERRED, Stage.DOT, Fault.POST, False)),
        ("DOT", "554 5.2.0 Daily limit exceeded", (DeliveryState.DEFERRED, Stage.DOT, Fault.US, False)),
    ],
)
async def test_a_refusal_at_each_command_leaves_the_connection_in_step(
    hop: HopMaker,
    ehlo: dict[str, Saying | list[Saying]],
    command: str,
    reply: str,
    expected: tuple[DeliveryState, Stage, Fault, bool],
) -> None:
    good: dict[str, Saying] = {"MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go", "DOT": "250 ok"}
    after: dict[str, Saying | list[Saying]] = {}
    if command == "MAIL" and not ehlo:  # a real hop refuses what follows a refused MAIL
        after = {"RCPT": ["503 5.5.1 MAIL first", "250 ok"], "DATA": ["503 5.5.1 MAIL first", "354 go"]}
    if command == "RCPT" and not ehlo:
        after = {"DATA": ["503 5.5.1 RCPT first", "354 go"]}
    server = await hop({**ehlo, **after, command: [reply, good[command]]})
    tray = Tray(personal(3))
    connection = await carry(server, tray)
    await connection.drain()
    assert [tray.brief()[f"c{n}@example.org"] for n in range(3)] == [expected, RELAYED, RELAYED]
    assert server.recipients == ["c1@example.org", "c2@example.org"]
    assert len(server.sessions) == 1
    if command == "DATA":
        assert "RSET" in server.sessions[0].commands  # the hop may still hold MAIL open


async def test_a_recipient_taken_after_mail_was_refused_gets_no_empty_mail(hop: HopMaker) -> None:
    server = await hop({"MAIL": "550 5.7.1 not you"})
    tray = Tray(personal(1))
    connection = await carry(server, tray)
    await connection.closed
    assert tray.brief() == {"c0@example.org": (DeliveryState.DEFERRED, Stage.MAIL, Fault.US, False)}
    assert server.mails == []


# ---------------------------------------------------------------- what cannot be said


async def test_what_a_hop_does_not_offer(hop: HopMaker) -> None:
    server = await hop({"EHLO": "250-hop\r\n250-PIPELINING\r\n250 SIZE 1000"})
    tray = Tray([
        envelope("ä@example.org"), envelope("utf8@example.org", utf8=True), envelope("big@example.org", size=1001),
        envelope("bytes@example.org", eight_bit=True, body="é\r\n".encode()), envelope("a@b> AUTH=<"),
        envelope("bad@exa mple.org", "ö@example.org", "good@example.org"),
        envelope("x@example.org", mail_from="a@b>\r\nDATA"),
    ])  # fmt: skip
    connection = await carry(server, tray)
    await connection.drain()
    failed = (DeliveryState.FAILED, Fault.RECIPIENT)
    post, us = ((DeliveryState.DEFERRED, fault) for fault in (Fault.POST, Fault.US))
    seen = {address: (o.state, o.fault, o.reply.enhanced) for address, o in tray.outcomes.items()}
    assert seen == {
        "ä@example.org": (*failed, "5.6.7"),
        "ö@example.org": (*failed, "5.6.7"),
        "utf8@example.org": (*post, "5.6.7"),
        "big@example.org": (*post, "5.3.4"),
        "bytes@example.org": (DeliveryState.RELAYED, Fault.NOBODY, "2.0.0"),
        "a@b> AUTH=<": (*failed, "5.1.3"),
        "bad@exa mple.org": (*failed, "5.1.3"),
        "good@example.org": (DeliveryState.RELAYED, Fault.NOBODY, "2.0.0"),
        "x@example.org": (*us, "5.1.7"),
    }
    assert server.recipients == ["bytes@example.org", "good@example.org"]
    assert not any("BODY=" in c or "SMTPUTF8" in c for c in server.sessions[0].commands)


async def test_what_a_hop_offers_is_used(hop: HopMaker) -> None:
    server = await hop()
    tray = Tray(
        [envelope("ä@example.org"), envelope("b@example.org", eight_bit=True), envelope("c@example.org", mail_from="")]
    )
    connection = await carry(server, tray)
    await connection.drain()
    size = len(BODY) + 11
    assert [c for c in server.sessions[0].commands if c.startswith("MAIL")] == [
        f"MAIL FROM:<bounces+x@lists.test> SIZE={size} SMTPUTF8",
        f"MAIL FROM:<bounces+x@lists.test> SIZE={size} BODY=8BITMIME",
        f"MAIL FROM:<> SIZE={size}",
    ]
    assert server.recipients == ["ä@example.org", "b@example.org", "c@example.org"]


async def test_what_leaves_us_holds_no_bare_line_ends(hop: HopMaker) -> None:
    server = await hop()
    tray = Tray(personal(3))
    connection = await carry(server, tray)
    await connection.drain()
    for mail in server.mails:
        assert mail.content.count(b"\n") == mail.content.count(b"\r") == mail.content.count(b"\r\n")
        assert not any(line.startswith(b".") and not line.startswith(b"..") for line in mail.content.split(b"\r\n"))


async def test_ehlo_refused_means_helo(hop: HopMaker) -> None:
    server = await hop({"EHLO": "502 5.5.1 what?"})
    tray = Tray(personal(2))
    connection = await carry(server, tray)
    await connection.drain()
    assert server.sessions[0].commands[:2] == ["EHLO lists.test", "HELO lists.test"]
    assert len(server.mails) == 2


@pytest.mark.parametrize(
    ("says", "stage", "fault"),
    [
        ({"GREETING": "554 5.7.1 blocked"}, Stage.CONNECT, Fault.US),
        ({"GREETING": "421 4.3.2 busy"}, Stage.CONNECT, Fault.NOBODY),
        ({"GREETING": DROP}, Stage.CONNECT, Fault.NOBODY),
        ({"GREETING": HANG}, Stage.CONNECT, Fault.NOBODY),
        ({"GREETING": b"SSH-2.0\r\n"}, Stage.CONNECT, Fault.NOBODY),
        ({"GREETING": b"220 hop\r\n250 ok\r\n"}, Stage.EHLO, Fault.NOBODY),
        ({"EHLO": "451 4.3.0 later"}, Stage.EHLO, Fault.NOBODY),
        ({"EHLO": "550 5.7.1 no", "HELO": "550 5.7.1 no"}, Stage.EHLO, Fault.US),
        ({"EHLO": HANG}, Stage.EHLO, Fault.NOBODY),
        ({"EHLO": DROP}, Stage.EHLO, Fault.NOBODY),
        ({"EHLO": b"250 hop\r\n250 ok\r\n"}, Stage.EHLO, Fault.NOBODY),
    ],
)
async def test_an_opening_that_fails_takes_nothing(
    hop: HopMaker, says: dict[str, Saying | list[Saying]], stage: Stage, fault: Fault
) -> None:
    server = await hop(says)
    tray = Tray(personal(1))
    with pytest.raises(Unopened) as caught:
        await Connection.open(to(server), tray, waits=Timeouts(greeting=0.2, hello=0.2))
    assert (caught.value.stage, caught.value.fault) == (stage, fault)
    assert len(tray.waiting) == 1


async def test_nobody_listens(free_port: Callable[[], int]) -> None:
    with pytest.raises(Unopened) as caught:
        await Connection.open(Hop("127.0.0.1", free_port(), "none"), Tray())
    assert (caught.value.stage, caught.value.reply.enhanced) == (Stage.CONNECT, "4.4.1")
