"""All that a whole story needs: a database, a pocket Slack, a counting next hop, and our programs as processes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiosmtplib
from sqlmodel import col, select

from bot.sandbox.app import Sandbox
from bot.sandbox.driver import Pocket
from store import groups, persons, reports
from store.engine import Database
from store.names import Served
from store.reports import Report
from store.roster import Entry
from store.schema.audit import Audit
from store.schema.group import Group
from store.schema.lane import Lane
from store.schema.notice import Notice, Placement
from store.schema.post import Post
from store.signal import Topic
from store.terms import Address, NoticeKind, PostState
from tests.flows.program import Program
from tests.flows.sink import CountingSink

DOMAIN = "groups.example.org"
FRONT = "front.example.org"
AUTHOR = "ada@example.org"
REPORTS = "C0REPORTS"
SIGNING = "a signing secret of these tests alone"
PATIENCE = 90.0


def contacts(count: int) -> list[str]:
    """So many addresses outside the workspace."""
    return [f"contact{number:05d}@example.net" for number in range(count)]


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@dataclass
class Town:
    """`names` is the nameserver, `relay` the query of POSTROOM_RELAY, `http` the port where Slack's requests come in,
    if it is to call us; what is started is killed by `close`."""

    folder: Path
    url: str
    database: Database
    sandbox: Sandbox
    pocket: Pocket
    sink: CountingSink
    smtp: int
    web: int
    names: str
    relay: str = "tls=none"
    http: int | None = None
    programs: list[Program] = field(default_factory=list)
    _mails: int = 0

    def settings(self) -> dict[str, str]:
        """The environment of both programs."""
        return {
            "POSTROOM_DATABASE_URL": self.url,
            "POSTROOM_DOMAINS": DOMAIN,
            "POSTROOM_SECRET": "a secret of these tests alone",
            "POSTROOM_RELAY": f"smtp://127.0.0.1:{self.sink.port}?{self.relay}",
            "POSTROOM_SMTP_LISTEN": f"127.0.0.1:{self.smtp}",
            "POSTROOM_WEB_LISTEN": f"127.0.0.1:{self.web}",
            "POSTROOM_PUBLIC_URL": f"http://127.0.0.1:{self.web}",
            "POSTROOM_AUTHSERV_ID": FRONT,
            "POSTROOM_TRUSTED_RELAYS": "127.0.0.1",
            "POSTROOM_NAMESERVERS": self.names,
            "SLACK_BOT_TOKEN": self.sandbox.settings.bot_token,
            "SLACK_APP_TOKEN": self.sandbox.settings.app_token,
            "SLACK_SIGNING_SECRET": SIGNING,
            "SLACK_API_URL": f"{self.sandbox.base}/api/",
        }

    async def run(self, module: str, *arguments: str, **changed: str | None) -> Program:
        """Start a program; `changed` settings win, None leaves one out. Returns at once."""
        given = {name: value for name, value in (self.settings() | changed).items() if value is not None}
        program = await Program.start(self.folder, given, module, *arguments)
        self.programs.append(program)
        return program

    async def bridge(self, *arguments: str, **changed: str | None) -> Program:
        """The bridge, once it takes mail."""
        program = await self.run("mailbridge", *arguments, **changed)
        await program.says("bridge.started")
        return program

    async def bot(self, **changed: str | None) -> Program:
        """The bot, once it hears Slack and knows the people."""
        program = await self.run("bot", *self.hearing(), **changed)
        await program.says("directory.crawled")
        await self.until(self.connected)
        return program

    def hearing(self) -> list[str]:
        """How the bot is told to hear Slack."""
        return ["--http", f"127.0.0.1:{self.http}"] if self.http else []

    async def connected(self) -> bool:
        """Whether a bot hears Slack: its socket is open, or it listens."""
        if self.http is None:
            return bool((await self.pocket.get("control"))["connections"])
        return await _listens(self.http)

    async def listens(self) -> bool:
        """Whether the bridge takes connections."""
        return await _listens(self.smtp)

    async def close(self) -> None:
        """Kill what still runs."""
        for program in self.programs:
            await program.kill()

    # ------------------------------------------------------------ doing

    async def group(self, local: str, addresses: Sequence[str], **settings: Any) -> Group:
        """A group that Ada administers and Grace moderates, with these contacts, whose reports go to #reports."""
        async with self.database.writing() as tx:
            ada = await persons.upsert(tx, persons.Profile("U0ADA", "Ada", AUTHOR, operator=True))
            grace = await persons.upsert(tx, persons.Profile("U0GRACE", "Grace", "grace@example.org", operator=True))
            new = groups.NewGroup(
                f"{local}@{DOMAIN}",
                administrators=(Entry(None, ada.id, "Ada"),),
                moderators=(Entry(None, grace.id, "Grace"),),
                contacts=tuple(Entry(Address.parse(address)) for address in addresses),
                **({"report_channel": REPORTS} | settings),
            )
            return await groups.create(tx, new, Served((DOMAIN,)), persons.actor(ada))

    def mail(self, to: str) -> bytes:
        """A new mail of Ada's, whose authorship a trusted front relay has proved."""
        self._mails += 1
        return (
            f"Authentication-Results: {FRONT}; dmarc=pass header.from=example.org\r\n"
            f"From: Ada <{AUTHOR}>\r\nTo: {to}\r\nSubject: Story {self._mails}\r\n"
            f"Message-ID: <story-{self._mails}@example.org>\r\nDate: Mon, 02 Mar 2026 09:00:00 +0000\r\n\r\n"
            "It begins.\r\n"
        ).encode()

    async def submit(self, to: str, raw: bytes | None = None) -> str:
        """Mail the group as Ada; gives the text of the 250. Raises aiosmtplib's errors."""
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=self.smtp, timeout=30) as session:
            refused, said = await session.sendmail(AUTHOR, [to], raw or self.mail(to))
        assert not refused
        return said

    async def waited(self, *, next_day: bool = False) -> None:
        """What the relay's lane waits for is over at once: it waits a minute at least, or for the next day."""
        async with self.database.writing() as tx:
            lane = (await tx.exec(select(Lane).where(Lane.key == "relay"))).one()
            if next_day:
                assert lane.day is not None
                lane.day -= timedelta(days=1)
            else:
                assert lane.waiting_until is not None
                lane.waiting_until = tx.now
            tx.add(lane)
            tx.wake(Topic.DELIVER)

    # ------------------------------------------------------------ looking

    async def posts(self) -> list[Post]:
        """Every post, oldest first."""
        async with self.database.reading() as tx:
            return list((await tx.exec(select(Post).order_by(col(Post.id)))).all())

    async def report(self, post_id: int | None) -> Report:
        """A post's report as the store has it now."""
        assert post_id is not None
        async with self.database.reading() as tx:
            found = await reports.report(tx, post_id)
        assert found is not None
        return found

    async def finished(self) -> Report:
        """The report of the only post, once no copy of it is open."""
        await self.until(self.all_done)
        (post,) = await self.posts()
        return await self.report(post.id)

    async def all_done(self) -> bool:
        """Whether there are posts, and no copy of any is open."""
        found = await self.posts()
        return bool(found) and all(post.done_at is not None for post in found if post.state is PostState.ACCEPTED)

    async def verbs(self) -> list[str]:
        """What the audit says was done, in order."""
        async with self.database.reading() as tx:
            return list((await tx.exec(select(Audit.verb).order_by(col(Audit.id)))).all())

    async def lane(self) -> Lane:
        """The relay's lane."""
        async with self.database.reading() as tx:
            return (await tx.exec(select(Lane).where(Lane.key == "relay"))).one()

    async def placements(self, kind: NoticeKind) -> list[Placement]:
        """Every copy of every notice of a kind."""
        async with self.database.reading() as tx:
            query = select(Placement).join(Notice, col(Notice.id) == col(Placement.notice_id))
            return list((await tx.exec(query.where(Notice.kind == kind))).all())

    async def shown(self, contains: str) -> list[str]:
        """What #reports shows that contains this, oldest first."""
        messages = await self.pocket.messages("ada", "#reports")
        return [text for text in map(self.pocket.text, messages) if contains in text]

    async def until(self, holds: Callable[[], Awaitable[bool]], seconds: float = PATIENCE) -> None:
        """Until something holds of which nobody tells. Raises AssertionError with what the programs said."""
        try:
            async with asyncio.timeout(seconds):
                while not await holds():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            said = "\n".join(line for program in self.programs for line in program.lines[-20:])
            raise AssertionError(f"{holds.__name__} did not come to hold:\n{said}") from None
