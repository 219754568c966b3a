"""Settings: what a start needs, and the one line it gets where something is missing or malformed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import Field, SecretStr

from store.settings import SettingsRefused, StoreSettings

SECRET = "correct-horse-battery-staple"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("POSTROOM_", "SLACK_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def given(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in {"POSTROOM_DOMAINS": "groups.example.org", "POSTROOM_SECRET": SECRET, **variables}.items():
        monkeypatch.setenv(name, value)


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, POSTROOM_PUBLIC_URL="")
    settings = StoreSettings.load()
    assert settings.database_url == "sqlite+aiosqlite:///postroom.db"
    assert settings.domains == ("groups.example.org",)
    assert settings.published_domains == ()
    assert settings.public_url is None
    assert settings.max_size == 25 * 2**20
    assert settings.secrets == (SECRET.encode(),)


def test_what_is_given_is_normalised(monkeypatch: pytest.MonkeyPatch) -> None:
    given(
        monkeypatch,
        POSTROOM_DOMAINS=" Groups.Example.org, bücher.example,groups.example.org ,",
        POSTROOM_SECRET=f"{SECRET}, {SECRET[::-1]}",
        POSTROOM_MAX_SIZE="1.5 GB",
        POSTROOM_PUBLIC_URL="https://groups.example.org/",
    )
    settings = StoreSettings.load()
    assert settings.domains == ("groups.example.org", "xn--bcher-kva.example")
    assert settings.secrets == (SECRET.encode(), SECRET[::-1].encode())
    assert settings.max_size == 3 * 2**29
    assert settings.public_url == "https://groups.example.org"


def test_everything_missing_is_told_in_one_line() -> None:
    with pytest.raises(SettingsRefused) as refusal:
        StoreSettings.load()
    said = str(refusal.value)
    assert "\n" not in said
    assert "POSTROOM_DOMAINS is required: the mail domains" in said
    assert "POSTROOM_SECRET is required: at least 16" in said


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("POSTROOM_DOMAINS", ",", "names no domain"),
        ("POSTROOM_DOMAINS", "two words.org", "is not a domain"),
        ("POSTROOM_PUBLISHED_DOMAINS", "a..b", "is not a domain"),
        ("POSTROOM_DATABASE_URL", "mysql://root:hunter2@h/db", "mysql is not a database driver"),
        ("POSTROOM_DATABASE_URL", "postgresql+asyncpg://root:hunter2@h/db", "is not a database driver"),
        ("POSTROOM_DATABASE_URL", "sqlite+aiosqlite://", "names no database"),
        ("POSTROOM_DATABASE_URL", "postroom\n.db", "not a database URL"),
        ("POSTROOM_SECRET", "hunter2", "fewer than 16"),
        ("POSTROOM_SECRET", f"{SECRET},hunter2", "fewer than 16"),
        ("POSTROOM_MAX_SIZE", "huge", "is not a size such as 25MB"),
        ("POSTROOM_MAX_SIZE", "none", "is not a size such as 25MB"),
        ("POSTROOM_PUBLIC_URL", "groups.example.org", "not the address of a web site"),
    ],
)
def test_what_is_malformed_is_named_with_its_remedy_and_no_secret(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    given(monkeypatch, **{variable: value})
    with pytest.raises(SettingsRefused) as refusal:
        StoreSettings.load()
    text = str(refusal.value)
    assert text.startswith(f"{variable} is refused, ")
    assert said in text
    assert ": give " in text
    assert "\n" not in text
    assert "hunter2" not in text
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None


def test_the_file_in_the_working_folder_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"POSTROOM_DOMAINS=file.example\nPOSTROOM_SECRET={SECRET}\nOTHER=1\n")
    assert StoreSettings.load().domains == ("file.example",)
    monkeypatch.setenv("POSTROOM_DOMAINS", "environment.example")
    assert StoreSettings.load().domains == ("environment.example",)


def test_nothing_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, POSTROOM_DATABASE_URL="postgresql+psycopg://root:hunter2@h/db")
    shown = repr(StoreSettings.load())
    assert "hunter2" not in shown
    assert SECRET not in shown


def test_settings_do_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch)
    settings = StoreSettings.load()
    with pytest.raises(ValueError, match="frozen"):
        settings.domains = ()  # type: ignore[misc]  # that it is read-only is what is tested


def test_a_package_adds_its_own_under_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    class More(StoreSettings):
        token: SecretStr = Field(validation_alias="SLACK_BOT_TOKEN", description="the bot's token")

    given(monkeypatch)
    with pytest.raises(SettingsRefused, match=r"^SLACK_BOT_TOKEN is required: the bot's token$"):
        More.load()
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    assert More.load().token.get_secret_value() == "xoxb-1"
