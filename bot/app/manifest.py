"""`python -m bot manifest --url https://…`: the app's manifest for HTTP mode, made from the one for Socket Mode.

Source: docs.slack.dev, app manifest reference.
"""

from __future__ import annotations

import argparse
import copy
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bot.app.endpoint import PATH

SOCKET_MODE = Path(__file__).parents[2] / "docs/manifest.yaml"


def over_http(manifest: Mapping[str, Any], url: str) -> dict[str, Any]:
    """The manifest of an app whose requests come to `url` instead of over a socket. Pure."""
    made = copy.deepcopy(dict(manifest))
    for command in made["features"]["slash_commands"]:
        command["url"] = url
    settings = made["settings"]
    settings["event_subscriptions"]["request_url"] = url
    # Without the second, Slack never asks for the options of an external select.
    settings["interactivity"] |= {"request_url": url, "message_menu_options_url": url}
    settings["socket_mode_enabled"] = False
    return made


def request_url(text: str) -> str:
    """Where Slack posts to, of the address that leads to the bot. Raises argparse.ArgumentTypeError."""
    if re.fullmatch(r"https://[^\s/?#@]+(?:/[^\s?#]*)?", text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form https://host or https://host/path")
    return text.rstrip("/").removesuffix(PATH) + PATH


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    summary = "print the Slack app's manifest for HTTP mode (docs/manifest.yaml is for Socket Mode)"
    command = commands.add_parser("manifest", help=summary, description=f"{summary}. Nothing is called.")
    command.add_argument(
        "--url", type=request_url, required=True, metavar="https://…", help=f"the address whose {PATH} leads to the bot"
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0, or 2 with a line on standard error where the manifest for Socket Mode is not at hand."""
    try:
        manifest = yaml.safe_load(SOCKET_MODE.read_text("utf-8"))
    except OSError as error:
        sys.stderr.write(f"the manifest is read from the checkout: {error}\n")
        return 2
    yaml.safe_dump(over_http(manifest, arguments.url), sys.stdout, sort_keys=False, allow_unicode=True, width=1_000)
    return 0
