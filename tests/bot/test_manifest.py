"""The Slack app's manifest says what the code does, no less and no more."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.__main__ import main
from bot.app.endpoint import PATH
from bot.app.listeners import EVENTS
from bot.app.manifest import request_url
from bot.app.tables import TABLES
from bot.outbox import HISTORY
from bot.sandbox.settings import DEFAULT_EVENTS, DEFAULT_SHORTCUTS, OPTIONAL_SCOPES
from bot.settings import BotSettings

ROOT = Path(__file__).parents[2]
# The Web API methods that `bot.slack` calls -> the scopes one of which Slack wants for each.
SCOPES = {
    "auth.test": set(),
    "api.test": set(),
    "chat.postMessage": {"chat:write"},
    "chat.postEphemeral": {"chat:write"},
    "chat.update": {"chat:write"},
    "chat.getPermalink": set(),
    "conversations.open": {"im:write"},
    "conversations.info": {"channels:read", "groups:read"},
    "conversations.members": {"channels:read", "groups:read"},
    "conversations.history": {"channels:history", "groups:history", "im:history"},
    "files.getUploadURLExternal": {"files:write"},
    "files.completeUploadExternal": {"files:write"},
    "files.info": {"files:read"},
    "conversations.replies": {"channels:history", "groups:history", "im:history"},
    "users.info": {"users:read", "users:read.email"},
    "users.list": {"users:read", "users:read.email"},
    "usergroups.list": {"usergroups:read"},
    "usergroups.users.list": {"usergroups:read"},
    "views.open": set(),
    "views.push": set(),
    "views.update": set(),
    "views.publish": set(),
}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docs/manifest.yaml").read_text("utf-8")))


def called() -> set[str]:
    """The methods named where Slack is called."""
    text = "".join((ROOT / name).read_text("utf-8") for name in ("bot/slack.py", "bot/shares.py"))
    return set(re.findall(r'"((?:auth|api|chat|conversations|users|usergroups|views|files)\.[A-Za-z.]+)"', text))


def test_scopes_are_those_of_the_methods_called(manifest: dict[str, Any]) -> None:
    granted = manifest["oauth_config"]["scopes"]
    assert called() == set(SCOPES)
    needed = {"commands"}.union(*(SCOPES[method] for method in called()))
    assert needed == set(granted["bot"])
    assert frozenset().union(*HISTORY.values()) <= set(granted["bot_optional"])
    assert set(granted["bot_optional"]) <= set(granted["bot"])  # or Slack does not take the manifest


def test_events_are_those_listened_to(manifest: dict[str, Any]) -> None:
    named = manifest["settings"]["event_subscriptions"]["bot_events"]
    # What is said is subscribed to by the kind of conversation, each with the scope of its history.
    assert {name.partition(".")[0] for name in named} == set(EVENTS)
    spoken = {name.partition(".")[2] for name in named if "." in name}
    assert {f"{kind}:history" for kind in spoken} == frozenset().union(*HISTORY.values())
    assert set(named) == DEFAULT_EVENTS
    optional = set(manifest["oauth_config"]["scopes"]["bot_optional"])
    assert optional == OPTIONAL_SCOPES | {"usergroups:read"}


def test_shortcuts_are_those_that_are_answered_and_that_the_double_offers(manifest: dict[str, Any]) -> None:
    named = {(one["callback_id"], one["type"], one["name"]) for one in manifest["features"]["shortcuts"]}
    assert {callback for callback, _, _ in named} == {str(one) for one in TABLES.shortcuts}
    assert named == {(one.callback_id, one.kind, one.name) for one in DEFAULT_SHORTCUTS}
    assert all(len(one["description"]) <= 150 for one in manifest["features"]["shortcuts"])


def test_the_command_comes_escaped_and_by_its_default_name(manifest: dict[str, Any]) -> None:
    (command,) = manifest["features"]["slash_commands"]
    assert command["command"] == BotSettings.model_fields["command"].default
    assert command["should_escape"] is True


def test_home_interactivity_and_messages_are_on(manifest: dict[str, Any]) -> None:
    home = manifest["features"]["app_home"]
    assert home["home_tab_enabled"]
    assert home["messages_tab_enabled"]
    assert home["messages_tab_read_only_enabled"] is False
    assert manifest["settings"]["interactivity"]["is_enabled"]
    assert manifest["settings"]["socket_mode_enabled"]


URL = "https://bot.example.org/slack/events"
# What HTTP mode needs beside the manifest for Socket Mode, and differs in nothing else: path -> value.
OVER_HTTP = {
    ("features", "slash_commands", 0, "url"): URL,
    ("settings", "event_subscriptions", "request_url"): URL,
    ("settings", "interactivity", "request_url"): URL,
    ("settings", "interactivity", "message_menu_options_url"): URL,
    ("settings", "socket_mode_enabled"): False,
}


def leaves(value: Any, at: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], Any]:
    """Every value of a structure that holds no other, by its path."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inner is None:
        return {at: value}
    return {path: leaf for key, part in inner for path, leaf in leaves(part, (*at, key)).items()}


def printed(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["bot", *arguments])
    return main()


@pytest.mark.parametrize("given", ["https://bot.example.org", "https://bot.example.org/", URL])
def test_the_one_for_http_has_the_url_in_its_four_places_and_differs_in_nothing_else(
    manifest: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: str
) -> None:
    assert URL.endswith(PATH)
    assert printed(monkeypatch, "manifest", "--url", given) == 0
    assert leaves(yaml.safe_load(capsys.readouterr().out)) == leaves(manifest) | OVER_HTTP


def test_a_proxy_may_give_the_bot_a_path_of_its_own() -> None:
    assert request_url("https://example.org:8443/postroom/") == f"https://example.org:8443/postroom{PATH}"


@pytest.mark.parametrize(
    "given",
    [
        "http://bot.example.org",
        "bot.example.org",
        "https://",
        "https:///x",
        "https://x?y=z",
        "https://me@x",
        "https://x y",
    ],
)
def test_what_slack_cannot_post_to_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: str
) -> None:
    with pytest.raises(SystemExit) as refusal:
        printed(monkeypatch, "manifest", "--url", given)
    assert refusal.value.code == 2
    assert f"{given!r} is not of the form https://host" in capsys.readouterr().err


def test_where_the_manifest_is_not_at_hand_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("bot.app.manifest.SOCKET_MODE", tmp_path / "manifest.yaml")
    assert printed(monkeypatch, "manifest", "--url", URL) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_texts_fit_slacks_limits(manifest: dict[str, Any]) -> None:
    assert len(manifest["display_information"]["name"]) <= 35
    assert len(manifest["display_information"]["description"]) <= 140
    assert re.fullmatch(r"[a-z0-9_.-]{1,80}", manifest["features"]["bot_user"]["display_name"])
