"""`make bench-acks`: how soon Slack has our acknowledgement while one post goes out to 100,000 contacts.

Three real processes and one database: the bridge that delivers, the bot, and the pocket workspace in this one, whose
clock counts from the frame it sends to the acknowledgement it gets. Commands and clicks are acknowledged at once, so
theirs is the time the bot is kept from its loop; a submission is acknowledged with its answer, so its time has a
reading and a writing transaction in it. Once on SQLite, once on PostgreSQL; prints a table and writes `acks.json`.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Thread

from bot.sandbox.app import Sandbox
from bot.sandbox.driver import Pocket
from bot.sandbox.settings import Listen, Settings
from store import groups, persons
from store.engine import Database
from store.names import Served
from store.roster import Entry
from tests import postgres
from tests.bench.bridge import AUTHOR, DOMAIN, EVERYBODY, Bridge
from tests.bench.sinks import PATIENCE_SECONDS, ROOT, Kind, kind

CONTACTS = 100_000
PEOPLE = ("linus", "margaret", "grace")
THINKS_SECONDS = 0.2
HERE = Listen("127.0.0.1", 0)


@dataclass(frozen=True, slots=True)
class Acks:
    """Of one engine and kind of request: how many, and how long until they were acknowledged, in ms."""

    engine: str
    kind: str
    n: int
    p50: float
    p95: float
    p99: float
    longest: float
    late: int  # not acknowledged within the 3 s Slack waits
    copies_per_second: float


async def office(url: str) -> None:
    """A group for people to act on beside the large one."""
    database = await Database.open(url)
    try:
        async with database.writing() as tx:
            ada = await persons.upsert(tx, persons.Profile("U0ADA", "Ada", AUTHOR))
            staff = [
                await persons.upsert(tx, persons.Profile(f"U0{name.upper()}", name, f"{name}@example.org"))
                for name in PEOPLE
            ]
            contacts = tuple(Entry(None, one.id, one.name) for one in staff)
            new = groups.NewGroup(f"office@{DOMAIN}", administrators=(Entry(None, ada.id, "Ada"),), contacts=contacts)
            await groups.create(tx, new, Served((DOMAIN,)), persons.actor(ada))
    finally:
        await database.close()


@contextmanager
def bot(url: str, sandbox: Sandbox, folder: Path) -> Iterator[None]:
    """`python -m bot` beside the pocket workspace."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("POSTROOM_", "SLACK_"))}
    environment = ours | {
        "POSTROOM_DATABASE_URL": url,
        "POSTROOM_DOMAINS": DOMAIN,
        "POSTROOM_SECRET": "a secret of the bench alone",
        "SLACK_BOT_TOKEN": sandbox.settings.bot_token,
        "SLACK_APP_TOKEN": sandbox.settings.app_token,
        "SLACK_API_URL": f"{sandbox.base}/api/",
    }
    with (folder / "bot.log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "bot"], cwd=ROOT, env=environment, stderr=log, stdout=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


async def act(pocket: Pocket, person: str, stop: asyncio.Event) -> None:
    """What a person does at least once: ask, write by command, write by a form. Nobody types faster."""
    while True:
        for word in ("show", "pause", "resume", "receive"):
            await asyncio.sleep(THINKS_SECONDS)
            await pocket.command(person, "#general", f"/group {word} office")
        await pocket.wait_modal(person, timeout=60)
        await pocket.fill(person, {"wishes": ["own", "addressed"]})
        await pocket.submit(person)
        await pocket.close(person, everything=True)
        if stop.is_set():
            return


async def measured(bridge: Bridge, sinks: Kind, folder: Path, engine: str) -> list[Acks]:
    """Post to everybody, act while it goes out, and look at what the workspace saw."""
    sandbox = Sandbox(Settings(listen=HERE, sink=HERE, tiers=False))
    await sandbox.start()
    try:
        async with Pocket(sandbox.base) as pocket:
            with bot(bridge.url, sandbox, folder):
                await _listening(pocket)
                once = asyncio.Event()
                once.set()
                await act(pocket, PEOPLE[0], once)  # what is compiled at the first use is compiled
                sink = sinks.open(bridge.hop, CONTACTS, distinct=True)
                seconds: list[float] = []
                try:
                    await asyncio.to_thread(bridge.submit, EVERYBODY)
                    began, stop = time.monotonic(), asyncio.Event()
                    assert sandbox._delivery is not None
                    records = sandbox._delivery.records
                    records.clear()
                    loop = asyncio.get_running_loop()

                    def counted() -> None:
                        seconds.append(sink.counted().last_at - began)
                        loop.call_soon_threadsafe(stop.set)

                    waiting = Thread(target=counted)
                    waiting.start()
                    seen: dict[int, dict[str, object]] = {}
                    acting = [asyncio.create_task(act(pocket, person, stop)) for person in PEOPLE]
                    while not stop.is_set():
                        seen |= {id(one): one for one in records}
                        await asyncio.sleep(0.2)
                    await asyncio.gather(*acting)
                    waiting.join()
                finally:
                    sink.close()
    finally:
        await sandbox.stop()
    return list(_told(engine, list(seen.values()), CONTACTS / seconds[0]))


def _told(engine: str, records: list[dict[str, object]], rate: float) -> Iterator[Acks]:
    for wanted in ("slash_commands", "view_submission"):
        took = sorted(1000 * float(str(one["seconds"])) for one in records if wanted in (one["kind"], one["name"]))
        late = sum(wanted in (one["kind"], one["name"]) and one["outcome"] != "acknowledged" for one in records)

        def at(share: float, took: list[float] = took) -> float:
            return took[min(int(len(took) * share), len(took) - 1)]

        yield Acks(engine, wanted, len(took), at(0.5), at(0.95), at(0.99), took[-1], late, rate)


async def _listening(pocket: Pocket) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (await pocket.get("control"))["connections"]:
            await asyncio.sleep(0.05)


def engines(stack: ExitStack) -> Iterator[tuple[str, str | None]]:
    """SQLite, and PostgreSQL where a server can run."""
    yield "sqlite", None
    try:
        running = stack.enter_context(postgres.server())
    except postgres.PostgresMissing as missing:
        print(f"PostgreSQL is not measured: {missing}")
        return
    running.create_empty("acks")
    yield "postgresql", running.url("acks")


def main() -> None:
    """Measure, print, write `acks.json`."""
    found: list[Acks] = []
    with ExitStack() as stack:
        sinks = kind(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postroom-sink-"))))
        for engine, url in engines(stack):
            with tempfile.TemporaryDirectory(prefix="postroom-acks-") as name:
                bridge = Bridge(Path(name), CONTACTS, url=url)
                try:
                    asyncio.run(office(bridge.url))
                    found += asyncio.run(measured(bridge, sinks, Path(name), engine))
                finally:
                    bridge.close()
    print(f"Acknowledgements while a post goes out to {CONTACTS:,} contacts, in ms (load {os.getloadavg()[0]:.1f}):")
    for one in found:
        print(
            f"{one.engine:>10}  {one.kind:>15}  n {one.n:>5}  p50 {one.p50:6.1f}  p95 {one.p95:6.1f}  "
            f"p99 {one.p99:6.1f}  longest {one.longest:6.1f}  late {one.late}  at {one.copies_per_second:,.0f} copies/s"
        )
    (ROOT / "acks.json").write_text(json.dumps([asdict(one) for one in found], indent=2) + "\n")


if __name__ == "__main__":
    main()
