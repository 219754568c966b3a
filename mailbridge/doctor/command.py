"""`python -m mailbridge doctor`: a round of checks on the terminal, a line each, or as JSON."""

from __future__ import annotations

import argparse
import logging
import sys
from typing import Final

import structlog
import uvloop

from mailbridge.deliver.route import RouteRefused
from mailbridge.doctor.round import Case, Round
from mailbridge.settings import BridgeSettings
from store import findings
from store.engine import Database
from store.findings import Finding, faults, ordered
from store.opening import DatabaseAway, as_it_stands
from store.settings import SettingsRefused
from store.terms import Address, InvalidAddress
from store.texts import say

LANGUAGE: Final = "en"


class DoctorRefused(Exception):  # noqa: N818 - said to the person at the terminal
    """Nothing was examined; the message is one line that says why."""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    summary = "look at DNS, TLS, doors, relay and one-click page as others see them, and say what to mend"
    command = commands.add_parser("doctor", help=summary, description=f"{summary}. Run it where the bridge runs.")
    command.add_argument("--probe", metavar="ADDRESS", default="", help="send one mail there, by the way all mail goes")
    command.add_argument("--json", action="store_true", help="findings as JSON, for programs")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 without a fault, 1 with one, 2 with a line on standard error where nothing could be examined."""
    # Only what was found is to be read here; what a check tripped over is said by its finding.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        found = uvloop.run(_examined(_address(arguments.probe)))
    except (DoctorRefused, SettingsRefused) as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 2
    except RouteRefused as refusal:
        sys.stderr.write(f"POSTROOM_RELAY is refused: {refusal}\n")
        return 2
    sys.stdout.write((findings.as_json if arguments.json else findings.lines)(LANGUAGE, found))
    return 1 if faults(found) else 0


def _address(text: str) -> str:
    if not text:
        return ""
    try:
        return str(Address.parse(text))
    except InvalidAddress as error:
        raise DoctorRefused(say(LANGUAGE, "doctor.command.address", address=text[:80])) from error


async def _examined(probe: str) -> list[Finding]:
    settings = BridgeSettings.load()
    found: list[Finding] = []

    async def tell(some: list[Finding]) -> None:
        found.extend(some)

    database, away = await _opened(settings.database_url)
    try:
        await Round(Case.of(settings, database, away=away, probe=probe)).go(tell)
    finally:
        if database is not None:
            await database.close()
    return ordered(found)


async def _opened(url: str) -> tuple[Database | None, str]:
    """The database, or why there is none."""
    try:
        return await as_it_stands(url), ""
    except DatabaseAway as away:
        return None, str(away)
