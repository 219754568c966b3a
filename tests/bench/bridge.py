"""The bridge under measure: a real process over a new SQLite database, with a group of N contacts."""

from __future__ import annotations

import asyncio
import os
import smtplib
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import IO

from bot.sandbox.names import Names
from bot.sandbox.settings import Listen
from mailbridge.rewrite.keys import Algorithm, SigningKey
from store import groups, migrate, persons
from store.engine import Database
from store.names import Served
from store.roster import Entry
from store.terms import Address
from tests.bench.sinks import PATIENCE_SECONDS, ROOT, free_port

DOMAIN = "groups.example.org"
AUTHOR = "ada@example.org"
EVERYBODY = f"everybody@{DOMAIN}"
WARMING = f"warming@{DOMAIN}"
BODY_OCTETS = 10 * 1024
LINE = "The quick brown fox jumps over the lazy dog and comes back for the rest.\r\n"
FRONT = "front.example.org"
TICKS = os.sysconf("SC_CLK_TCK")


def mail(to: str, number: int) -> bytes:
    """A mail of 10 KB whose author a trusted front relay has proved."""
    head = (
        f"Authentication-Results: {FRONT}; dmarc=pass header.from=example.org\r\n"
        f"From: Ada <{AUTHOR}>\r\nTo: {to}\r\nSubject: Measure {number}\r\n"
        f"Message-ID: <measure-{number}@example.org>\r\nDate: Mon, 02 Mar 2026 09:00:00 +0000\r\n\r\n"
    )
    return (head + LINE * (BODY_OCTETS // len(LINE))).encode()


class Nowhere:
    """A nameserver for the bridge, in a thread: nobody publishes anything."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._names = Names()
        self.address = str(self._loop.run_until_complete(self._names.start(Listen("127.0.0.1", 0))))
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._names.stop()
        self._loop.close()


class Bridge:
    """`python -m mailbridge` with a group of `contacts` contacts, whose copies go to the port `hop`, signed or not.

    Over a new SQLite file, or the empty database at `url`.
    """

    def __init__(self, folder: Path, contacts: int, *, signed: bool = False, url: str | None = None) -> None:
        self.hop = free_port()
        self._key = folder / "key.pem" if signed else None
        self._database = folder / "postroom.db"
        self.url = url or f"sqlite+aiosqlite:///{self._database}"
        self._port = free_port()
        self._log: IO[str] = (folder / "bridge.log").open("w")
        self._numbers = 0
        self._names = Nowhere()
        migrate.upgrade(self.url)
        asyncio.run(self._populate(contacts))
        if self._key is not None:
            self._key.write_bytes(SigningKey.generate(Algorithm.RSA).pem())
            self._key.chmod(0o600)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mailbridge"], cwd=ROOT, env=self._environment(), stderr=self._log
        )
        try:
            self._until(self._answers)
        except BaseException:
            self.close()
            raise

    def _environment(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("POSTROOM_")}
        web = f"127.0.0.1:{free_port()}"
        return ours | {
            "POSTROOM_DATABASE_URL": self.url,
            "POSTROOM_DOMAINS": DOMAIN,
            "POSTROOM_SECRET": "a secret of the bench alone",
            "POSTROOM_RELAY": f"smtp://127.0.0.1:{self.hop}?tls=none",
            "POSTROOM_SMTP_LISTEN": f"127.0.0.1:{self._port}",
            "POSTROOM_WEB_LISTEN": web,
            "POSTROOM_PUBLIC_URL": f"http://{web}",
            "POSTROOM_AUTHSERV_ID": FRONT,
            "POSTROOM_TRUSTED_RELAYS": "127.0.0.1",
            "POSTROOM_NAMESERVERS": self._names.address,
            "POSTROOM_DKIM_KEYS": "" if self._key is None else f"{DOMAIN}:bench:{self._key}",
        }

    async def _populate(self, contacts: int) -> None:
        database = await Database.open(self.url)
        try:
            for address, count in ((EVERYBODY, contacts), (WARMING, 1)):
                async with database.writing() as tx:
                    ada = await persons.upsert(tx, persons.Profile("U0ADA", "Ada", AUTHOR))
                    people = tuple(Entry(Address.parse(f"u{n:06d}@example.net")) for n in range(count))
                    administrators = (Entry(None, ada.id, "Ada"),)
                    new = groups.NewGroup(
                        address, report_channel="C0REPORTS", administrators=administrators, contacts=people
                    )
                    await groups.create(tx, new, Served((DOMAIN,)), persons.actor(ada))
        finally:
            await database.close()

    def submit(self, to: str) -> tuple[float, float]:
        """Post a new mail. Returns the monotonic moments (s) before MAIL and at the 250 after the data."""
        self._numbers += 1
        with smtplib.SMTP("127.0.0.1", self._port) as session:
            session.ehlo()
            before = time.monotonic()
            session.sendmail(AUTHOR, [to], mail(to, self._numbers))
            return before, time.monotonic()

    def settled(self) -> None:
        """Wait until every post is done. Raises TimeoutError."""
        self._until(self._all_done)

    def _all_done(self) -> bool:
        connection = sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)
        try:
            (undone,) = connection.execute("SELECT count(*) FROM post WHERE done_at IS NULL").fetchone()
            return int(undone) == 0
        finally:
            connection.close()

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"the bridge did not start: see {self._log.name}")
        try:
            socket.create_connection(("127.0.0.1", self._port), 1).close()
        except OSError:
            return False
        return True

    def _until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not true():
            if time.monotonic() > deadline:
                raise TimeoutError(f"the bridge did not get there: see {self._log.name}")
            time.sleep(0.01)

    def processor_seconds(self) -> float:
        """User and system time the process and its signers have had so far; nan where /proc does not tell."""
        folder = Path(f"/proc/{self._process.pid}")
        try:
            signers = [pid for task in (folder / "task").iterdir() for pid in (task / "children").read_text().split()]
            stats = [(folder.with_name(pid) / "stat").read_text() for pid in (folder.name, *signers)]
        except OSError:
            return float("nan")
        words = [stat.rpartition(")")[2].split() for stat in stats]
        return sum(int(each[11]) + int(each[12]) for each in words) / TICKS

    def close(self) -> None:
        """End the process; it settles what it has taken."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        self._names.close()
