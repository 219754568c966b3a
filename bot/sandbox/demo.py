"""`python -m bot.sandbox.demo [--tour]`: everything at once, on this machine, with no Slack account and no mail.

Without `--tour`: on the default ports, data in `.demo`, the tour once, then it stays up with its page until Ctrl-C.
With it: in a temporary folder on free ports, the tour headless, exit code 0, or 1 with what failed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import signal
import sys
import tempfile
from pathlib import Path

import aiohttp

from bot.sandbox.driver import Pocket, PocketError
from bot.sandbox.processes import ROOT, Ports, PortTakenError, ProcessDiedError, Processes, environment
from bot.sandbox.tour import Tour, TourError

READY_SECONDS = 60.0
MODULES = ("bot.sandbox", "mailbridge", "bot")


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)  # noqa: T201 - a demo speaks on the terminal


async def ready(pocket: Pocket, ports: Ports) -> None:
    """Wait until the bot is connected and the bridge answers."""

    async def look() -> bool | None:
        try:
            info = await pocket.get("control")
            async with pocket.session.get(f"http://127.0.0.1:{ports.web}/health") as answer:
                return True if info["connections"] and answer.status == 200 else None
        except (aiohttp.ClientError, PocketError):
            return None

    deadline = asyncio.get_running_loop().time() + READY_SECONDS
    while await look() is None:
        if asyncio.get_running_loop().time() > deadline:
            raise TourError(f"the processes were not ready after {READY_SECONDS:.0f} s")
        await asyncio.sleep(0.1)


async def show(ports: Ports, folder: Path, *, stay: bool) -> None:
    """Start everything, play the tour, and stay up if asked to. Everything started has ended when this returns."""
    processes = Processes(folder, environment(ports, folder))
    page = f"http://127.0.0.1:{ports.page}"
    try:
        await processes.run("store", "upgrade")
        for module in MODULES:
            await processes.start(module)
        watching = asyncio.create_task(processes.watch())
        playing = asyncio.create_task(_play(page, ports, stay=stay))
        try:
            done, _ = await asyncio.wait({watching, playing}, return_when=asyncio.FIRST_COMPLETED)
            if playing in done:
                await playing
            if watching in done:
                await watching
            if stay:
                say(f"\nPostroom is up: open {page}   (Ctrl-C ends everything; logs and data are in {folder.name}/)")
                await watching
        except (TourError, PocketError, TimeoutError):
            for module in MODULES:
                say(f"--- {module}\n{processes.tail(module)}")
            raise
        finally:
            watching.cancel()
            playing.cancel()
    finally:
        await processes.end()


async def _play(page: str, ports: Ports, *, stay: bool) -> None:
    async with Pocket(page) as pocket:
        await ready(pocket, ports)
        say(f"The page is at {page}\n\nThe tour:" if stay else "The tour:")
        number = f"-{secrets.token_hex(2)}" if stay else ""
        await Tour(pocket, number).play(say)


async def _until_signalled(ports: Ports, folder: Path, *, stay: bool) -> int:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(show(ports, folder, stay=stay))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        say("\nEverything has ended.")
        return 0 if stay else 130
    except (TourError, PocketError, TimeoutError, ProcessDiedError) as error:
        say(f"\nfailed: {error}")
        return 1
    return 0


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox.demo", description=__doc__)
    parser.add_argument("--tour", action="store_true", help="play the tour headless and end")
    arguments = parser.parse_args()
    if arguments.tour:
        with tempfile.TemporaryDirectory(prefix="postroom-tour-") as temporary:
            return asyncio.run(_until_signalled(Ports.free(), Path(temporary), stay=False))
    folder = ROOT / ".demo"
    folder.mkdir(mode=0o700, exist_ok=True)
    try:
        ports = Ports.given(os.environ)
    except PortTakenError as error:
        say(str(error))
        return 2
    return asyncio.run(_until_signalled(ports, folder, stay=True))


if __name__ == "__main__":
    sys.exit(main())
