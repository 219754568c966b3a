"""A mailbox that stops working, day by day over real sockets: its bounces, the probe, the warnings and the removal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from mailbridge import scoring
from mailbridge.deliver import route
from mailbridge.deliver.editions import Publisher
from mailbridge.deliver.pool import pools
from mailbridge.deliver.worker import Worker
from mailbridge.resolver import Resolver
from store import lanes
from store.engine import Database
from store.schema.membership import Membership
from store.terms import Receiving
from tests.conftest import Clock
from tests.mailbridge.deliver.scripted import Mail, ScriptedHop
from tests.mailbridge.intake.room import Room, add_member, opened
from tests.mailbridge.intake.test_bounces import report

DAY = 86_400
POST = "From: Ann <a@example.com>\r\nTo: dev@example.org\r\nSubject: Day {day}\r\nMessage-ID: <{day}@x>\r\n\r\nHi\r\n"


class Town:
    """A listener, a worker and a next hop that keeps all; a clock that stands until a test moves it."""

    def __init__(self, room: Room, hop: ScriptedHop, clock: Clock) -> None:
        self.room = room
        self.hop = hop
        self.clock = clock
        self.seen = 0
        self.day = 0

    async def mails(self, count: int) -> list[Mail]:
        """The next `count` mails at the hop."""
        async with asyncio.timeout(60):
            while len(self.hop.mails) < self.seen + count:
                await asyncio.sleep(0.02)
        found = self.hop.mails[self.seen :]
        self.seen += count
        assert len(found) == count
        return found

    async def returned(self, mail: Mail) -> str:
        """The mail comes back to its return path, as from a full mailbox. The reply."""
        raw = report(*mail.recipients)
        # Our own settling may be a moment behind the hop's 250: then we ask the hop to come again.
        async with asyncio.timeout(60):
            while True:
                client = await self.room.client()
                heard = await client.submit(raw, mail.mail_from, sender="")
                if not heard.startswith("4"):
                    return heard
                await asyncio.sleep(0.05)

    async def post(self, contacts: int, *back: str) -> set[str]:
        """A post, some of whose copies come back; who got one. A day passes."""
        self.day += 1
        client = await self.room.client()
        assert (await client.submit(POST.format(day=self.day), "dev@example.org")).startswith("250")
        mails = await self.mails(contacts)
        for mail in mails:
            if mail.recipients[0] in back:
                assert (await self.returned(mail)).startswith("250")
        self.clock.advance(900)
        await scoring.run(self.room.database, by_domain=False)
        self.clock.advance(DAY - 900)
        return {mail.recipients[0] for mail in mails}

    async def receiving(self, member: int) -> Receiving | None:
        async with self.room.database.reading() as tx:
            row = await tx.get(Membership, member)
            return row.receiving if row else None


@pytest.fixture
async def town(database: Database, clock: Clock) -> AsyncIterator[Town]:
    hop = await ScriptedHop().start()
    async with opened(database) as room:
        way = route.parse(f"smtp://127.0.0.1:{hop.port}?tls=none", mx_port=25, mx_allow=())
        worker = Worker(
            database,
            Publisher("mail.example.org", room.house.directory.tokens, None),
            pools(way, Resolver(()), helo="mail.example.org", random=lambda: 0.5),
            lanes.Limits(way.connections, way.rate, way.daily),
            max_unsettled=200,
            by_domain=False,
        )
        working = asyncio.create_task(worker.run())
        yield Town(room, hop, clock)
        worker.stop()
        await working
    await hop.stop()


async def test_a_mailbox_that_fails_is_given_up_step_by_step_and_one_that_recovers_is_not(
    town: Town,
) -> None:
    room = town.room
    well, gone, ill = [
        await add_member(room.database, room.group_id, f"{name}@example.net") for name in ("well", "gone", "ill")
    ]
    for _ in range(4):
        await town.post(3, "gone@example.net", "ill@example.net")
    everybody = await town.post(3, "gone@example.net")  # the fifth day; the other one works again
    assert everybody == {"well@example.net", "gone@example.net", "ill@example.net"}

    [probe] = await town.mails(1)
    assert probe.recipients == ["gone@example.net"]
    assert probe.mail_from.startswith("bounces+")
    assert probe.mail_from.endswith("@example.org")
    assert b"Does your address for Dev still work?" in probe.content
    await town.returned(probe)
    await scoring.run(room.database, by_domain=False)
    assert await town.receiving(gone) is Receiving.BOUNCING
    assert await town.post(2) == {"well@example.net", "ill@example.net"}

    for count in range(3):
        assert await scoring.warn(room.database, by_domain=False) == 1
        [warning] = await town.mails(1)
        assert (warning.recipients, warning.mail_from) == (["gone@example.net"], "")
        assert b"are stopped" in warning.content
        assert await town.receiving(gone) is Receiving.BOUNCING, count
        town.clock.advance(7 * DAY)
    await scoring.warn(room.database, by_domain=False)
    assert await town.receiving(gone) is None

    # The other's four days are long past: a new bounce is its first.
    assert await town.post(2, "ill@example.net") == {"well@example.net", "ill@example.net"}
    assert await town.receiving(ill) is Receiving.ON
    assert await town.receiving(well) is Receiving.ON
    assert len(town.hop.mails) == town.seen
