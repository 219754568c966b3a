"""V15, V16, V17: small mails that cost much elsewhere cost little here, whether for a group or at a return path."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from mailbridge.tokens import Tokens
from store.terms import Moderation, Posting
from tests.mailbridge.intake.room import add_group, add_member
from tests.mailbridge.safety import meter
from tests.mailbridge.safety.bombs import BOMBS, FROM
from tests.mailbridge.whole.bridge import Whole, opened


@pytest.fixture
async def whole(sqlite_template: Path, tmp_path: Path, free_port: Callable[[], int]) -> AsyncIterator[Whole]:
    """A bridge that checks authors itself, with a group of whose posts all are held."""
    path = tmp_path / "postroom.db"
    path.write_bytes(sqlite_template.read_bytes())
    async with opened(f"sqlite+aiosqlite:///{path}", free_port, trusted_relays="", authserv_id="") as one:
        settings = {"posting": Posting.MEMBERS, "moderation": Moderation.EVERYONE}
        for name, given in (("dev", {}), ("held", settings)):
            await add_member(one.database, await add_group(one.database, name, **given), f"{name}@example.net")
        yield one


@pytest.mark.parametrize("to", ["dev@example.org", "held@example.org", "bounces"])
async def test_nothing_small_costs_much(whole: Whole, to: str) -> None:
    """A megabyte takes less than a second of CPU, and the event loop goes on; where is said by the name of the bomb."""
    client = await whole.client()
    assert (await client.submit(FROM + b"\r\nfirst\r\n", "dev@example.org")).startswith("250")
    (first,) = await whole.carried(1)
    if to == "bounces":
        assert Tokens([b"correct-horse-battery-staple"]).read_bounce(
            first.mail_from.partition("+")[2].partition("@")[0]
        )
    with capture_logs() as logged:
        async with meter.running() as measured:
            for number, (name, bomb) in enumerate(BOMBS.items()):
                # Of one author only so many posts may wait.
                raw = bomb.replace(b"a@example.com", b"a%d@example.com" % number, 1)
                client = await whole.client()
                began = time.process_time()
                recipient, sender = (first.mail_from, "") if to == "bounces" else (to, "a@example.com")
                reply = await client.submit(raw, recipient, sender=sender)
                assert reply[0] in "25", (name, reply)
                measured.note(name, began, len(raw))
                await client.ask("QUIT")
    assert [entry for entry in logged if entry["log_level"] in {"error", "critical"}] == []
    assert {name: cost for name, cost in measured.costs.items() if cost > meter.CPU_SECONDS} == {}
    assert measured.stall < meter.STALL_SECONDS
    print(f"the dearest {measured.worst}, the longest piece {measured.stall:.3f} s")
