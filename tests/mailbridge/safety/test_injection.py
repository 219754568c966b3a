"""V4, V10, V12, V26: no text of a stranger's becomes a command, a header line, markup or a formula."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailbridge import headers
from mailbridge.deliver import commands
from mailbridge.rewrite.author import Writer
from mailbridge.rewrite.edition import Offers, edition
from mailbridge.rewrite.letters import letter
from mailbridge.rewrite.trace import Trace
from store import addresses, spreadsheet
from store.terms import GroupKind, GroupPolicy, LetterKind, Refused
from tests.mailbridge.intake.room import Room

ROOT = Path(__file__).parents[3]
PACKAGES = ("bot", "store", "mailbridge")
NASTY = st.text(
    st.one_of(
        st.sampled_from('\r\n\t\0\x0b\x0c\x1c\x85\u2028:;<>@,"\\()= .?_'), st.characters(exclude_categories=["Cs"])
    ),
    max_size=60,
)
WORDS = [
    "=?utf-8?q?=0ABcc:_x@evil.example?=",
    "=?utf-8?b?DQpCY2M6IHhAZXZpbC5leGFtcGxl?=",
    "a\r\nBcc: x@evil.example",
    "a\n\nbody",
    "a\r Bcc: x",
    "\u2028Bcc: x",
    '"\\\r\n.\r\n',
]
WHEN = datetime(2026, 3, 2, 9, 0, 1, tzinfo=UTC)


# ---------------------------------------------------------------- V4, V10: commands


@given(NASTY.map(lambda text: text if "@" in text else f"{text}@example.net"))
@example("user@x> AUTH=<")
@example("a@b.example\r\nDATA")
@example('"a b"@b.example')
def test_a_contacts_address_is_refused_or_stands_in_one_command_as_it_is(text: str) -> None:
    try:
        address = addresses.contact(text)
    except Refused:
        return
    try:
        line = commands.rcpt(str(address), utf8=True)
    except commands.Unwritable:
        return  # its delivery fails, and nothing is said of it on the wire
    assert line == f"RCPT TO:<{address}>\r\n".encode()
    assert line.count(b"<") == line.count(b">") == line.count(b"\r") == line.count(b"\n") == 1


async def test_chunks_are_neither_offered_nor_taken_and_leave_the_session_in_step(sqlite_room: Room) -> None:
    client = await sqlite_room.client()
    assert "CHUNKING" not in (await client.ask("EHLO client.example.com")).upper()
    await client.ask("MAIL FROM:<a@example.com>")
    await client.ask("RCPT TO:<dev@example.org>")
    await client.say("BDAT 6 LAST\r\nNOOP\r\nRSET\r\n")
    # A client that sent its chunk all the same has its octets read as commands, of its own session and no other.
    assert [(await client.hear())[:9] for _ in range(3)] == ["500 5.5.1", "250 2.0.0", "250 2.0.0"]
    assert await sqlite_room.posts() == []


# ---------------------------------------------------------------- V12: headers


def _names(raw: bytes) -> list[bytes]:
    return [field.name for field in headers.fields(headers.split(raw)[0])]


def _group(name: str, **settings: Any) -> GroupPolicy:
    return GroupPolicy(1, GroupKind.GROUP, "dev@example.org", "dev@example.org", name, **settings)


def _edition(name: str, helo: str, result: str, person: str, author: str) -> bytes:
    trace = Trace("p3k7", WHEN, "mail.example.org", helo=helo, client="192.0.2.7", results=(result,))
    head = f"From: Ada <{author}>\r\nTo: dev@example.org\r\nSubject: x\r\nMessage-ID: <1@x>\r\nDate: x\r\n"
    made = edition(
        f"{head}\r\nText\r\n".encode(), _group(name), trace, Offers(True, True, True), Writer(author, person)
    )
    return made.head


@pytest.mark.parametrize("author", ["ada@example.com", "ada@gmail.com"])  # the second's From becomes the group's
@given(name=NASTY, helo=NASTY, person=NASTY)
@example(name=WORDS[0], helo=WORDS[2], person=WORDS[1])
@example(name=WORDS[2], helo=WORDS[4], person=WORDS[3])
@example(name=WORDS[6], helo=WORDS[5], person=WORDS[6])
def test_no_name_adds_a_header_to_a_copy(author: str, name: str, helo: str, person: str) -> None:
    plain = _edition("Dev", "client.example.com", "spf=pass", "Ada", author)
    made = _edition(name, helo, "spf=pass", person, author)
    assert _names(made) == _names(plain)
    assert made.count(b"\r") == made.count(b"\n") == made.count(b"\r\n")
    seen = message_from_bytes(made, policy=policy.default)
    assert "Bcc" not in seen
    assert sorted(key.lower() for key in seen) == sorted(one.decode() for one in _names(made))


@pytest.mark.parametrize("kind", LetterKind)
@given(name=NASTY, subject=NASTY, reason=NASTY, answered=NASTY)
@example(name=WORDS[0], subject=WORDS[2], reason=WORDS[3], answered="<1@x>\r\nBcc: x@evil.example")
@example(name=WORDS[2], subject=WORDS[0], reason=WORDS[6], answered=WORDS[5])
def test_no_text_adds_a_header_to_a_letter(
    kind: LetterKind, name: str, subject: str, reason: str, answered: str
) -> None:
    def write(**given_: Any) -> bytes:
        texts = {"subject": "x", "reason": "x", "person": "x", "name": "x", "group": "x", "why": "x", "address": "x"}
        return letter(
            kind, "en", "ada@example.com", texts | given_.get("arguments", {}), group=_group(given_["name"]),
            message_id="letter-1@mail.example.org", date=WHEN, hostname="mail.example.org",
            in_reply_to=given_["answered"],
        )  # fmt: skip

    said = dict.fromkeys(("subject", "reason", "person", "why", "address"), subject)
    made = write(name=name, answered=answered, arguments=said | {"reason": reason})
    plain = {tuple(_names(write(name="Dev", answered=one))) for one in ("", "<1@example.com>")}
    assert tuple(_names(made)) in plain
    assert made.count(b"\r") == made.count(b"\n") == made.count(b"\r\n")
    assert "Bcc" not in message_from_bytes(made, policy=policy.default)


# ---------------------------------------------------------------- V26: markup and formulas


@pytest.mark.parametrize("kind", LetterKind)
def test_nothing_in_a_letter_becomes_markup(kind: LetterKind) -> None:
    evil = "<script>alert(1)</script><a href='https://evil.example'>x</a>"
    texts = dict.fromkeys(("subject", "reason", "person", "name", "group", "why", "address"), evil)
    raw = letter(
        kind, "en", "ada@example.com", texts, group=_group(evil), message_id="letter-1@mail.example.org",
        date=WHEN, hostname="mail.example.org",
    )  # fmt: skip
    for part in message_from_bytes(raw, policy=policy.default).walk():
        if part.get_content_type() == "text/html":
            text = part.get_content()
            assert "<script" not in text
            assert "evil.example'" not in text


def _imports() -> Iterator[tuple[str, str]]:
    """Every module of ours (the pocket workspace is the other side) with each name it imports."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "sandbox" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    yield from ((str(path.relative_to(ROOT)), alias.name) for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module:
                    yield str(path.relative_to(ROOT)), node.module


def test_no_archive_is_opened_and_every_table_is_written_guarded() -> None:
    """V17, V26. What is never unpacked is no bomb; a cell that is told to be text is no formula.

    What is packed is our own: a half-made form, and a change of a roster that waits. Tables are written in one place.
    """
    packing = {"zipfile", "tarfile", "gzip", "bz2", "lzma", "zlib", "csv"}
    found = {(path, name) for path, name in _imports() if name.partition(".")[0] in packing}
    ours = {"bot/views/draft.py", "store/proposals.py", "store/privacy/erasure.py"}
    reading, writing = "store/exchange/sheet.py", "store/spreadsheet.py"
    assert found == {*((path, "zlib") for path in ours), (reading, "csv"), (writing, "csv")}
    assert "csv.writer" not in (ROOT / reading).read_text()
    for cell in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1"):
        assert spreadsheet.guarded(cell) == f"'{cell}"
        assert spreadsheet.unguarded(f"'{cell}") == cell
    assert spreadsheet.guarded("a=1") == "a=1"
