"""A program of ours as a real process: what it says is read as it comes, and it can be killed at any moment."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
LARGEST_LINE = 1 << 20


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Only these settings of ours, whatever the shell that runs the tests has."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "POSTROOM_"))}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | dict(given)


class Program:
    """`python -m …` in a folder of its own, so that no `.env` is read."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []
        self._more = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, folder: Path, given: Mapping[str, str], module: str, *arguments: str) -> Program:
        """Start it with these settings alone."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *arguments, cwd=folder, env=environment(given),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            limit=LARGEST_LINE,
        )  # fmt: skip
        return cls(process)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            async with self._more:
                self.lines.append(line.decode(errors="replace").rstrip())
                self._more.notify_all()
        async with self._more:
            self._more.notify_all()

    @property
    def log(self) -> str:
        """All it said so far."""
        return "\n".join(self.lines)

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    async def says(self, text: str, seconds: float = 60.0) -> str:
        """The first line with `text`. Raises AssertionError with what it said instead, if it ends or is silent."""
        seen = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._more:
                while True:
                    for line in self.lines[seen:]:
                        if text in line:
                            return line
                    seen = len(self.lines)
                    if self._reading.done() or self._process.stdout is None or self._process.stdout.at_eof():
                        break
                    await self._more.wait()
        raise AssertionError(f"it did not say {text!r}:\n{self.log}")

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        self.send(signal.SIGKILL)
        await self.ended()

    async def end(self) -> int:
        """SIGTERM, and the exit code."""
        self.send(signal.SIGTERM)
        return await self.ended()

    async def ended(self, seconds: float = 60.0) -> int:
        """The exit code, once it ended by itself."""
        async with asyncio.timeout(seconds):
            code = await self._process.wait()
            await self._reading
        return code
