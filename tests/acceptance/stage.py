"""What the acceptance plays on: a temporary installation of its own, beside the workspace of the tokens it was given.

The database, the bridge, the bot and the mail room are processes of this machine on loopback ports that are free, in a
folder that goes with them. The mail room is the only next hop and the only nameserver: no mail leaves the machine.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from bot.sandbox.maildriver import MailDriver
from bot.sandbox.processes import Ports, ProcessDiedError, Processes, environment
from bot.settings import SLACK_API
from store.engine import Database, Reading
from store.schema.group import Group
from store.schema.person import Person
from tests.acceptance.workspace import Workspace

T = TypeVar("T")
LOOK_SECONDS = 0.2
OWN_SECONDS = 60.0


class Failed(Exception):  # noqa: N818 - the outcome of a step
    """A step did not come out as it should; the text says what was seen and what to do."""


class Skipped(Exception):  # noqa: N818 - as above
    """A step that cannot be gone here; the text says why."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a run is about. `patience` is how many seconds a person may take for a step."""

    bot_token: str = field(repr=False)
    app_token: str = field(repr=False)
    channel: str
    api_url: str = SLACK_API
    command: str = "/group"
    operators: str = ""
    patience: float = 300.0

    def quiet(self, line: str) -> str:
        """The line without the tokens, wherever they came from."""
        for token in (self.bot_token, self.app_token):
            line = line.replace(token, f"{token[:5]}…")
        return line


@dataclass
class Stage:
    """One run. `number` makes what it posts its own; `group` and `person` are those that the human's first step made
    known."""

    given: Given
    folder: Path
    number: str
    slack: Workspace
    mail: MailDriver
    database: Database
    processes: Processes
    variables: dict[str, str]
    tell: Callable[[str], None]
    channel_name: str = ""
    group: Group | None = None
    person: Person | None = None
    watching: asyncio.Task[None] | None = None

    async def doctor(self) -> list[dict[str, Any]]:
        """The findings of `python -m bot doctor`. Raises Failed where it cannot begin."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "doctor", "--json", cwd=self.folder, env=self.variables,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, complaint = await process.communicate()
        if process.returncode not in (0, 1):
            raise Failed(complaint.decode(errors="replace").strip())
        findings: list[dict[str, Any]] = json.loads(said)
        return findings

    async def begin(self) -> None:
        """Start the mail room, the bridge and the bot; whichever ends before its time fails the step that waits."""
        await self.processes.start("bot.sandbox", "--mailroom")
        await self.processes.start("mailbridge")
        await self.processes.start("bot")
        self.watching = asyncio.create_task(self.processes.watch())

    async def open(self) -> bool:
        """Whether the mail room and the bridge answer already."""
        doors = (f"{self.mail.base}/pocket/info", f"{self.variables['POSTROOM_PUBLIC_URL']}/health")
        try:
            for door in doors:
                async with self.mail.session.get(door) as answer:
                    if answer.status != 200:
                        return False
        except aiohttp.ClientError:
            return False
        return True

    async def end(self) -> None:
        """End the processes: nothing is posted any more."""
        if self.watching is not None:
            self.watching.cancel()
            await asyncio.gather(self.watching, return_exceptions=True)
        await self.processes.end()

    async def until(
        self, look: Callable[[Reading], Awaitable[T | None]], what: str, *, seconds: float = OWN_SECONDS
    ) -> T:
        """What the database shows once it shows something. Raises Failed naming `what` where that does not come."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            async with self.database.reading() as tx:
                found = await look(tx)
            if found is not None:
                return found
            if self.watching is not None and self.watching.done():
                raise Failed(str(self.watching.exception()))
            if asyncio.get_running_loop().time() > deadline:
                raise Failed(f"{what}: not within {seconds:g} s")
            await asyncio.sleep(LOOK_SECONDS)

    async def asked(self, told: str, look: Callable[[Reading], Awaitable[T | None]], what: str) -> T:
        """Tell the human what to do, and wait until the database shows that it was done."""
        self.tell(f"     → {told}")
        return await self.until(look, what, seconds=self.given.patience)


@asynccontextmanager
async def opened(given: Given, folder: Path, number: str, tell: Callable[[str], None]) -> AsyncIterator[Stage]:
    """A stage with its database made and nothing running yet. Raises ProcessDiedError. All has ended when it closes."""
    ports = Ports.free()
    variables = environment(ports, folder) | {
        "SLACK_BOT_TOKEN": given.bot_token,
        "SLACK_APP_TOKEN": given.app_token,
        "SLACK_API_URL": given.api_url,
        "POSTROOM_COMMAND": given.command,
        "POSTROOM_OPERATORS": given.operators,
    }
    processes = Processes(folder, variables)
    await processes.run("store", "upgrade")
    async with AsyncExitStack() as stack:
        database = await Database.open(variables["POSTROOM_DATABASE_URL"])
        stack.push_async_callback(database.close)
        slack = Workspace.connect(token=given.bot_token, api_url=given.api_url)
        stack.push_async_callback(slack.close)
        mail = await stack.enter_async_context(MailDriver(f"http://127.0.0.1:{ports.page}"))
        stage = Stage(given, folder, number, slack, mail, database, processes, variables, tell)
        stack.push_async_callback(stage.end)
        yield stage


__all__ = ["Failed", "Given", "ProcessDiedError", "Skipped", "Stage", "opened"]
