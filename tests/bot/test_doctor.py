"""`python -m bot doctor`: what stands between the bot and Slack is named, each with its remedy and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.doctor import scopes
from bot.doctor.command import examined
from bot.sandbox.app import Sandbox
from bot.sandbox.driver import Pocket
from store import persons
from store.findings import Level
from tests.bot.conftest import Office, settings_for

ROOT = Path(__file__).parents[2]
# The pocket workspace grants no optional scope, as one that is new to us would not.
QUIET = {"token_ok", "socket_in_use", "scopes_ok", "scope_optional", "people_ok", "command_unheard"}


async def names(office: Office, **more: Any) -> set[str]:
    """What is found beside a running bot."""
    found = await examined(settings_for(office.sandbox, office.settings.database_url, **more))
    for one in found:
        assert one.found("en")
        assert one.found("fr") != one.found("en")
        assert (one.remedy("en") == "") is (one.level is Level.OK)
    return {one.name for one in found}


async def test_nothing_is_amiss_beside_a_bot_that_runs(office: Office) -> None:
    assert await names(office) == QUIET
    assert (await office.pocket.command("ada", "#general", "/group help"))["ok"]
    await office.pocket.wait_message("ada", "#general", "/group create")

    async def heard() -> bool:
        return "command_heard" in await names(office)

    await office.until(heard)


async def test_each_missing_scope_is_named_with_what_breaks(office: Office) -> None:
    granted = (await office.pocket.get("control"))["scopes"]
    every = [*scopes.REQUIRED, *scopes.OPTIONAL]
    for scope in every:
        await office.pocket.post("control", scopes=[one for one in granted if one != scope])
        found = await examined(settings_for(office.sandbox, office.settings.database_url))
        missing = {one.subject for one in found if one.name in {"scope_missing", "scope_optional"}}
        assert scope in missing
        assert all(one in scopes.OPTIONAL or one == scope for one in missing)


def test_the_scopes_are_the_manifests() -> None:
    granted = yaml.safe_load((ROOT / "docs/manifest.yaml").read_text("utf-8"))["oauth_config"]["scopes"]
    assert {*scopes.REQUIRED, *scopes.OPTIONAL} == set(granted["bot"])
    assert set(scopes.OPTIONAL) == set(granted["bot_optional"])


@pytest.mark.parametrize(
    ("control", "name"),
    [
        ({"revoked": True}, "token_refused"),
        ({"outage": "503"}, "slack_away"),
        ({"outage": "503", "methods": "apps.*"}, "socket_silent"),
        ({"outage": "429", "methods": "auth.test", "retry_after": 30}, "slack_away"),
    ],
)
async def test_a_way_in_that_is_barred(office: Office, control: dict[str, Any], name: str) -> None:
    await office.pocket.post("control", **control)
    assert name in await names(office)


async def test_a_token_that_is_not_ours(office: Office) -> None:
    assert "token_refused" in await names(office, bot_token="xoxb-0-other")
    assert "socket_refused" in await names(office, app_token="xapp-0-other")


async def test_without_a_bot_the_socket_is_tried(bot_url: str, pocket_slack: Sandbox) -> None:
    found = {one.name: one for one in await examined(settings_for(pocket_slack, bot_url))}
    assert {"socket_ok", "people_none", "command_unheard"} <= set(found), list(found.values())
    async with Pocket(pocket_slack.base) as pocket:
        assert (await pocket.get("control"))["connections"] == 0


async def test_channels_that_cannot_be_posted_to(office: Office) -> None:
    await office.group("one", report_channel="C0GONE00", moderation_channel="C0GENERAL")
    await office.group("two", moderation_channel="C0MODERATORS")
    assert office.sandbox.workspace is not None
    shared = office.sandbox.workspace.channels.get("C0MODERATORS")
    assert shared is not None
    shared.shared = True
    assert await names(office) - QUIET == {"channel_unseen", "channel_public", "channel_shared", "operators_none"}


async def test_nobody_is_operator(office: Office) -> None:
    async with office.database.writing() as tx:
        for person in await persons.operators(tx):
            person.operator = False
            tx.add(person)
    assert await names(office) - QUIET == {"operators_none"}


async def test_on_the_terminal(office: Office, tmp_path: Path) -> None:
    base = {key: value for key, value in os.environ.items() if not key.startswith(("SLACK_", "POSTROOM_"))}
    environ = base | {
        "PYTHONPATH": str(ROOT),
        "POSTROOM_DATABASE_URL": office.settings.database_url,
        "POSTROOM_DOMAINS": "groups.example.org",
        "POSTROOM_SECRET": "0123456789abcdef",
        "SLACK_BOT_TOKEN": office.sandbox.settings.bot_token,
        "SLACK_APP_TOKEN": office.sandbox.settings.app_token,
        "SLACK_API_URL": f"{office.sandbox.base}/api/",
    }
    for arguments in (["doctor"], ["doctor", "--json"]):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *arguments, env=environ, cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, complaint = await process.communicate()
        assert (process.returncode, complaint) == (0, b"")
        assert environ["SLACK_BOT_TOKEN"].encode() not in said
        if arguments[1:]:
            assert {one["name"] for one in json.loads(said)} >= {"token_ok"}
        else:
            assert b"tokens: The bot token is good" in said
