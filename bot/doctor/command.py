"""`python -m bot doctor`: the round on the terminal, a line each, or as JSON."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from typing import Final

import structlog

from bot.doctor.round import Round
from bot.settings import BotSettings
from bot.slack import Slack
from store import findings
from store.findings import Finding, faults, ordered
from store.opening import DatabaseAway, as_it_stands
from store.settings import SettingsRefused

LANGUAGE: Final = "en"


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    summary = "look at tokens, socket, scopes, command, channels and people, and say what to mend"
    command = commands.add_parser("doctor", help=summary, description=f"{summary}. Nothing is posted.")
    command.add_argument("--json", action="store_true", help="findings as JSON, for programs")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 without a fault, 1 with one, 2 with a line on standard error where nothing could be examined."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        settings = BotSettings.load().for_mode(http=arguments.http is not None)
        found = ordered(asyncio.run(examined(settings, http=arguments.http is not None)))
    except (SettingsRefused, DatabaseAway) as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 2
    sys.stdout.write((findings.as_json if arguments.json else findings.lines)(LANGUAGE, found))
    return 1 if faults(found) else 0


async def examined(settings: BotSettings, *, http: bool = False) -> list[Finding]:
    """Every finding of a round. Raises DatabaseAway."""
    database = await as_it_stands(settings.database_url)
    try:
        slack = Slack.connect(token=settings.bot_token.get_secret_value(), api_url=settings.api_url)
        try:
            return [finding async for finding in Round(settings, slack, database, http=http).go()]
        finally:
            await slack.close()
    finally:
        await database.close()
