"""`python -m mailbridge [--role all|intake|deliver|web]`: the bridge, until SIGTERM; or `keygen`, or `doctor`."""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys

import uvloop
from sqlalchemy.exc import SQLAlchemyError

from mailbridge import keygen
from mailbridge.app import Bridge, Role
from mailbridge.deliver.route import RouteRefused
from mailbridge.doctor import command as doctor
from mailbridge.intake.listener import ListenRefused
from mailbridge.keyring import KeysRefused
from mailbridge.settings import BridgeSettings
from mailbridge.web import WebRefused
from store import migrate, telemetry
from store.settings import SettingsRefused


def main() -> int:
    """The exit code: 0 stopped, 2 refused to start, with one line that says why."""
    parser = argparse.ArgumentParser(prog="python -m mailbridge", description="Postroom's mail bridge.")
    parser.add_argument("--role", type=Role, choices=list(Role), default=Role.ALL, help="what this process does")
    commands = parser.add_subparsers(metavar="COMMAND")
    keygen.add_to(commands)
    doctor.add_to(commands)
    arguments = parser.parse_args()
    if "run" in arguments:
        code: int = arguments.run(arguments)
        return code
    telemetry.configure()
    try:
        settings = BridgeSettings.load()
        uvloop.run(_main(settings, arguments.role))
    except (SettingsRefused, migrate.SchemaBehind, ListenRefused, WebRefused) as refusal:
        return _refused(str(refusal))
    except KeysRefused as refusal:
        return _refused("\n".join(refusal.lines))
    except RouteRefused as refusal:
        return _refused(f"POSTROOM_RELAY is refused: {refusal}")
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        return _refused(f"POSTROOM_DATABASE_URL: {str(cause).strip().splitlines()[0]}")
    return 0


async def _main(settings: BridgeSettings, role: Role) -> None:
    bridge = Bridge(settings, role)
    await asyncio.to_thread(migrate.ready, settings.database_url)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    gc.freeze()  # what was imported stays: a look through it keeps every copy waiting for a tenth of a second
    await bridge.run(stop)


def _refused(lines: str) -> int:
    print(lines, file=sys.stderr)  # noqa: T201 - a start that is refused is said in a line, or one for each key
    return 2


if __name__ == "__main__":
    sys.exit(main())
