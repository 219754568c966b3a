"""A start that cannot succeed says why in one line, without a secret, and its exit code is 2."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import inspect
from sqlalchemy.engine import make_url

from store import migrate
from tests.flows.program import Program
from tests.postgres import Server

PROGRAMS = (["bot"], ["mailbridge"])
SECRET = "a-canary-of-thirty-two-characters"
SETTINGS = {
    "POSTROOM_DOMAINS": "groups.example.org",
    "POSTROOM_SECRET": SECRET,
    "POSTROOM_RELAY": "smtp://relay:canary@127.0.0.1:9",
    "SLACK_BOT_TOKEN": "xoxb-canary",
    "SLACK_APP_TOKEN": "xapp-canary",
    "SLACK_API_URL": "http://127.0.0.1:9/api/",
}


async def refusal(folder: Path, words: list[str], **changed: str | None) -> str:
    """The one line in which the start with these settings is refused; None leaves one out."""
    given = {name: value for name, value in (SETTINGS | changed).items() if value is not None}
    program = await Program.start(folder, given, *words)
    try:
        code = await program.ended()
    finally:
        await program.kill()
    assert code == 2, program.log
    (line,) = program.lines
    assert "canary" not in line
    return line


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (["bot"], "POSTROOM_DOMAINS"),
        (["bot"], "POSTROOM_SECRET"),
        (["bot"], "SLACK_BOT_TOKEN"),
        (["bot"], "SLACK_APP_TOKEN"),
        (["bot", "--http", "127.0.0.1:0"], "SLACK_SIGNING_SECRET"),
        (["mailbridge"], "POSTROOM_DOMAINS"),
        (["mailbridge"], "POSTROOM_SECRET"),
        (["mailbridge"], "POSTROOM_RELAY"),
    ],
    ids=lambda given: given if isinstance(given, str) else given[0],
)
async def test_a_required_setting_is_missing(tmp_path: Path, words: list[str], missing: str) -> None:
    line = await refusal(tmp_path, words, **{missing: None})
    assert line.startswith(f"{missing} is required")
    assert list(tmp_path.iterdir()) == [], "it made a file all the same"


@pytest.mark.parametrize("words", PROGRAMS, ids=" ".join)
async def test_the_database_is_away(tmp_path: Path, free_port: Callable[[], int], words: list[str]) -> None:
    url = f"postgresql+psycopg://postroom:canary@127.0.0.1:{free_port()}/postroom"
    line = await refusal(tmp_path, words, POSTROOM_DATABASE_URL=url)
    assert line.startswith("POSTROOM_DATABASE_URL: ")
    assert "refused" in line


@pytest.mark.parametrize("words", PROGRAMS, ids=" ".join)
async def test_an_old_schema_is_not_touched(tmp_path: Path, postgres_server: Server, words: list[str]) -> None:
    name = postgres_server.create_empty(f"old_{words[0]}")
    url = postgres_server.url(name)
    try:
        line = await refusal(tmp_path, words, POSTROOM_DATABASE_URL=url)
        with migrate.connected(make_url(url)) as connection:
            assert inspect(connection).get_table_names() == []
    finally:
        postgres_server.drop(name)
    assert line.endswith("run python -m store upgrade")


@pytest.mark.parametrize(
    ("words", "variable", "said"),
    [
        (["bot", "--http"], None, "--http: "),
        (["mailbridge"], "POSTROOM_SMTP_LISTEN", "POSTROOM_SMTP_LISTEN"),
        (["mailbridge"], "POSTROOM_WEB_LISTEN", "POSTROOM_WEB_LISTEN"),
    ],
)
async def test_the_port_is_taken(
    tmp_path: Path, free_port: Callable[[], int], words: list[str], variable: str | None, said: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        doors = {name: f"127.0.0.1:{free_port()}" for name in ("POSTROOM_SMTP_LISTEN", "POSTROOM_WEB_LISTEN")}
        changed = doors | ({variable: taken} if variable else {"SLACK_SIGNING_SECRET": "canary"})
        line = await refusal(tmp_path, words if variable else [*words, taken], **changed)
    assert said in line
    assert taken.rpartition(":")[2] in line
