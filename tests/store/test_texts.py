"""The catalogue: filling, escaping, counting, standing in, and what is refused as a fault of ours."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import texts
from store.texts import Markup, TextMissing, say

ENGLISH = """
[greeting]
plain = "Hello {name}, {{braces}} stay."
count = {one = "{n} contact of {name}.", other = "{n} contacts of {name}."}
"""
FRENCH = """
[greeting]
count = {one = "{n} contact de {name}.", other = "{n} contacts de {name}."}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(texts, "FOLDER", tmp_path)
    (tmp_path / "en.one.toml").write_text(ENGLISH)
    (tmp_path / "fr.one.toml").write_text(FRENCH)
    texts._catalogue.cache_clear()
    yield tmp_path
    texts._catalogue.cache_clear()


def test_values_go_through_the_escaping_of_the_surface_unless_safe(folder: Path) -> None:
    assert say("en", "greeting.plain", via=html.escape, name="<b>") == "Hello &lt;b&gt;, {braces} stay."
    assert say("en", "greeting.plain", via=html.escape, name=Markup("<b>")) == "Hello <b>, {braces} stay."


@given(st.text())
def test_a_value_is_never_read_as_a_text(value: str) -> None:
    texts._catalogue.cache_clear()
    assert say("en", "store.check.database", via=lambda text: f"[{text}]", engine=f"{{engine}}{value}") == (
        f"The database answers ([{{engine}}{value}])."
    )


@pytest.mark.parametrize(
    ("language", "n", "said"),
    [
        ("en", 0, "0 contacts of x."),
        ("en-US", 1, "1 contact of x."),
        ("en", 2, "2 contacts of x."),
        ("fr", 0, "0 contact de x."),
        ("fr_CA", 1, "1 contact de x."),
        ("fr", 2, "2 contacts de x."),
        ("de-DE", 2, "2 contacts of x."),
    ],
)
def test_plural_forms_follow_the_language(folder: Path, language: str, n: int, said: str) -> None:
    assert say(language, "greeting.count", n=n, name="x") == said


@pytest.mark.parametrize("language", ["fr", "", "../../etc/passwd", "*", "日本"])
def test_english_stands_in(folder: Path, language: str) -> None:
    assert say(language, "greeting.plain", name="x").startswith("Hello x")


def test_what_the_program_gets_wrong_is_named(folder: Path) -> None:
    for key, missing in [("greeting.none", "greeting.none"), ("greeting.plain", "{name}"), ("greeting.count", "n")]:
        with pytest.raises(TextMissing, match=missing):
            say("en", key)


@pytest.mark.parametrize(
    ("content", "fault"),
    [("[greeting]\nplain = 'again'", "already"), ("x = 1", "neither"), ("x = ", "two.toml")],
)
def test_a_bad_file_is_named(folder: Path, content: str, fault: str) -> None:
    (folder / "en.two.toml").write_text(content)
    with pytest.raises(TextMissing, match=fault):
        texts.keys("en")


def test_languages_keys_and_placeholders(folder: Path) -> None:
    assert texts.languages() == ("en", "fr")
    assert texts.keys("fr") == {"greeting.count"}
    assert texts.placeholders("en", "greeting.count") == {"n", "name"}


def test_every_language_has_the_values_of_the_english_text() -> None:
    texts._catalogue.cache_clear()
    assert "en" in texts.languages()
    for language in texts.languages():
        for key in texts.keys(language):
            assert texts.placeholders(language, key) == texts.placeholders("en", key), f"{language} {key}"


def test_french_marks_stay_with_their_words() -> None:
    """A line never begins with a colon, a question mark or a closing quote (Lexique de l'Imprimerie nationale)."""
    loose = re.compile(r" [;?!»](?!\w)| :(?!\w)|« ")
    for key in sorted(texts.keys("fr")):
        _, found = texts._find("fr", key)
        assert not [one for one in ([found] if isinstance(found, str) else found.values()) if loose.search(one)], key
