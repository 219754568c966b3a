"""The bot beside a pocket Slack, in one loop, over real HTTP and WebSockets."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.app import life
from bot.sandbox.app import Sandbox
from bot.sandbox.driver import Pocket
from bot.sandbox.settings import Listen, Settings
from bot.settings import BotSettings
from store import groups, memberships, persons
from store.engine import Database, Writing
from store.groups import NewGroup
from store.names import Served
from store.roster import Entry
from store.schema.group import Group
from store.schema.notice import Placement
from store.schema.person import Person
from store.terms import Actor, Address

SERVED = Served(("groups.example.org",))
SYSTEM = Actor("system")
# Slack waits three seconds for an answer, and a busy machine takes them: what is said, not when, is what these test.
SUBMIT_SECONDS, ACK_DEADLINE = 20.0, 25.0


@dataclass
class Office:
    """A workspace with the bot in it, and the store behind."""

    pocket: Pocket
    sandbox: Sandbox
    database: Database
    settings: BotSettings
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    running: asyncio.Task[int] | None = None

    def begin(self) -> asyncio.Task[int]:
        """Start the bot, and wait for nothing."""
        self.stop = asyncio.Event()
        self.running = asyncio.create_task(life.run(self.settings, self.stop))
        return self.running

    async def start(self) -> None:
        """Start the bot, and wait until it hears and knows the workspace."""
        await self.listening(self.begin())

    async def end(self) -> None:
        """Stop it as SIGTERM does."""
        if self.running is not None:
            self.stop.set()
            assert await self.running == 0

    async def stop_and_start(self) -> None:
        await self.end()
        await self.start()

    async def listening(self, running: asyncio.Task[int]) -> None:
        """Until the socket is open and the directory knows the workspace."""
        async with asyncio.timeout(15):
            await self._listening(running)

    async def _listening(self, running: asyncio.Task[int]) -> None:
        while True:
            if running.done():
                running.result()
            async with self.database.reading() as tx:
                known = await persons.by_slack(tx, "U0ADA")
            if known is not None and (await self.pocket.get("control"))["connections"]:
                return
            await asyncio.sleep(0.02)

    async def person(self, handle: str) -> Person:
        """A person of the workspace as the directory keeps them."""
        async with self.database.writing() as tx:
            return await persons.upsert(tx, persons.Profile(f"U0{handle.upper()}", handle, f"{handle}@example.org"))

    async def group(self, local: str = "team", **settings: Any) -> Group:
        """A group on the served domain, of which Ada is administrator and Grace moderator."""
        ada, grace = await self.person("ada"), await self.person("grace")
        new = NewGroup(
            address=f"{local}@{SERVED.domains[0]}",
            display_name=local.title(),
            administrators=(Entry(None, ada.id, "Ada"),),
            moderators=(Entry(None, grace.id, "Grace"),),
            **settings,
        )
        async with self.database.writing() as tx:
            group = await groups.create(tx, new, SERVED, SYSTEM)
        await self.quiet()
        return group

    async def placements(self) -> list[Placement]:
        """Every copy of every notice."""
        async with self.database.reading() as tx:
            return list((await tx.exec(select(Placement))).all())

    async def quiet(self) -> None:
        """Until all that is to be said was said."""

        async def said() -> bool:
            return not any(p.state != "dead" and p.shown < p.wanted for p in await self.placements())

        await self.until(said)

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Until something holds in the store, of which nobody tells."""
        async with asyncio.timeout(15):
            while not await holds():
                await asyncio.sleep(0.01)

    async def enrol(self, tx: Writing, group: Group, *addresses: str) -> None:
        """Contacts with addresses outside the workspace."""
        assert group.id is not None
        entries = [Entry(Address.parse(address), None, "") for address in addresses]
        await memberships.enrol(tx, group.id, entries, contact=True, actor=SYSTEM)


def settings_for(sandbox: Sandbox, url: str, **more: Any) -> BotSettings:
    """What the environment would give the bot beside this sandbox."""
    given: dict[str, Any] = {
        "database_url": url,
        "domains": SERVED.domains,
        "secret": "test-secret-of-some-length",
        "bot_token": sandbox.settings.bot_token,
        "app_token": sandbox.settings.app_token,
        "api_url": f"{sandbox.base}/api/",
    }
    return BotSettings.load(**(given | more))


@asynccontextmanager
async def open_office(url: str, sandbox: Sandbox, **more: Any) -> AsyncIterator[Office]:
    """Run the bot beside a started sandbox until the block ends."""
    settings = settings_for(sandbox, url, **more)
    async with AsyncExitStack() as stack:
        database = await Database.open(url)
        stack.push_async_callback(database.close)
        office = Office(await stack.enter_async_context(Pocket(sandbox.base)), sandbox, database, settings)
        stack.push_async_callback(office.end)
        await office.start()
        yield office


@pytest.fixture
def bot_url(tmp_path: Path, sqlite_template: Path) -> str:
    """An empty SQLite database: what the bot says does not depend on the engine, the store's tests run on both."""
    path = tmp_path / "bot.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
async def pocket_slack(free_port: Callable[[], int]) -> AsyncIterator[Sandbox]:
    """A started sandbox on free ports, with Slack's rate limits off."""
    sink = Listen("127.0.0.1", free_port())
    sandbox = Sandbox(Settings(listen=Listen("127.0.0.1", 0), sink=sink, tiers=False, ack_deadline=ACK_DEADLINE))
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def office(bot_url: str, pocket_slack: Sandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    monkeypatch.setattr("bot.guarded.SUBMIT_SECONDS", SUBMIT_SECONDS)
    async with open_office(bot_url, pocket_slack) as opened:
        yield opened
