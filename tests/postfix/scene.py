"""A group published at Postfix's domain, the bridge that serves it, and hands to post to it and look at the outcome."""

from __future__ import annotations

import asyncio
import os
import smtplib
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar

from sqlmodel import col, select

from mailbridge.rewrite.keys import Algorithm
from store import groups, persons, reports
from store.engine import Database
from store.names import Served
from store.reports import Failure, Report
from store.roster import Entry
from store.schema.post import Post
from store.terms import Address
from tests.mailbridge.deliver.nameserver import Nameserver
from tests.mailbridge.rewrite.oracle import SELECTOR, key
from tests.postfix.front import AUTHOR, AUTHSERV_ID, PATIENCE_SECONDS, PUBLISHED, SERVED, Ports, answers, until
from tests.postfix.world import GONE, Arrival, Mailboxes

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
TEAM = f"team@{PUBLISHED}"
REACHED = ("bo@example.net", "cy@example.net")
CONTACTS = (*REACHED, GONE)


@dataclass(frozen=True, slots=True)
class Scene:
    """Postfix in front, the bridge behind it, the world's mailboxes and names, and the database both sides share."""

    database: Database
    nameserver: Nameserver
    mailboxes: Mailboxes
    ports: Ports
    group_id: int

    async def submit(
        self, to: str, subject: str, *, author: str = AUTHOR, return_path: str | None = None, text: str = "Hello.\n"
    ) -> None:
        """Hand Postfix a mail, as anybody's mail server would; the return path is the author's if none is given."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = author, to, subject
        mail["Message-ID"] = f"<{subject.replace(' ', '-')}@example.org>"
        mail["Date"] = "Mon, 02 Mar 2026 09:00:00 +0000"
        mail.set_content(text, cte="8bit")

        def hand_over() -> None:
            with smtplib.SMTP("127.0.0.1", self.ports.postfix, timeout=20) as session:
                session.send_message(mail, author if return_path is None else return_path, [to])

        await asyncio.to_thread(hand_over)

    async def post(self, subject: str) -> Post:
        """The post with that subject, once the bridge has it."""

        async def kept() -> Post | None:
            async with self.database.reading() as tx:
                return (await tx.exec(select(Post).where(col(Post.subject) == subject))).first()

        return await eventually(kept, f"a post {subject!r}")

    async def arrived(self, subject: str, count: int) -> list[Arrival]:
        """The mails with that subject, by recipient, once there are `count`."""

        async def enough() -> list[Arrival] | None:
            found = self.mailboxes.with_subject(subject)
            return found if len(found) >= count else None

        return await eventually(enough, f"{count} mails {subject!r}")

    async def report(self, post: Post, told: Callable[[Report], bool]) -> tuple[Report, list[Failure]]:
        """The report of a post and whom it names, once `told` holds of it."""
        assert post.id is not None
        post_id = post.id

        async def so_far() -> tuple[Report, list[Failure]] | None:
            async with self.database.reading() as tx:
                report = await reports.report(tx, post_id)
                named = await reports.failures(tx, post_id)
            return (report, named) if report is not None and told(report) else None

        return await eventually(so_far, "the report expected")


async def eventually(look: Callable[[], Awaitable[T | None]], what: str) -> T:
    """What `look` finds, once it finds something. Raises TimeoutError that names `what` was missed."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := await look()) is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"there never was {what}")
        await asyncio.sleep(0.02)
    return found


async def populate(database: Database) -> int:
    """Make the group with its contacts; its author administers it. Returns its id."""
    async with database.writing() as tx:
        ada = await persons.upsert(tx, persons.Profile("U1", "Ada", AUTHOR))
        contacts = tuple(Entry(Address.parse(text)) for text in CONTACTS)
        administrators = (Entry(None, ada.id, "Ada"),)
        new = groups.NewGroup(TEAM, "Team", administrators=administrators, contacts=contacts, report_channel="C1")
        group = await groups.create(tx, new, Served((SERVED,), (PUBLISHED,)), persons.actor(ada))
        assert group.route == f"team@{SERVED}"
        assert group.id is not None
        return group.id


@contextmanager
def bridge(folder: Path, url: str, ports: Ports, web: int, nameserver: str) -> Iterator[None]:
    """Run `python -m mailbridge` for as long as the block: Postfix is its front relay and its way out, and it has keys
    for the published domain."""
    settings = {
        "POSTROOM_DATABASE_URL": url,
        "POSTROOM_DOMAINS": SERVED,
        "POSTROOM_PUBLISHED_DOMAINS": PUBLISHED,
        "POSTROOM_HOSTNAME": f"mail.{SERVED}",
        "POSTROOM_SECRET": "a secret of this test alone",
        "POSTROOM_SMTP_LISTEN": f"127.0.0.1:{ports.bridge}",
        "POSTROOM_WEB_LISTEN": f"127.0.0.1:{web}",
        "POSTROOM_RELAY": f"smtp://127.0.0.1:{ports.postfix}?tls=none",
        "POSTROOM_AUTHSERV_ID": AUTHSERV_ID,
        "POSTROOM_TRUSTED_RELAYS": "127.0.0.1",
        "POSTROOM_NAMESERVERS": nameserver,
        "POSTROOM_DKIM_KEYS": "",
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith("POSTROOM_")}
    for number, algorithm in enumerate(Algorithm):
        path = folder / f"{number}.pem"
        path.write_bytes(key(algorithm).pem())
        path.chmod(0o600)
        settings["POSTROOM_DKIM_KEYS"] += f"{PUBLISHED}:{SELECTOR}-{number}:{path},"
    log = folder / "bridge.log"
    with log.open("w") as said:
        process = subprocess.Popen([sys.executable, "-m", "mailbridge"], cwd=ROOT, env=others | settings, stderr=said)
    try:
        until(lambda: answers(ports.bridge) or process.poll() is not None, "the bridge did not start")
        assert process.poll() is None, "the bridge ended at once"
        yield
    except BaseException as error:
        error.add_note(log.read_text(errors="replace")[-6000:])
        raise
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
