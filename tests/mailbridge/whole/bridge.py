"""A bridge as it runs, put together by its own composition root, between a raw client and a next hop that keeps all."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from mailbridge.app import Bridge, Role
from mailbridge.settings import BridgeSettings
from store.engine import Database
from tests.mailbridge.deliver.nameserver import Nameserver
from tests.mailbridge.deliver.scripted import Mail, Saying, ScriptedHop
from tests.mailbridge.intake.room import AUTHSERV_ID, Client

PATIENCE = 60.0
_ID = re.compile(rb"\r\n\tby mail\.example\.org \(Postroom\) with \w+ id (\w+)\r\n")


@dataclass
class Whole:
    """`settings` are the bridge's, `hop` where its mail goes, `nameserver` whom it asks."""

    settings: BridgeSettings
    database: Database
    hop: ScriptedHop
    nameserver: Nameserver
    clients: list[Client] = field(default_factory=list)

    async def client(self) -> Client:
        """A client that has heard the greeting."""
        port = self.settings.smtp_listen[0].port
        client = Client(*await asyncio.open_connection("127.0.0.1", port))
        self.clients.append(client)
        assert (await client.hear()).startswith("220 mail.example.org")
        return client

    async def carried(self, count: int) -> Sequence[Mail]:
        """The mails at the hop, once there are so many of them."""
        async with asyncio.timeout(PATIENCE):
            while len(self.hop.mails) < count:
                await asyncio.sleep(0.02)
        return self.hop.mails


def identity(mail: Mail) -> str:
    """The id that the 250 named, as the copy's Received field has it."""
    found = _ID.search(mail.content)
    assert found is not None
    return found[1].decode()


def octets(mail: Mail) -> bytes:
    """The copy as its reader gets it, without transparency dots."""
    return re.sub(rb"(?m)^\.", b"", mail.content)


@asynccontextmanager
async def opened(
    url: str, free_port: Callable[[], int], says: dict[str, Saying | list[Saying]] | None = None, **changes: str
) -> AsyncIterator[Whole]:
    """Run a bridge on the database `url`, with `changes` to its settings, and a hop that `says`."""
    hop = await ScriptedHop(says).start()
    nameserver = await Nameserver().start()
    settings = BridgeSettings.load(
        **{
            "database_url": url,
            "domains": "example.org",
            "secret": "correct-horse-battery-staple",
            "relay": f"smtp://127.0.0.1:{hop.port}?tls=none",
            "mx_port": hop.port,
            "mx_allow": "127.0.0.1",
            "smtp_listen": f"127.0.0.1:{free_port()}",
            "web_listen": f"127.0.0.1:{free_port()}",
            "hostname": "mail.example.org",
            "nameservers": nameserver.address,
            "authserv_id": AUTHSERV_ID,
            "trusted_relays": "127.0.0.1",
            "public_url": "https://lists.example.org",
            **changes,
        }
    )
    stop = asyncio.Event()
    running = asyncio.create_task(Bridge(settings, Role.ALL).run(stop))
    database = await Database.open(url)
    try:
        await _listens(settings.smtp_listen[0].port, running)
        whole = Whole(settings, database, hop, nameserver)
        yield whole
        for client in whole.clients:
            client.writer.close()
    finally:
        stop.set()
        await running
        await database.close()
        await hop.stop()
        nameserver.stop()


async def _listens(port: int, running: asyncio.Task[None]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not running.done():
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return
    await running
