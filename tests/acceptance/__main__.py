"""`make check-slack CHANNEL=C…`: three minutes in a real workspace, with the tokens of an app of one's own.

It tells a human what to do in Slack, sees that it was done, and tries by itself what needs nobody. The installation it
does this with is its own and gone afterwards, no mail leaves the machine, and what it posts it deletes.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from dotenv import dotenv_values

from bot.settings import SLACK_API
from tests.acceptance.run import Result, play, table
from tests.acceptance.stage import Given, ProcessDiedError, opened

REFUSED = 2
TOKENS = {"SLACK_BOT_TOKEN": "xoxb-", "SLACK_APP_TOKEN": "xapp-"}


def say(line: str) -> None:
    print(line, flush=True)


def token(name: str, environ: Mapping[str, str]) -> str:
    """A token of the environment, or asked for unseen. Raises SystemExit with one line that never shows it."""
    found = environ.get(name, "").strip()
    if not found and sys.stdin.isatty():
        found = getpass.getpass(f"{name} ({TOKENS[name]}…, not shown): ").strip()
    if not found.startswith(TOKENS[name]):
        raise SystemExit(f"{name} is to be the app's token ({TOKENS[name]}…): set it, or put it into .env")
    return found


def given(channel: str, patience: float, environ: Mapping[str, str]) -> Given:
    """What the run is about. Raises SystemExit with one line."""
    if not channel and sys.stdin.isatty():
        channel = input("The id of a channel the app is in (C…, at the end of its About tab): ").strip()
    if not channel.startswith(("C", "G")) or not channel.isalnum():
        raise SystemExit("name a channel by its id, such as make check-slack CHANNEL=C0123456789")
    return Given(
        token("SLACK_BOT_TOKEN", environ),
        token("SLACK_APP_TOKEN", environ),
        channel,
        environ.get("SLACK_API_URL") or SLACK_API,
        environ.get("POSTROOM_COMMAND") or "/group",
        environ.get("POSTROOM_OPERATORS", ""),
        patience,
    )


async def check(about: Given, tell: Callable[[str], None] = say) -> int:
    """Play the run, print its table; the exit code: 0, 1 if a step failed, 2 if nothing could be begun."""

    def quietly(line: str) -> None:
        tell(about.quiet(line))

    with tempfile.TemporaryDirectory(prefix="postroom-check-") as folder:
        try:
            async with opened(about, Path(folder), secrets.token_hex(2), quietly) as stage:
                played = await play(stage)
        except ProcessDiedError as died:
            quietly(str(died))
            return REFUSED
    for line in ("", *table(played)):
        quietly(line)
    return 1 if any(one.result is Result.FAILED for one in played) else 0


async def _until_signalled(about: Given) -> int:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(check(about))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        say("\nEverything has ended, and what was posted is deleted.")
        return 130


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance", description=__doc__)
    parser.add_argument("channel", nargs="?", default="", help="the id of a channel the app is in")
    parser.add_argument("--patience", type=float, default=300.0, metavar="SECONDS", help="for each step of yours (300)")
    arguments = parser.parse_args()
    written = {name: value for name, value in dotenv_values(".env").items() if value}
    try:
        about = given(arguments.channel, arguments.patience, {**written, **os.environ})
    except SystemExit as refusal:
        sys.stderr.write(f"{refusal}\n")
        return REFUSED
    return asyncio.run(_until_signalled(about))


if __name__ == "__main__":
    sys.exit(main())
