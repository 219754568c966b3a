"""The project as a whole: what its files must and must not hold, and the catalogue against the code that speaks."""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Iterator
from functools import cache
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values
from honcho import environ
from pydantic_settings import BaseSettings

from bot.commands.table import TABLE
from bot.sandbox import settings as sandbox_settings
from bot.settings import BotSettings
from mailbridge.settings import BridgeSettings
from store import texts
from store.settings import StoreSettings

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("bot", "store", "mailbridge")
MADE = frozenset({"uv.lock", "bench.json", ".env", ".coverage"})  # by tools and by who runs it; not the project's
LONGEST_FILE = 400
MEDIAN_FILE = 160
TEXT_FILES = frozenset(
    {".py", ".toml", ".md", ".txt", ".html", ".css", ".js", ".mako", ".lock", ".example", ".dev", ""}
)


@cache
def files() -> tuple[Path, ...]:
    """Every file of the project that people wrote, and the locks."""
    top = [path for path in ROOT.iterdir() if path.is_file() and path.name not in MADE]
    folders = [ROOT / name for name in (*PACKAGES, "tests", "docs", ".ci")]
    deep = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return tuple(path for path in [*top, *deep] if path.suffix in TEXT_FILES and "__pycache__" not in path.parts)


def modules(*packages: str) -> Iterator[Path]:
    return (path for path in files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in packages)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_hold_hashes_and_no_addresses(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert "://" not in text
    pinned = re.findall(r"^[a-z0-9].*==", text, re.MULTILINE)
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(pinned) == len(blocks) > 30
    assert all("--hash=sha256:" in block for block in blocks)


def test_no_file_knows_a_machine() -> None:
    machine = re.compile(r"(?<![\w.])/(?:root|home/\w|work|Users)/")
    found = [f"{path.relative_to(ROOT)}" for path in files() if machine.search(path.read_text("utf-8", "replace"))]
    assert [name for name in found if name != "tests/test_project.py"] == []


def test_files_stay_short() -> None:
    lengths = {
        str(path.relative_to(ROOT)): path.read_text("utf-8").count("\n")
        for path in modules(*PACKAGES, "tests")
        if "versions" not in path.parts
    }
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}
    assert statistics.median(lengths.values()) < MEDIAN_FILE


def test_nothing_is_silenced_without_a_reason_or_left_for_later() -> None:
    marks = {
        "a noqa without code or reason": re.compile(r"#\s*noqa(?!: [A-Z]+\d+(?:, [A-Z]+\d+)* - \S)"),
        "an ignored type without code or reason": re.compile(r"#\s*type:\s*ignore(?!\[[a-z-]+(?:,[a-z-]+)*\]  # \S)"),
        "left for later": re.compile(r"\b(?:TODO|FIXME|XXX)\b"),
    }
    found = [
        f"{path.relative_to(ROOT)}:{number}: {what}"
        for path in modules(*PACKAGES, "tests")
        if path.name != "test_project.py"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        for what, mark in marks.items()
        if mark.search(line)
    ]
    assert found == []


def test_what_a_newcomer_looks_for_is_there() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")
    assert (ROOT / "LICENSE").read_text("utf-8").count("\n") > 190
    make = (ROOT / "Makefile").read_text("utf-8")
    for target in ("demo", "tour", "test", "bench", "lock", "lint"):
        assert re.search(rf"^{target}:", make, re.MULTILINE), target
    assert (ROOT / "Procfile").read_text("utf-8").splitlines() == [
        "bot: python -m bot",
        "mailbridge: python -m mailbridge",
    ]
    assert "sandbox: python -m bot.sandbox" in (ROOT / "Procfile.dev").read_text("utf-8").splitlines()
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def variables(settings: type[BaseSettings], prefix: str = "POSTROOM_") -> set[str]:
    return {
        field.validation_alias if isinstance(field.validation_alias, str) else f"{prefix}{name.upper()}"
        for name, field in settings.model_fields.items()
    }


