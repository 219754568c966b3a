"""V2: what leaves us holds one mail a transaction, whatever is in it, before a sink that takes every octet as it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlmodel import col, update

from store import letters
from store.schema.group import Group
from store.terms import Language, LetterKind
from tests.mailbridge.intake.room import add_group, add_member
from tests.mailbridge.safety.sequences import SEQUENCES
from tests.mailbridge.safety.sink import RawSink, listening
from tests.mailbridge.whole.bridge import PATIENCE, Whole, opened

SECOND = (
    b"MAIL FROM:<evil@example.com>\r\nRCPT TO:<x@example.net>\r\nDATA\r\nFrom: evil@example.com\r\n\r\nevil\r\n.\r\n"
)
HEAD = b"To: dev@example.org\r\nMessage-ID: <%d@example.com>\r\n"
BODIES = {
    "an end of data in the text": b"a\r\n.\r\n" + SECOND,
    "dots and nothing else": b".\r\n..\r\n...\r\n.\r\n",
    "a dot first": b".a\r\n",
    "blank lines and a dot": b"\r\n\r\n.\r\n\r\n",
    "lines of 998, 999 and 20,000 octets": b"".join(b"." * n + b"\r\n" for n in (998, 999, 20_000)),
    "a dot at each place where pieces may be cut": b"".join(b"x" * n + b"\r\n.\r\n" for n in range(200)) * 8,
    "8 bit": "Grüße\r\n.\r\n☃\r\n".encode(),
    "octets of no charset": bytes(n for n in range(1, 256) if n not in b"\r\n") + b"\r\n.\r\n",
    "nothing": b"",
}
SUBJECTS = {
    "plain": b"Hello",
    "line ends in an encoded word": b"=?utf-8?q?a=0D=0A=2E=0D=0AMAIL?=",
    "folded to a dot": b"a\r\n .\r\n\t.",
    "a line of 5,000 octets": b"x" * 5_000,
}
AUTHORS = {"whose From stays": b"a@example.com", "whose From becomes the group's": b"a@gmail.com"}


@pytest.fixture
async def sink() -> AsyncIterator[RawSink]:
    async with listening() as one:
        yield one


@pytest.fixture
async def whole(
    sink: RawSink, sqlite_template: Path, tmp_path: Path, free_port: Callable[[], int]
) -> AsyncIterator[Whole]:
    """A bridge whose mail goes to the sink, with a group of two contacts whose name has line ends in it."""
    path = tmp_path / "postroom.db"
    path.write_bytes(sqlite_template.read_bytes())
    relay = f"smtp://127.0.0.1:{sink.port}?tls=none"
    async with opened(f"sqlite+aiosqlite:///{path}", free_port, relay=relay) as one:
        group_id = await add_group(one.database, "dev")
        async with one.database.writing() as tx:
            await tx.exec(update(Group).where(col(Group.id) == group_id).values(display_name="D\r\n.\r\nev"))
        for name in ("c", "d"):
            await add_member(one.database, group_id, f"{name}@example.net")
        yield one


async def arrived(sink: RawSink, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while len(sink.mails) < count:
            await asyncio.sleep(0.01)


def check(sink: RawSink, count: int) -> None:
    """One transaction a mail, nothing that a lenient reader could cut elsewhere, and no dot that stands alone."""
    assert len(sink.mails) == sink.transactions == count
    assert sink.stray == []
    for mail in sink.mails:
        assert all(line.startswith(b"..") for line in mail.split(b"\r\n") if line.startswith(b"."))
    commands = b"".join(sink.heard)
    for mail in sink.mails:
        commands = commands.replace(mail, b"", 1)
    assert b"evil" not in commands


async def test_each_copy_is_one_mail_whatever_it_holds(whole: Whole, sink: RawSink) -> None:
    client = await whole.client()
    sent: list[bytes] = []
    for author in AUTHORS.values():
        for subject in SUBJECTS.values():
            for body in BODIES.values():
                head = b"From: Ada <%b>\r\nSubject: %b\r\n" % (author, subject) + HEAD % len(sent)
                wire = (head + b"\r\n" + body).replace(b"\r\n.", b"\r\n..")
                assert (await client.submit(wire, "dev@example.org")).startswith("250")
                sent.append(b"\r\n\r\n" + body)
    await arrived(sink, 2 * len(sent))
    check(sink, 2 * len(sent))
    for at, body in enumerate(sent):
        mine = [mail for mail in sink.mails if HEAD % at in mail]
        assert len(mine) == 2
        assert all(mail.replace(b"\r\n..", b"\r\n.").endswith(body) for mail in mine)


@pytest.mark.parametrize("name", SEQUENCES)
async def test_no_sequence_that_ends_data_for_some_server_leaves_us(whole: Whole, sink: RawSink, name: str) -> None:
    client = await whole.client()
    assert (await client.submit(b"From: a@example.com\r\n\r\na" + SEQUENCES[name] + SECOND[:-3], "dev@example.org"))[
        :9
    ] == "554 5.6.0"
    assert (await client.submit("From: a@example.com\r\n\r\nb\r\n", "dev@example.org")).startswith("250")
    await arrived(sink, 2)
    check(sink, 2)


async def test_our_own_letters_are_one_mail_whatever_they_quote(whole: Whole, sink: RawSink) -> None:
    nasty = "a\r\n.\r\nMAIL FROM:<evil@example.com>\r\n\r.\r\n.\n\0x" + "y" * 3_000
    kinds = [LetterKind.POST_REJECTED, LetterKind.TEST, LetterKind.LEAVE_DONE]
    async with whole.database.writing() as tx:
        for kind in kinds:
            arguments = dict.fromkeys(("group", "name", "subject", "reason", "person"), nasty)
            await letters.write(tx, kind, "c@example.net", Language.EN, arguments=arguments, in_reply_to=nasty)
    await arrived(sink, len(kinds))
    check(sink, len(kinds))
