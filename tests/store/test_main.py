"""`python -m store`: each command does its work, and what it refuses is one line and a failing exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from sqlalchemy import text
from sqlalchemy.engine import make_url

from store import migrate
from store.__main__ import main

ROOT = Path(__file__).parents[2]
GROUPS = """
groups:
  - address: dev@groups.example.org
    administrators: [U1]
    contacts: [ann@example.com]
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("POSTROOM_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("POSTROOM_DOMAINS", "groups.example.org")
    monkeypatch.setenv("POSTROOM_SECRET", "correct-horse-battery-staple")
    monkeypatch.chdir(tmp_path)


Run = Callable[..., tuple[int, list[str], list[str]]]  # words -> exit code, lines out, lines of error


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_(*words: str) -> tuple[int, list[str], list[str]]:
        code = main(words)
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err.splitlines()

    return run_


def test_import_and_export_are_the_groups_as_code(run: Run, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_DATABASE_URL", database_url)
    Path("groups.yaml").write_text(GROUPS)
    code, out, err = run("import", "groups.yaml", "--dry-run")
    assert (code, err) == (0, [])
    assert out[-1] == "Nothing was changed: this was a dry run."
    assert run("import", "groups.yaml") == (0, out[:-1], [])
    assert run("import", "groups.yaml") == (0, ["Nothing to change."], [])
    code, out, err = run("export")
    assert (code, err) == (0, [])
    [group] = yaml.safe_load("\n".join(out))["groups"]
    assert (group["address"], group["administrators"], group["contacts"]) == (
        "dev@groups.example.org",
        ["U1"],
        ["ann@example.com"],
    )
    assert run("export", "all.yaml") == (0, ["1 group was written to all.yaml."], [])
    assert yaml.safe_load(Path("all.yaml").read_text()) == {"groups": [group]}
    with migrate.connected(make_url(database_url)) as connection, connection.begin():
        connection.execute(text("UPDATE membership SET receiving = 'stopped' WHERE contact"))
    left_out = "1 contact who stopped their mail was left out: another Postroom would mail them again."
    assert run("export", "all.yaml") == (0, ["1 group was written to all.yaml.", left_out], [])
    code, out, err = run("export")
    assert (code, yaml.safe_load("\n".join(out))["groups"][0]["contacts"], err) == (0, [], [left_out])
    assert run("export", "no/where.yaml") == (1, [], ["no/where.yaml cannot be written: No such file or directory."])


def test_who_reads_the_export_may_stop_reading(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m store export | head` ends quietly."""
    monkeypatch.setenv("POSTROOM_DATABASE_URL", database_url)
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "store", "export"]
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (141, b"")


def test_check_goes_through_everything(run: Run, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_DATABASE_URL", database_url)
    code, out, err = run("check")
    assert (code, err) == (0, [])
    assert out[0] == "The settings are complete."
    assert "The schema is current." in out
    assert "postmaster@groups.example.org is not set up yet. It will be when the bot or the mail bridge starts." in out
    assert ("The database file is whole." in out) == database_url.startswith("sqlite")


def test_a_missing_database_is_made_by_upgrade_and_by_nothing_else(run: Run) -> None:
    for words in (["check"], ["export"]):
        code, _, err = run(*words)
        assert code == 1
        assert err == ["There is no database file postroom.db yet: run python -m store upgrade"]
        assert not Path("postroom.db").exists()
    assert run("upgrade") == (0, ["The schema is current."], [])
    assert run("upgrade") == (0, ["The schema is current."], [])
    assert run("check")[0] == 0


def test_a_damaged_file_is_told(run: Run) -> None:
    run("upgrade")
    file = Path("postroom.db")
    octets = bytearray(file.read_bytes())
    octets[8192:16384] = os.urandom(8192)
    file.write_bytes(octets)
    code, out, err = run("check")
    assert code == 1
    [line] = [line for line in out + err if "damaged" in line or "malformed" in line or "not answer" in line]
    assert line


@pytest.mark.parametrize(
    ("variables", "words", "said"),
    [
        ({"POSTROOM_SECRET": ""}, ["check"], "POSTROOM_SECRET is required: "),
        ({"POSTROOM_DATABASE_URL": "mysql://x"}, ["upgrade"], "POSTROOM_DATABASE_URL is refused, "),
        (
            {"POSTROOM_DATABASE_URL": "sqlite+aiosqlite:///no/where.db"},
            ["upgrade"],
            "The folder of no/where.db cannot be",
        ),
        (
            {"POSTROOM_DATABASE_URL": "postgresql+psycopg://root:hunter2@127.0.0.1:1/db"},
            ["check"],
            "The database does not answer (",
        ),
        ({}, ["import", "none.yaml"], "none.yaml: The file cannot be read: No such file or directory."),
    ],
)
def test_what_is_refused_is_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], words: list[str], said: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    code, _, err = run(*words)
    assert code == 1
    [line] = err
    assert line.startswith(said)
    assert "hunter2" not in line


def test_a_command_that_is_none_shows_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["improt", "x"])
    assert end.value.code == 2
    assert "choose from" in capsys.readouterr().err