def test_every_setting_is_in_the_example_and_the_example_has_no_other() -> None:
    example = (ROOT / ".env.example").read_text("utf-8")
    shown = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    read = set().union(*(variables(settings) for settings in (StoreSettings, BotSettings, BridgeSettings)))
    assert read <= shown
    source = Path(sandbox_settings.__file__).read_text("utf-8")
    assert [name for name in shown - read if name not in source] == []


def test_the_example_says_the_defaults_to_both_who_read_it() -> None:
    """`honcho start` hands on what it reads itself, and takes blanks and # out of what stands in no quotes."""
    example = (ROOT / ".env.example").read_text("utf-8")
    read = environ.parse(example)
    assert read == {name: value for name, value in dotenv_values(stream=StringIO(example)).items() if value}
    needed = {"domains": "x.example", "secret": "x" * 16, "relay": "mx", "bot_token": "xoxb-x"}
    for settings in (StoreSettings, BotSettings, BridgeSettings):
        told = {
            name: read[f"POSTROOM_{name.upper()}"]
            for name in settings.model_fields
            if f"POSTROOM_{name.upper()}" in read
        }
        assert settings.load(_env_file=None, **needed | told) == settings.load(_env_file=None, **needed)


def test_the_readme_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    named = readme[readme.index("## The commands") : readme.index("## Writing from Slack")]
    assert [name for name in TABLE if f"`{name}`" not in named] == []


# ---------------------------------------------------------------- the catalogue


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a function (or class) of that name in the packages, with where it is."""
    for path in modules(*PACKAGES):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called == name:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def pattern(node: ast.expr) -> re.Pattern[str] | None:
    """What a literal or an f-string may come to; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.compile(re.escape(node.value))
    if isinstance(node, ast.JoinedStr):
        return re.compile(
            "".join(
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[a-z0-9_.-]+" for part in node.values
            )
        )
    return None


def said() -> Iterator[tuple[str, ast.Call, re.Pattern[str]]]:
    for place, call in calls("say"):
        if len(call.args) >= 2:
            key = pattern(call.args[1])
            if key is not None:
                yield place, call, key


def test_every_text_that_is_said_is_in_the_catalogue() -> None:
    known = texts.keys("en")
    assert [f"{place} {key.pattern}" for place, _, key in said() if not any(map(key.fullmatch, known))] == []


def test_every_refusal_has_its_text() -> None:
    known = texts.keys("en")
    names = [
        (place, str(call.args[0].value))
        for place, call in calls("Refused")
        if call.args and isinstance(call.args[0], ast.Constant)
    ]
    assert len(names) > 30
    assert [f"{place} {name}" for place, name in names if f"refused.{name}" not in known] == []


def test_every_value_a_text_needs_is_given() -> None:
    missing = []
    for place, call, key in said():
        given = {keyword.arg for keyword in call.keywords}
        if None in given or not texts.keys("en") & {re.sub(r"\\(.)", r"\1", key.pattern)}:
            continue
        needed = texts.placeholders("en", re.sub(r"\\(.)", r"\1", key.pattern))
        if needed - given:
            missing.append(f"{place} {sorted(needed - given)}")
    assert missing == []


def test_every_refusal_gives_the_values_its_text_needs() -> None:
    missing = []
    for place, call in calls("Refused"):
        if not call.args or not isinstance(call.args[0], ast.Constant):
            continue
        given = {keyword.arg for keyword in call.keywords}
        needed = texts.placeholders("en", f"refused.{call.args[0].value!s}")
        if None not in given and needed - given:
            missing.append(f"{place} {sorted(needed - given)}")
    assert missing == []


def test_no_text_is_there_that_nobody_says() -> None:
    """A text is used if the code has its name, the last parts of it, or an f-string that can come to it."""
    constants: set[str] = set()
    patterns: set[re.Pattern[str]] = set()
    for path in modules(*PACKAGES):
        if "sandbox" in path.parts:
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 80:
                constants.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                key = pattern(node)
                if key is not None and re.match(r"[a-z_]+\\?\.", key.pattern):
                    patterns.add(key)

    def used(key: str) -> bool:
        parts = key.split(".")
        tails = {".".join(parts[start:]) for start in range(len(parts))}
        return bool(tails & constants) or any(one.fullmatch(key) for one in patterns)

    assert sorted(key for key in texts.keys("en") if not used(key)) == []
