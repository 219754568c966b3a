"""A start that cannot work is refused in one line, with exit code 2, before anything is opened."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import BotSettings
from store.settings import SettingsRefused

ROOT = Path(__file__).parents[2]
GIVEN = {
    "POSTROOM_DOMAINS": "groups.example.org",
    "POSTROOM_SECRET": "0123456789abcdef",
    "SLACK_BOT_TOKEN": "xoxb-canary-bot",
    "SLACK_APP_TOKEN": "xapp-canary-app",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Nothing set but what GIVEN sets, in a folder without .env."""
    for name in list(os.environ):
        if name.startswith(("SLACK_", "POSTROOM_")):
            monkeypatch.delenv(name)
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def test_defaults(environment: pytest.MonkeyPatch) -> None:
    settings = BotSettings.load().for_mode(http=False)
    assert settings.api_url == "https://slack.com/api/"
    assert settings.command == "/group"
    assert settings.operators == ()
    assert "canary" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SLACK_BOT_TOKEN", "", "SLACK_BOT_TOKEN is required"),
        ("SLACK_BOT_TOKEN", "xoxp-canary", "SLACK_BOT_TOKEN is refused, it is not a bot token"),
        ("SLACK_APP_TOKEN", "xoxb-canary", "SLACK_APP_TOKEN is refused, it is not an app-level token"),
        ("SLACK_APP_TOKEN", "", "SLACK_APP_TOKEN is required for Socket Mode"),
        ("SLACK_API_URL", "slack.com", "SLACK_API_URL is refused"),
        ("POSTROOM_OPERATORS", "ada@example.org", "POSTROOM_OPERATORS is refused"),
        ("POSTROOM_COMMAND", "group", "POSTROOM_COMMAND is refused"),
        ("POSTROOM_DOMAINS", "", "POSTROOM_DOMAINS is required"),
    ],
)
def test_refusals(environment: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    environment.setenv(name, value)
    with pytest.raises(SettingsRefused) as refused:
        BotSettings.load().for_mode(http=False)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "canary" not in str(refused.value)


def test_http_mode_needs_the_signing_secret_and_no_app_token(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("SLACK_APP_TOKEN")
    with pytest.raises(SettingsRefused, match="SLACK_SIGNING_SECRET is required with --http"):
        BotSettings.load().for_mode(http=True)
    environment.setenv("SLACK_SIGNING_SECRET", "s")
    assert BotSettings.load().for_mode(http=True).app_token is None


def bot(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """`python -m bot` in the current folder, with this environment and no other settings."""
    base = {key: value for key, value in os.environ.items() if not key.startswith(("SLACK_", "POSTROOM_"))}
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments], env=base | {"PYTHONPATH": str(ROOT)} | environ,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_program_refuses_in_one_line(environment: pytest.MonkeyPatch) -> None:
    refused = bot(**(GIVEN | {"SLACK_BOT_TOKEN": "nonsense-canary"}))
    assert refused.returncode == 2
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "SLACK_BOT_TOKEN is refused" in refused.stderr
    assert "canary" not in refused.stderr


def test_an_unreachable_database_is_said_in_one_line(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refused = bot(**GIVEN, POSTROOM_DATABASE_URL=f"sqlite+aiosqlite:///{tmp_path}/no/such/folder/x.db")
    assert refused.returncode == 2
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "POSTROOM_DATABASE_URL" in refused.stderr


@pytest.mark.parametrize(
    ("given", "submission"),
    [
        ({}, None),
        ({"SUBMISSION_LISTEN": "0.0.0.0:587, [::]:587"}, ("groups.example.org", 587)),
        ({"SUBMISSION_LISTEN": ":2587", "HOSTNAME": "mail.example.org"}, ("mail.example.org", 2587)),
    ],
)
def test_where_devices_sign_in(
    environment: pytest.MonkeyPatch, given: dict[str, str], submission: tuple[str, int] | None
) -> None:
    for name, value in given.items():
        environment.setenv(f"POSTROOM_{name}", value)
    assert BotSettings.load().submission == submission


def test_a_door_that_is_none_is_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("POSTROOM_SUBMISSION_LISTEN", "587")
    with pytest.raises(SettingsRefused, match=r"^POSTROOM_SUBMISSION_LISTEN is refused, '587' is not host:port"):
        BotSettings.load()
