"""`python -m bot.sandbox [--mailroom] [--request-url URL]`: the pocket workspace and mail room, until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys

from dotenv import dotenv_values

from bot.sandbox.app import Sandbox
from bot.sandbox.settings import Settings, StartRefusedError, read_settings

REFUSED = 2


async def _run(settings: Settings) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    sandbox = Sandbox(settings)
    base = await sandbox.start()
    what = "mail room" if settings.mailroom_only else "pocket workspace and mail room"
    sys.stdout.write(f"{what} at {base}/ (mail sink at {sandbox.sink_at}, mail goes to {settings.submit})\n")
    sys.stdout.flush()
    try:
        await stopped.wait()
    finally:
        await sandbox.stop()


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM; the exit code, 2 with one line on stderr when the start is refused."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox", description=__doc__)
    parser.add_argument("--mailroom", action="store_true", help="the mail room alone, no workspace")
    parser.add_argument("--request-url", metavar="URL", help="deliver by signed HTTP to this URL, not by Socket Mode")
    options = parser.parse_args(arguments)
    try:
        # The bot reads `.env` too: real tokens are as real there.
        written = {name: value for name, value in dotenv_values(".env").items() if value is not None}
        environ = {**written, **os.environ}
        settings = read_settings(environ, mailroom_only=options.mailroom, request_url=options.request_url)
        asyncio.run(_run(settings))
    except StartRefusedError as error:
        sys.stderr.write(f"bot.sandbox: {error}\n")
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
