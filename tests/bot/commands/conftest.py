"""A whole office: a pocket workspace, the bot connected to it by Socket Mode, and a real database behind."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.app.line import SocketLine
from bot.app.listeners import build
from bot.app.tables import TABLES
from bot.context import Services
from bot.directory import Directory
from bot.guarded import Guard
from bot.sandbox.app import Sandbox
from bot.sandbox.driver import Pocket
from bot.sandbox.people import BOT_USER
from bot.sandbox.settings import Listen, Settings
from bot.settings import BotSettings
from bot.slack import Slack
from store import memberships, persons
from store.engine import Database
from store.schema.group import Group
from store.schema.membership import Membership
from tests import postgres
from tests.bot.conftest import ACK_DEADLINE, SUBMIT_SECONDS
from tests.store.named import named

FREE = Listen("127.0.0.1", 0)
DOMAIN = "groups.example.org"
TEAM = f"team@{DOMAIN}"
FIRST = {"local": "team", "display_name": "The team", "report_channel": "C0REPORTS"}
BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
BOT_ID = BOT_USER
ADA, GRACE, LINUS, MARGARET, GIL, NOOR = "U0ADA", "U0GRACE", "U0LINUS", "U0MARGARET", "U0GIL", "U0NOOR"


@dataclass(slots=True)
class Office:
    """The pocket's driver, the store, and what the bot runs on."""

    pocket: Pocket
    sandbox: Sandbox
    database: Database
    services: Services

    async def ask(self, person: str, text: str) -> str:
        """A command typed in #general; gives what the person is told there."""
        before = await self.pocket.messages(person, "#general")
        await self.pocket.command(person, "#general", f"/group {text}".rstrip())
        after = before[-1]["ts"] if before else "0"
        return self.pocket.text(await self.pocket.wait_message(person, "#general", "", after=after))

    async def form(self, person: str, text: str, contains: str = "") -> dict[str, Any]:
        """A command that opens a modal; gives the modal."""
        await self.pocket.command(person, "#general", f"/group {text}")
        return await self.pocket.wait_modal(person, contains=contains)

    async def submit(self, person: str) -> dict[str, Any]:
        """Submit the top modal; gives the answer, once the form no longer says that it takes a moment."""
        answer = await self.pocket.submit(person)

        async def settled() -> bool:
            modal = await self.pocket.modal(person)
            return modal is None or "This takes a moment" not in self.pocket.text(modal)

        await self.pocket.wait_for(settled, 30, f"the result of {person}'s form")
        return answer

    async def group(self, address: str = TEAM) -> Group | None:
        """The group at an address, if there is one."""
        async with self.database.reading() as tx:
            return await named(tx, address)

    async def place(self, slack_id: str) -> Membership | None:
        """A person's membership of the team."""
        async with self.database.reading() as tx:
            person = await persons.by_slack(tx, slack_id)
            group = await named(tx, TEAM)
            assert person is not None
            assert group is not None
            return await memberships.find(tx, group.id, person_id=person.id)

    async def roster(self) -> dict[str, str]:
        """Who is in the team, by Slack id or address, with their flags by first letter."""
        found = {}
        async with self.database.reading() as tx:
            group = await named(tx, TEAM)
            assert group is not None
            for row in await memberships.page(tx, group.id, limit=1000):
                person = await persons.get(tx, row.person_id) if row.person_id else None
                flags = {"A": row.administrator, "M": row.moderator, "C": row.contact}
                name = person.slack_id if person else str(row.address)
                found[name] = "".join(letter for letter, held in flags.items() if held)
        return found

    async def first(self, **changed: Any) -> dict[str, Any]:
        """Open the wizard as Ada, fill in step 1 and submit it; gives what she saw."""
        await self.form(ADA, "create", contains="1 of 3")
        await self.pocket.fill(ADA, FIRST | changed)
        return await self.submit(ADA)

    async def second(self, **picked: Any) -> dict[str, Any]:
        """Step 1 as it should be, then step 2 with these people."""
        assert (await self.first())["ok"]
        await self.pocket.fill(ADA, picked)
        return await self.submit(ADA)

    async def more(self, person: str, typed: dict[str, Any]) -> dict[str, Any]:
        """From step 1 to the page behind it, these typed there, and back; gives the answer."""
        await self.pocket.click(person, "wizard.more")
        await self.pocket.wait_modal(person, contains="Aliases")
        await self.pocket.fill(person, typed)
        return await self.submit(person)

    async def create(self, address: str = "team", *, by: str = ADA, people: dict[str, Any] | None = None,
                     **settings: Any) -> str:  # fmt: skip
        """A group made in the wizard, as the person would; gives what they are told."""
        await self.form(by, "create", contains="1 of 3")
        given = FIRST | {"local": address} | settings
        await self.pocket.fill(by, given)
        first = await self.submit(by)
        assert first["ok"], first
        await self.pocket.fill(by, people or {})
        second = await self.submit(by)
        assert second["ok"], second
        third = await self.submit(by)
        assert third["ok"], third
        told = self.pocket.text(await self.pocket.wait_modal(by))
        assert "takes mail now" in told, told
        await self.pocket.close(by, everything=True)
        return told


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """SQLite, unless a test is marked with BOTH: what the bot says does not depend on the engine."""
    if getattr(request, "param", "sqlite") == "sqlite":
        path = tmp_path / "office.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
async def office(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """Everybody of the workspace known, nobody in a group yet."""
    monkeypatch.setattr("bot.guarded.SUBMIT_SECONDS", SUBMIT_SECONDS)
    async with AsyncExitStack() as stack:
        sandbox = Sandbox(Settings(listen=FREE, sink=FREE, tiers=False, ack_deadline=ACK_DEADLINE))
        await sandbox.start()
        stack.push_async_callback(sandbox.stop)
        pocket = await stack.enter_async_context(Pocket(sandbox.base))
        settings = BotSettings.load(
            domains=(DOMAIN,),
            published_domains=("example.net",),
            secret="a secret of the tests",
            bot_token=sandbox.settings.bot_token,
            app_token=sandbox.settings.app_token,
            api_url=f"{sandbox.base}/api/",
        )
        slack = Slack.connect(token=sandbox.settings.bot_token, api_url=settings.api_url)
        stack.push_async_callback(slack.close)
        await slack.authenticate()
        directory = Directory(database, slack, settings.operators)
        await directory.crawl()
        services = Services(database, settings, slack, directory)
        guard = Guard(services)
        line = SocketLine(build(services, guard, TABLES), sandbox.settings.app_token)
        await line.connect()
        stack.push_async_callback(line.close)
        stack.push_async_callback(guard.drain, 5.0)
        yield Office(pocket, sandbox, database, services)
