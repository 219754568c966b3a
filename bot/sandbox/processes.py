"""The processes of a demo: started with settings made for them, watched, and ended all together."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TAIL_LINES = 25
END_SECONDS = 30.0
# Below those that the system gives to who connects, or asks for any: what is free there is somebody's a moment later.
# And none that browsers refuse to open.
FREE = range(7_000, 10_000)
ROOT = Path(__file__).resolve().parents[2]


class ProcessDiedError(Exception):
    """A process ended that should run; the message says which, with the end of its log."""


class PortTakenError(Exception):
    """A default port is somebody else's; the message is the one line to print."""


VARIABLES = {
    "page": "POSTROOM_SANDBOX_LISTEN",
    "smtp": "POSTROOM_SMTP_LISTEN",
    "sink": "POSTROOM_RELAY",
    "web": "POSTROOM_WEB_LISTEN",
    "names": "POSTROOM_SANDBOX_NAMES",
}


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the demo's processes listen on loopback."""

    page: int = 8025
    smtp: int = 2525
    sink: int = 2526
    web: int = 8080
    names: int = 2553

    @classmethod
    def free(cls) -> Ports:
        """Ports nobody listens on at this moment."""
        probes: list[socket.socket] = []
        try:
            for port in secrets.SystemRandom().sample(FREE, len(FREE)):
                with contextlib.suppress(OSError):
                    probes.append(socket.create_server(("127.0.0.1", port)))
                if len(probes) == len(VARIABLES):
                    break
            return cls(*(probe.getsockname()[1] for probe in probes))
        finally:
            for probe in probes:
                probe.close()

    @classmethod
    def given(cls, environment: Mapping[str, str]) -> Ports:
        """The default ports, or those the environment names. Raises PortTakenError."""
        found = {}
        for name, variable in VARIABLES.items():
            written = environment.get(variable, "").partition("?")[0].rpartition(":")[2]
            port = int(written) if written.isdecimal() else getattr(cls(), name)
            try:
                socket.create_server(("127.0.0.1", port)).close()
            except OSError:
                remedy = f"smtp://127.0.0.1:{port + 100}" if name == "sink" else f"127.0.0.1:{port + 100}"
                raise PortTakenError(
                    f"port {port} is taken by another program: end it, or start with {variable}={remedy}"
                ) from None
            found[name] = port
        return cls(**found)


def environment(ports: Ports, folder: Path) -> dict[str, str]:
    """Settings for all processes: everything on loopback, a secret of its own, pretend tokens."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("POSTROOM_", "SLACK_"))}
    secret = folder / "secret"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_hex(32))
    return kept | {
        "POSTROOM_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'postroom.db'}",
        "POSTROOM_SECRET": secret.read_text(),
        "POSTROOM_DOMAINS": "groups.example.org",
        "POSTROOM_HOSTNAME": "groups.example.org",
        "POSTROOM_SMTP_LISTEN": f"127.0.0.1:{ports.smtp}",
        "POSTROOM_WEB_LISTEN": f"127.0.0.1:{ports.web}",
        "POSTROOM_PUBLIC_URL": f"http://127.0.0.1:{ports.web}",
        "POSTROOM_RELAY": f"smtp://127.0.0.1:{ports.sink}",
        "POSTROOM_AUTHSERV_ID": "mailroom.localhost",
        "POSTROOM_TRUSTED_RELAYS": "127.0.0.1",
        "POSTROOM_SANDBOX_LISTEN": f"127.0.0.1:{ports.page}",
        "POSTROOM_SANDBOX_NAMES": f"127.0.0.1:{ports.names}",
        "POSTROOM_NAMESERVERS": f"127.0.0.1:{ports.names}",
        "SLACK_BOT_TOKEN": "xoxb-pocket-demo",
        "SLACK_APP_TOKEN": "xapp-pocket-demo",
        "SLACK_API_URL": f"http://127.0.0.1:{ports.page}/api/",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }


class Processes:
    """The running processes by module name; each logs to `<folder>/<module>.log`."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._folder = folder
        self._variables = dict(variables)
        self._running: dict[str, asyncio.subprocess.Process] = {}

    async def run(self, module: str, *arguments: str) -> None:
        """Run to its end. Raises ProcessDiedError if that is not a success."""
        process = await self._begin(module, *arguments)
        if await process.wait():
            raise ProcessDiedError(f"{module} {' '.join(arguments)} failed:\n{self.tail(module)}")

    async def start(self, module: str, *arguments: str) -> None:
        """Start and keep."""
        self._running[module] = await self._begin(module, *arguments)

    async def _begin(self, module: str, *arguments: str) -> asyncio.subprocess.Process:
        with (self._folder / f"{module}.log").open("ab") as log:
            # A session of its own: Ctrl-C reaches us alone, and we end the others in order. In the folder no `.env` is
            # read: the checkout's may be of a real workspace.
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, *arguments,
                cwd=self._folder, env=self._variables, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def tail(self, module: str) -> str:
        """The last lines of a process's log."""
        path = self._folder / f"{module}.log"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        return "\n".join(f"    {line}" for line in lines[-TAIL_LINES:])

    async def watch(self) -> None:
        """Wait until one ends. Raises ProcessDiedError, always."""
        waits = {asyncio.create_task(process.wait()): module for module, process in self._running.items()}
        done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        module = waits[done.pop()]
        raise ProcessDiedError(f"{module} ended:\n{self.tail(module)}")

    async def end(self) -> None:
        """Ask all to end, in the order they were started, reversed; kill who does not in time."""
        for process in reversed(self._running.values()):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            try:
                await asyncio.wait_for(process.wait(), END_SECONDS)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
