"""A healthy world for the doctor: a name server, a bridge that runs, a relay and a web proxy under TLS, all real."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mailbridge.app import Bridge, Role
from mailbridge.rewrite.keys import Algorithm, SigningKey, strings
from mailbridge.settings import BridgeSettings
from tests.flows.program import Program
from tests.mailbridge.deliver.nameserver import Nameserver
from tests.mailbridge.deliver.scripted import Saying, ScriptedHop
from tests.mailbridge.doctor.authority import Authority, Pair
from tests.mailbridge.rewrite.oracle import key

DOMAIN, HOST, PAGE, SELECTOR = "example.org", "mail.example.org", "lists.example.org", "postroom"
OURS = "198.51.100.7"
EHLO = "250-hop.test\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 AUTH PLAIN"
DKIM = f"{SELECTOR}._domainkey.{DOMAIN}"


@dataclass(frozen=True)
class Told:
    """One finding, as the doctor's JSON has it."""

    check: str
    level: str
    name: str
    subject: str
    found: str
    remedy: str


@dataclass
class World:
    """What a test may break before the doctor comes: the zone, the settings, the relay's words, certificates."""

    folder: Path
    url: str
    free_port: Callable[[], int]
    nameserver: Nameserver
    authority: Authority
    says: dict[str, Saying | list[Saying]] = field(default_factory=lambda: {"EHLO": EHLO})
    settings: dict[str, str] = field(default_factory=dict)
    page: Pair | None = None
    redirect: str = ""
    runs: bool = True
    hop: ScriptedHop | None = None

    @property
    def zone(self) -> dict[tuple[str, str], list[str]]:
        return self.nameserver.zone

    def txt(self, name: str, *values: str) -> None:
        """These TXT records and no others stand at a name."""
        self.zone[name, "TXT"] = [" ".join(f'"{each}"' for each in strings(value)) for value in values]

    @property
    def published(self) -> str:
        """The record of our key."""
        return key(Algorithm.RSA).record()

    def keyfile(self, one: SigningKey) -> str:
        """A key's file."""
        path = self.folder / f"{id(one)}.pem"
        path.write_bytes(one.pem())
        path.chmod(0o600)
        return str(path)

    def certificate(self, pair: Pair) -> None:
        """The bridge has this certificate."""
        self.settings |= {"TLS_CERT": str(pair.cert), "TLS_KEY": str(pair.key)}

    def healthy(self) -> None:
        """Everything as it should be."""
        self.zone.update(
            {
                (DOMAIN, "MX"): [f"10 {HOST}."],
                (HOST, "A"): [OURS],
                (PAGE, "A"): ["127.0.0.1"],
                ("7.100.51.198.in-addr.arpa", "PTR"): [f"{HOST}."],
                ("gmail.com", "MX"): ["10 outside.test."],
                ("outside.test", "A"): ["127.0.0.1"],
            }
        )
        self.txt(DOMAIN, "unrelated=1", f"v=spf1 ip4:{OURS} -all")
        self.txt(DKIM, self.published)
        self.txt(f"_dmarc.{DOMAIN}", "v=DMARC1; p=quarantine; rua=mailto:postmaster@example.org")
        self.certificate(self.authority.pair([HOST]))
        self.page = self.authority.pair([PAGE])
        self.settings |= {
            "DATABASE_URL": self.url,
            "DOMAINS": DOMAIN,
            "SECRET": "correct-horse-battery-staple",
            "HOSTNAME": HOST,
            "NAMESERVERS": self.nameserver.address,
            "SMTP_LISTEN": f"127.0.0.1:{self.free_port()}",
            "SUBMISSION_LISTEN": f"127.0.0.1:{self.free_port()}",
            "WEB_LISTEN": f"127.0.0.1:{self.free_port()}",
            "AUTHSERV_ID": "front.example.org",
            "TRUSTED_RELAYS": "127.0.0.1",
            "DKIM_KEYS": f"{DOMAIN}:{SELECTOR}:{self.keyfile(key(Algorithm.RSA))}",
            "PUBLIC_URL": f"https://{PAGE}:{self.free_port()}",
        }

    def direct(self) -> None:
        """Mail goes straight to MX hosts; the relay plays all of them."""
        self.settings |= {"RELAY": "mx", "MX_ALLOW": "127.0.0.0/8"}

    async def findings(self, *arguments: str) -> tuple[int, list[Told]]:
        """What the doctor finds, as a process beside the running bridge, with its exit code."""
        code, said = await self.examined("--json", *arguments)
        return code, [Told(**row) for row in json.loads(said)]

    async def examined(self, *arguments: str) -> tuple[int, str]:
        """What the doctor says, and its exit code."""
        async with self._running():
            return await self.command("doctor", *arguments)

    async def command(self, *arguments: str) -> tuple[int, str]:
        """What `python -m mailbridge` says with these arguments, and its exit code."""
        given = {f"POSTROOM_{name}": value for name, value in self.settings.items()}
        given["SSL_CERT_FILE"] = str(self.authority.root)
        program = await Program.start(self.folder, given, "mailbridge", *arguments)
        return await program.ended(), program.log

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        hop = self.hop = ScriptedHop(self.says)
        hop.tls = self.authority.pair(["127.0.0.1"]).context()
        await hop.start()
        self.settings.setdefault("RELAY", f"smtp://127.0.0.1:{hop.port}?tls=required")
        self.settings.setdefault("MX_PORT", str(hop.port))
        stop = asyncio.Event()
        settings = BridgeSettings.load(**{name.lower(): value for name, value in self.settings.items()})
        assert self.page is not None
        port = int(self.settings["PUBLIC_URL"].rpartition(":")[2])
        proxy = await asyncio.start_server(self._through, "127.0.0.1", port, ssl=self.page.context())
        # Intake and web are all that is looked at; what delivers would start two signers each time.
        roles = (Role.INTAKE, Role.WEB) if self.runs else ()
        running = asyncio.gather(*(Bridge(settings, role).run(stop) for role in roles))
        try:
            if self.runs:
                await _listens(settings.web_listen[0].port, running)
                await _listens(settings.smtp_listen[0].port, running)
            yield
        finally:
            stop.set()
            await running
            proxy.close()
            await hop.stop()

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The proxy before the web listener: TLS on one side, plain on the other."""
        if self.redirect:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(f"HTTP/1.1 301 Moved\r\nLocation: {self.redirect}\r\nContent-Length: 0\r\n\r\n".encode())
            writer.close()
            return
        try:
            behind = await asyncio.open_connection("127.0.0.1", int(self.settings["WEB_LISTEN"].rpartition(":")[2]))
        except OSError:
            writer.close()
            return
        await asyncio.gather(_carry(reader, behind[1]), _carry(behind[0], writer))


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while octets := await reader.read(65_536):
            writer.write(octets)
            await writer.drain()
    writer.close()


async def _listens(port: int, running: asyncio.Future[list[None]]) -> None:
    async with asyncio.timeout(60):
        while not running.done():
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return
    await running
