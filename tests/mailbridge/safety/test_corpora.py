"""V14: every mail of every corpus, with line ends of each kind, through a whole bridge that checks its author.

One transaction takes it to groups of every setting. What a reply may refuse is what the contract names; nothing fails,
nothing is dear, and the event loop goes on.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func
from sqlmodel import col, select
from structlog.testing import capture_logs

from store.schema.post import Post
from store.terms import Copies, Language, PostState, SlackContent
from tests.mailbridge.intake.room import Client, add_group, add_member
from tests.mailbridge.safety import meter
from tests.mailbridge.whole.bridge import Whole, opened
from tests.mailbridge.whole.test_corpora import CORPORA, REFUSED

ENDS: dict[str, Callable[[bytes], bytes]] = {
    "as they are": lambda raw: raw,
    "LF made CRLF": lambda raw: re.sub(rb"(?<!\r)\n", b"\r\n", raw),
    "all made CRLF": lambda raw: re.sub(rb"\r\n|\r|\n", b"\r\n", raw),
    "all made CR": lambda raw: re.sub(rb"\r\n|\r|\n", b"\r", raw),
}
# Both accept: of what is held only so much may wait.
GROUPS: dict[str, dict[str, Any]] = {
    "open": {},
    "shared": {"copies": Copies.SHARED, "hidden": True, "language": Language.FR, "slack_content": SlackContent.EXCERPT},
}


def messages(ends: str) -> Iterator[tuple[str, bytes]]:
    """Each file with its line ends of a kind; its last line is ended, for the final dot stands on a line of its own."""
    for path in sorted(path for path in CORPORA.rglob("*") if path.suffix in {".eml", ".msg", ".txt"}):
        raw = ENDS[ends](path.read_bytes())
        yield str(path.relative_to(CORPORA)), raw if raw.endswith(b"\r\n") else raw + b"\r\n"


@pytest.fixture
async def whole(sqlite_template: Path, tmp_path: Path, free_port: Callable[[], int]) -> AsyncIterator[Whole]:
    """A bridge that trusts no relay, so that SPF, DKIM, ARC and DMARC are its own to check."""
    path = tmp_path / "postroom.db"
    path.write_bytes(sqlite_template.read_bytes())
    async with opened(f"sqlite+aiosqlite:///{path}", free_port, trusted_relays="", authserv_id="") as one:
        for name, settings in GROUPS.items():
            await add_member(one.database, await add_group(one.database, name, **settings), f"{name}@example.net")
        yield one


async def fresh(whole: Whole, before: Client | None = None) -> Client:
    """A client that has said hello; a session ends after twenty refusals."""
    if before is not None:
        await before.ask("QUIT")
        await before.closed()
    client = await whole.client()
    await client.ask("EHLO client.example.com")
    return client


async def submit(client: Client, raw: bytes) -> str:
    """To every group; the reply after the end."""
    for command in ("MAIL FROM:<a@example.com>", *(f"RCPT TO:<{name}@example.org>" for name in GROUPS)):
        assert (await client.ask(command)).startswith("250")
    assert (await client.ask("DATA")).startswith("354")
    await client.say(re.sub(rb"(?m)^\.", b"..", raw))
    return await client.ask(".")


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora are not here: set POSTROOM_CORPORA")
@pytest.mark.parametrize(
    ("ends", "least"), [("as they are", 0), ("LF made CRLF", 400), ("all made CRLF", 400), ("all made CR", 0)]
)
async def test_no_mail_is_a_fault_of_ours_or_dear(whole: Whole, ends: str, least: int) -> None:
    client = await fresh(whole)
    replies: dict[str, str] = {}
    with capture_logs() as logged:
        async with meter.running() as measured:
            for name, raw in messages(ends):
                began = time.process_time()
                replies[name] = await submit(client, raw)
                measured.note(name, began, len(raw))
                if not replies[name].startswith("250"):
                    client = await fresh(whole, client)
            async with whole.database.reading() as tx:
                accepted = (await tx.exec(select(func.count()).where(col(Post.state) == PostState.ACCEPTED))).one()
            await whole.carried(accepted)  # one contact each
    assert [entry for entry in logged if entry["log_level"] in {"error", "critical"}] == []
    odd = {
        name: reply
        for name, reply in replies.items()
        if not (reply.startswith("250 2.0.0 Ok: ") or REFUSED.match(reply))
    }
    assert odd == {}
    assert len(replies) > 500
    assert sum(reply.startswith("250") for reply in replies.values()) >= least
    assert measured.worst[0] < meter.CPU_SECONDS, measured.worst
    assert measured.stall < meter.STALL_SECONDS
    print(f"{accepted} copies; the dearest mail {measured.worst}, the longest piece {measured.stall:.3f} s")
