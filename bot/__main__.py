"""`python -m bot [--http HOST:PORT]`: the bot, until SIGTERM; or `doctor`, or `manifest`."""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys

from sqlalchemy.exc import SQLAlchemyError

from bot.app import manifest
from bot.app.life import run
from bot.doctor import command as doctor
from bot.settings import BotSettings
from store import migrate, telemetry
from store.settings import SettingsRefused


def listen(text: str) -> tuple[str, int]:
    """`host:port` as its parts. Raises argparse.ArgumentTypeError."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form host:port")
    return host.strip("[]"), int(port)


def main() -> int:
    """The exit code: 0 stopped, 1 failed (start afresh), 2 refused to start (a setting, the schema or the port)."""
    parser = argparse.ArgumentParser(prog="python -m bot", description="Postroom's bot for Slack.")
    parser.add_argument("--http", type=listen, metavar="HOST:PORT", help="take Slack's requests over HTTP there")
    commands = parser.add_subparsers(metavar="COMMAND")
    for command in (doctor, manifest):
        command.add_to(commands)
    arguments = parser.parse_args()
    if "run" in arguments:
        code: int = arguments.run(arguments)
        return code
    telemetry.configure()
    try:
        settings = BotSettings.load().for_mode(http=arguments.http is not None)
        return asyncio.run(_main(settings, arguments.http))
    except (SettingsRefused, migrate.SchemaBehind) as refusal:
        print(refusal, file=sys.stderr)  # noqa: T201 - a start that is refused is said in one line
    except SQLAlchemyError as error:
        print(f"POSTROOM_DATABASE_URL: {_first_line(error)}", file=sys.stderr)  # noqa: T201 - as above
    except OSError as error:
        print(f"--http: {error}", file=sys.stderr)  # noqa: T201 - as above
    return 2


async def _main(settings: BotSettings, listen_at: tuple[str, int] | None) -> int:
    await asyncio.to_thread(migrate.ready, settings.database_url)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    gc.freeze()  # what was imported stays: a look through it would keep every acknowledgement waiting
    return await run(settings, stop, listen=listen_at)


def _first_line(error: SQLAlchemyError) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
