"""How connections end: losses, garbage, silence, and what is known of the copy then."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable

import pytest

from mailbridge.deliver.client import Connection, Hop
from mailbridge.deliver.timeouts import Timeouts
from store.terms import DeliveryState, Fault, Stage
from tests.mailbridge.deliver.carrying import RELAYED, carry, deferred, to
from tests.mailbridge.deliver.conftest import HopMaker
from tests.mailbridge.deliver.scripted import (
    DROP,
    HANG,
    PLAIN_EHLO,
    Saying,
    Tray,
    envelope,
    personal,
)

# ---------------------------------------------------------------- the end of a connection


@pytest.mark.parametrize(
    ("command", "expected"),
    [("MAIL", deferred(Stage.MAIL)), ("RCPT", deferred(Stage.RCPT)), ("DATA", deferred(Stage.DATA)),
     ("DOT", deferred(Stage.DOT, uncertain=True))],
)  # fmt: skip
@pytest.mark.parametrize("ehlo", [{}, {"EHLO": PLAIN_EHLO}], ids=["pipelined", "command by command"])
async def test_only_a_loss_after_the_dot_is_uncertain(
    hop: HopMaker,
    ehlo: dict[str, Saying | list[Saying]],
    command: str,
    expected: tuple[DeliveryState, Stage, Fault, bool],
) -> None:
    server = await hop({**ehlo, command: DROP})
    tray = Tray(personal(5))
    connection = await Connection.open(to(server), tray)
    ending = await asyncio.wait_for(connection.closed, 5)
    assert ending.reply is not None
    assert tray.brief()["c0@example.org"] == expected
    behind = [brief for address, brief in tray.brief().items() if address != "c0@example.org"]
    assert behind == ([deferred(Stage.MAIL)] if command == "DOT" and not ehlo else [])  # what was pipelined behind


async def test_a_loss_in_the_middle_of_a_long_body_is_certain(hop: HopMaker) -> None:
    body = (b"y" * 998 + b"\r\n") * 32_000
    server = await hop({"CONTENT": DROP})
    tray = Tray([envelope("a@example.org", body=body)])
    await carry(server, tray)
    assert tray.brief() == {"a@example.org": deferred(Stage.DATA)}


@pytest.mark.parametrize(("reply", "fault"), [("552 5.3.4 too big", Fault.POST), ("421 4.3.2 closing", Fault.NOBODY)])
async def test_a_refusal_in_the_middle_of_the_content_is_about_it(hop: HopMaker, reply: str, fault: Fault) -> None:
    body = (b"y" * 998 + b"\r\n") * 32_000
    server = await hop({"CONTENT": (reply, 0.3)})
    tray = Tray([envelope("a@example.org", body=body)])
    connection = await carry(server, tray)
    await connection.closed
    assert tray.brief() == {"a@example.org": (DeliveryState.DEFERRED, Stage.DOT, fault, False)}


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "DOT"])
async def test_421_anywhere_defers_and_ends(hop: HopMaker, command: str) -> None:
    good: dict[str, Saying] = {"MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go", "DOT": "250 ok"}
    server = await hop({command: [good[command], "421 4.7.0 enough for today"]})
    tray = Tray(personal(5))
    connection = await Connection.open(to(server), tray)
    ending = await asyncio.wait_for(connection.closed, 5)
    assert str(ending.reply) == "421 4.7.0 enough for today"
    assert tray.brief()["c0@example.org"] == RELAYED
    assert tray.brief()["c1@example.org"] == deferred(Stage[command])
    assert not any(uncertain for *_, uncertain in tray.brief().values())
    assert server.recipients == ["c0@example.org"]
    assert len(tray.waiting) + len(tray.returned) == 5


GARBAGE: dict[str, tuple[str, Saying]] = {
    "short code": ("RCPT", b"25\r\n"),
    "NUL": ("RCPT", b"25\x00 ok\r\n"),
    "endless line": ("DOT", b"250 " + b"x" * 1_000_000),
    "endless reply": ("DOT", b"250-" + b"x" * 1000 + b"\r\n" + (b"250-" + b"x" * 1000 + b"\r\n") * 100),
    "codes that change": ("MAIL", b"250-a\r\n550 b\r\n"),
    "354 twice": ("DATA", b"354 go\r\n354 go\r\n"),
    "250 to DATA": ("DATA", "250 ok"),
    "354 to MAIL": ("MAIL", "354 go"),
    "354 to RCPT": ("RCPT", "354 go"),
    "354 to the dot": ("DOT", "354 go"),
    "two 250 to the dot": ("DOT", b"250 ok\r\n250 ok\r\n250 ok\r\n"),
    "the beginning of another": ("DOT", b"250 ok\r\n25"),
    "UTF-8": ("DOT", "２50 ok"),
}


@pytest.mark.parametrize("name", GARBAGE)
async def test_garbage_ends_the_connection_and_is_never_taken_for_success(hop: HopMaker, name: str) -> None:
    command, saying = GARBAGE[name]
    server = await hop({command: saying, "EHLO": PLAIN_EHLO})
    tray = Tray(personal(3))
    connection = await Connection.open(to(server), tray)
    ending = await asyncio.wait_for(connection.closed, 5)
    assert ending.reply is not None
    settled = name in ("two 250 to the dot", "the beginning of another")
    state, _, fault, uncertain = tray.brief()["c0@example.org"]
    assert state is (DeliveryState.RELAYED if settled else DeliveryState.DEFERRED)
    assert fault is Fault.NOBODY
    assert uncertain is (command == "DOT" and not settled)
    assert len(tray.returned) == 1  # nothing was taken on the strength of what was not understood


@pytest.mark.parametrize("name", GARBAGE)
async def test_garbage_in_a_pipeline_is_never_paired_with_success(hop: HopMaker, name: str) -> None:
    command, saying = GARBAGE[name]
    server = await hop({command: saying})
    tray = Tray(personal(3))
    connection = await Connection.open(to(server), tray)
    await asyncio.wait_for(connection.closed, 5)
    relayed = {a for a, outcome in tray.outcomes.items() if outcome.state is DeliveryState.RELAYED}
    assert relayed <= set(server.recipients)
    assert {outcome.state for outcome in tray.outcomes.values()} <= {DeliveryState.RELAYED, DeliveryState.DEFERRED}


async def test_something_said_to_an_idle_connection_ends_it(hop: HopMaker) -> None:
    server = await hop({"DOT": ("250 ok", 0.05, "250 really")})
    tray = Tray(personal(1))
    connection = await carry(server, tray)
    ending = await asyncio.wait_for(connection.closed, 5)
    assert ending.reply is not None
    assert tray.brief() == {"c0@example.org": RELAYED}


@pytest.mark.parametrize(
    ("command", "waits", "expected"),
    [
        ("MAIL", Timeouts(mail=0.1), deferred(Stage.MAIL)),
        ("RCPT", Timeouts(rcpt=0.1), deferred(Stage.RCPT)),
        ("DATA", Timeouts(data=0.1), deferred(Stage.DATA)),
        ("DOT", Timeouts(dot=0.1), deferred(Stage.DOT, uncertain=True)),
    ],
)
async def test_each_command_has_its_wait(
    hop: HopMaker, command: str, waits: Timeouts, expected: tuple[DeliveryState, Stage, Fault, bool]
) -> None:
    server = await hop({command: HANG})
    tray = Tray(personal(1))
    connection = await carry(server, tray, waits)
    assert tray.brief() == {"c0@example.org": expected}
    assert "within 0.1 s" in str((await connection.closed).reply)


async def test_a_hop_that_takes_no_content_is_not_waited_for_long(free_port: Callable[[], int]) -> None:
    async def stuck(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hop\r\n250-hop\r\n"[:9])
        await reader.readline()
        writer.write(b"250-hop\r\n250 PIPELINING\r\n")
        for _ in range(3):
            await reader.readline()
        writer.write(b"250 ok\r\n250 ok\r\n354 go\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport has it
        await done.wait()
        writer.transport.abort()

    done = asyncio.Event()
    server = await asyncio.start_server(stuck, "127.0.0.1", 0)
    hop = Hop("127.0.0.1", server.sockets[0].getsockname()[1], "none")
    tray = Tray([envelope("a@example.org", body=(b"y" * 998 + b"\r\n") * 32_000)])
    connection = await Connection.open(hop, tray, waits=Timeouts(block=0.2))
    await tray.wait()
    assert tray.brief() == {"a@example.org": deferred(Stage.DATA)}
    assert "room" in str((await connection.closed).reply)
    done.set()
    server.close()


def test_the_waits_are_those_of_the_standard() -> None:
    waits = Timeouts()
    assert (waits.greeting, waits.mail, waits.rcpt, waits.data, waits.block) == (300, 300, 300, 120, 180)
    assert waits.of(Stage.DOT) >= 600


async def test_a_reset_after_the_dot_is_uncertain(free_port: Callable[[], int]) -> None:
    def reset(server: socket.socket) -> None:
        with server, server.accept()[0] as peer:
            peer.sendall(b"220 hop\r\n")
            peer.recv(1000)
            peer.sendall(b"250 hop\r\n")
            for reply in (b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
                peer.recv(1000)
                peer.sendall(reply)
            while not peer.recv(10_000).endswith(b"\r\n.\r\n"):
                pass
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    thread = asyncio.create_task(asyncio.to_thread(reset, listening))
    tray = Tray(personal(1))
    connection = await Connection.open(Hop("127.0.0.1", port, "none"), tray)
    await tray.wait()
    await thread
    assert tray.brief() == {"c0@example.org": deferred(Stage.DOT, uncertain=True)}
    assert (await connection.closed).answered == 0
