"""The one catalogue of everything people read: Slack, mails and the web page.

Texts live in `store/texts/<language>.<area>.toml`. A text is named by its path in the file as written, tables and key
joined by dots (`[refused]` and `closed = "…"` make `refused.closed`), so two files of a language never hold the same
name. A text is one or more whole sentences with `{placeholders}`; `{{` and `}}` are literal braces. A text that counts
is a table of plural forms, `{one = "…", other = "…"}`, chosen by `n`, which also fills `{n}`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("texts")
FALLBACK = "en"
PLURAL_FORMS = frozenset({"one", "other"})
# CLDR's cardinal rules, as far as our languages need them: is `n` the "one" form?
ONE: Mapping[str, Callable[[int], bool]] = {"en": lambda n: n == 1, "fr": lambda n: n in (0, 1)}
# Blanks that no line may break at, put in as a file is read: before a colon and the like, and within guillemets.
# A word between colons is an emoji's name.
SETTING: Mapping[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "fr": (
        (re.compile(r" (?=:(?![a-z0-9_+-]+:)|»)|(?<=«) "), "\u00a0"),
        (re.compile(r" (?=[;?!](?:\W|$))"), "\u202f"),
    )
}
_PIECE = re.compile(r"\{\{|\}\}|\{([a-z_][a-z0-9_]*)\}")

Text = str | Mapping[str, str]


class Markup(str):
    """Text that is already safe for the surface it goes to: `say` does not put it through `via` again."""

    __slots__ = ()


class TextMissing(LookupError):  # noqa: N818 - reads as what it says
    """The catalogue lacks a text, or the caller a value it needs: a fault of the program, found by its tests."""


def say(language: str, key: str, /, *, via: Callable[[str], str] = str, n: int | None = None, **values: object) -> str:
    """The text `key` in `language` (a language or a locale: `fr`, `fr-CA`), English where that language lacks it.

    Every value is turned to text and put through `via`, the escaping of the surface, unless it is a `Markup` or a
    number. With `n` the plural form for `n` is taken. Raises TextMissing for an unknown key or an absent value.
    """
    spoken, text = _find(language, key)
    if not isinstance(text, str):
        if n is None:
            raise TextMissing(f"the text {key} counts: it needs n")
        text = text["one" if ONE.get(spoken, ONE[FALLBACK])(n) else "other"]
    filled = values if n is None else {"n": n, **values}

    def piece(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return match[0][0]
        if name not in filled:
            raise TextMissing(f"the text {key} needs a value for {{{name}}}")
        value = filled[name]
        return str(value) if isinstance(value, Markup | int | float) else via(str(value))

    return _PIECE.sub(piece, text)


def languages() -> tuple[str, ...]:
    """The languages that have at least one file, sorted."""
    return tuple(sorted({path.name.split(".")[0] for path in FOLDER.glob("*.*.toml")}))


def keys(language: str) -> set[str]:
    """The names of all texts of one language, without the English ones that stand in for what it lacks."""
    return set(_catalogue(language))


def placeholders(language: str, key: str) -> set[str]:
    """The names of the values that a text of one language needs, over all its plural forms."""
    text = _catalogue(language)[key]
    forms = [text] if isinstance(text, str) else list(text.values())
    return {match[1] for form in forms for match in _PIECE.finditer(form) if match[1]}


def _find(language: str, key: str) -> tuple[str, Text]:
    spoken = re.split(r"[-_]", language, maxsplit=1)[0].lower()
    for candidate in (spoken, FALLBACK):
        text = _catalogue(candidate).get(key)
        if text is not None:
            return candidate, text
    raise TextMissing(f"the catalogue has no text {key}")


@cache
def _catalogue(language: str) -> Mapping[str, Text]:
    # A language comes from a Slack profile: only letters may become part of a file name.
    paths = sorted(FOLDER.glob(f"{language}.*.toml")) if language.isascii() and language.isalpha() else []
    texts: dict[str, Text] = {}
    for path in paths:
        try:
            tree = tomllib.loads(path.read_text("utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise TextMissing(f"{path.name}: {error}") from error
        for name, text in _leaves(tree, ""):
            if name in texts:
                raise TextMissing(f"{path.name}: {name} is already in another file of {language}")
            texts[name] = _set(language, text)
    return texts


def _set(language: str, text: Text) -> Text:
    if not isinstance(text, str):
        return {form: str(_set(language, one)) for form, one in text.items()}
    for blank, fixed in SETTING.get(language, ()):
        text = blank.sub(fixed, text)
    return text


def _leaves(tree: Mapping[str, object], prefix: str) -> Iterator[tuple[str, Text]]:
    for name, value in tree.items():
        path = f"{prefix}{name}"
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, dict) and set(value) == PLURAL_FORMS:
            yield path, {form: str(text) for form, text in value.items()}
        elif isinstance(value, dict):
            yield from _leaves(value, f"{path}.")
        else:
            raise TextMissing(f"{path} is neither a text nor a table of texts")
