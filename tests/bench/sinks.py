"""The counting next hop: the C one where it can be compiled, else a slower one in Python, said so in the table."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / os.environ.get("POSTROOM_BENCH", "../shared/bench")
PATIENCE_SECONDS = 300.0


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass(frozen=True, slots=True)
class Counted:
    """What a sink saw: recipients, distinct ones, and the monotonic moments (s) of the first and the last."""

    recipients: int
    distinct: int
    first_at: float
    last_at: float


@dataclass(frozen=True, slots=True)
class Kind:
    """Which sink is used: its name in the table, and the command that starts it."""

    name: str
    program: tuple[str, ...]
    compiled: bool

    def open(self, port: int, wanted: int, *, distinct: bool) -> Sink:
        """Start a sink that ends after `wanted` recipients; `distinct` recipients cost the C one a little."""
        if not self.compiled:
            return Sink([*self.program, str(port), str(wanted)])
        return Sink([*self.program, "-p", str(port), "-n", str(wanted), *(["-u"] if distinct else [])])


class Sink:
    """A sink in work."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        answer = self._process.stderr.readline()
        if not answer.startswith("ready"):
            self.close()
            raise RuntimeError(f"the sink did not start: {answer}")

    def counted(self) -> Counted:
        """Wait until all are counted. Raises subprocess.TimeoutExpired if they do not come."""
        said, _ = self._process.communicate(timeout=PATIENCE_SECONDS)
        seen = json.loads(said)
        return Counted(seen["rcpts"], seen["distinct"], seen["t_first_rcpt"], seen["t_last"])

    def close(self) -> None:
        """End it, counted or not."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


def kind(folder: Path) -> Kind:
    """The best sink there is here; what is compiled goes into `folder`."""
    source, program = SOURCES / "countsink.c", folder / "countsink"
    compiler = shutil.which("cc")
    if compiler and source.exists():
        built = subprocess.run([compiler, "-O2", "-o", program, source], capture_output=True, text=True, check=False)
        if built.returncode == 0:
            return Kind("countsink (C)", (str(program),), compiled=True)
        print(f"countsink.c does not compile here: {built.stderr.strip()}", file=sys.stderr)
    command = (sys.executable, "-m", "tests.bench.countsink")
    return Kind("a sink in Python (countsink.c or cc is missing)", command, compiled=False)
