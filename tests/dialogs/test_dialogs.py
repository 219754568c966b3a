"""Walk every scripted conversation of this folder over a real socket."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from mailbridge.intake.listener import certificate
from store.engine import Database
from store.hashing import AppPassword
from store.terms import Moderation, Posting
from tests.mailbridge.intake.room import Client, Room, add_group, add_member, opened
from tests.mailbridge.intake.submitting import holder, trusting

PASSWORD = AppPassword("abcdefghijkmnpqr")
SCRIPTS = sorted(Path(__file__).parent.glob("*.txt"))
_ESCAPE = re.compile(rb"\\(x[0-9a-f]{2}|[rnt0\\])")
_OCTETS = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}


def octets(text: str) -> bytes:
    """What a script's text stands for."""

    def octet(match: re.Match[bytes]) -> bytes:
        return _OCTETS[match[1]] if match[1] in _OCTETS else bytes([int(match[1][1:], 16)])

    return _ESCAPE.sub(octet, text.encode())


async def furnish(room: Room) -> None:
    members = await add_group(
        room.database, "members", posting=Posting.MEMBERS, moderation=Moderation.NONE, hidden=False
    )
    await add_member(room.database, members, "m@example.com")
    await add_group(room.database, "small", max_receive_size=100 * 1024)
    if room.house.credentials is not None:
        await holder(room.database, "m@example.com", made=PASSWORD)


async def step(room: Room, client: Client, line: str, heard: str) -> str:
    kind, text = line[:2], line[2:].removeprefix(" ")
    match kind:
        case "C:":
            await client.say(octets(text) + b"\r\n")
        case "C+":
            await client.say(octets(text))
            await asyncio.sleep(0)  # a segment of its own where the system lets it
        case "S:":
            heard = await client.hear()
            assert heard.startswith(text), f"{line!r}: heard {heard!r}"
        case "S=":
            assert text in heard.replace("\r\n", "\n").split("\n"), f"{line!r}: heard {heard!r}"
        case "T:":
            await client.writer.start_tls(trusting(), server_hostname="mail.example.org")
        case "S.":
            assert await client.closed(), line
        case "= ":
            table, _, number = text.partition(" ")
            rows: dict[str, Any] = {"posts": room.posts, "messages": room.messages}
            assert len(await rows[table]()) == int(number), line
        case _:
            raise AssertionError(f"{line!r} is no step")
    return heard


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
async def test_dialog(script: Path, sqlite_database: Database, pem: Path) -> None:
    lines = [line for line in script.read_text("utf-8").split("\n") if line and not line.startswith("#")]
    door = lines.pop(0) if lines[0].startswith("! ") else ""
    submission = door == "! submission"
    async with opened(sqlite_database, tls=certificate(str(pem), "") if submission else None) as room:
        await furnish(room)
        client = await room.client(lmtp=door == "! lmtp", submission=submission, greeting=False)
        heard = ""
        for line in lines:
            heard = await step(room, client, line, heard)
