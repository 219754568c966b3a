"""A pocket workspace with the real bot and the real bridge beside it, and groups to begin a story with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.sandbox.demo import MODULES, ready
from bot.sandbox.driver import Pocket
from bot.sandbox.processes import Ports, Processes, environment
from store import groups, persons
from store.engine import Database
from store.names import Served
from store.roster import Entry
from store.terms import Address

DOMAIN = "groups.example.org"
REPORTS = "C0REPORTS"
MODERATORS = "C0MODERATORS"
TOKEN = "xoxb-pocket-demo"  # the bot's, of the demo's settings


@dataclass(frozen=True)
class Place:
    """What runs. `base` is the page's address."""

    base: str
    pocket: Pocket
    database: Database
    processes: Processes

    @property
    def said(self) -> str:
        """The end of what each process said."""
        return "\n".join(f"--- {module}\n{self.processes.tail(module)}" for module in MODULES)

    async def everybody(self) -> list[str]:
        """The Slack ids of who can act."""
        people = (await self.pocket.get("people"))["people"]
        return [person["id"] for person in people if not person["bot"] and not person["deactivated"]]

    async def group(self, local: str, *contacts: str, **settings: Any) -> str:
        """The address of a new group that Ada administers. It is moderated; contacts are handles, or addresses."""
        new = {"report_channel": REPORTS, "moderation_channel": MODERATORS} | settings
        async with self.database.writing() as tx:
            ada = await persons.upsert(tx, persons.Profile("U0ADA", "Ada Byron", "ada@example.org", operator=True))
            made = await groups.create(
                tx,
                groups.NewGroup(
                    f"{local}@{DOMAIN}",
                    administrators=(Entry(None, ada.id, ada.name),),
                    contacts=tuple(Entry(Address.parse(_address(one))) for one in contacts),
                    **new,
                ),
                Served((DOMAIN,)),
                persons.actor(ada),
            )
            return made.address


def _address(contact: str) -> str:
    return contact if "@" in contact else f"{contact}@example.org"


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Place]:
    """The demo's processes on free ports, Slack's rate limits off. All have ended when the block ends."""
    ports = Ports.free()
    variables = environment(ports, folder)
    processes = Processes(folder, variables)
    try:
        await processes.run("store", "upgrade")
        for module in MODULES:
            await processes.start(module)
        database = await Database.open(variables["POSTROOM_DATABASE_URL"])
        try:
            async with Pocket(f"http://127.0.0.1:{ports.page}") as pocket:
                await ready(pocket, ports)
                await pocket.control(tiers=False)
                yield Place(pocket.base, pocket, database, processes)
        finally:
            await database.close()
    finally:
        await processes.end()
