"""The words a group puts into its mail – subject tag and footer – as people type them, made fit for it or refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final

from store.terms import Refused

LONGEST_TAG: Final = 30  # characters: what a telephone shows of a subject should not be the tag alone
LONGEST_FOOTER: Final = 500
MOST_LINES: Final = 12
# Controls and unseen characters that change the direction or hide: a tag or footer must read as it is.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS: Final = "\u200c\u200d"  # between letters and within emoji they are spelling


def subject_tag(text: str) -> str:
    """A subject tag without its brackets, blanks single. Raises Refused `tag_malformed`, `tag_too_long`."""
    tag = text.strip()
    if tag.startswith("[") and tag.endswith("]"):
        tag = tag[1:-1].strip()
    if not tag or any(_unseen(letter) for letter in tag) or "[" in tag or "]" in tag:
        raise Refused("tag_malformed", text=_shown(text))
    tag = " ".join(tag.split())
    if len(tag) > LONGEST_TAG:
        raise Refused("tag_too_long", limit=str(LONGEST_TAG), length=str(len(tag)))
    return tag


def footer(text: str) -> str:
    """A footer's lines without blanks at their ends, joined by LF.

    Raises Refused `footer_malformed`, `footer_too_long`, `footer_too_many_lines`.
    """
    lines = [line.expandtabs(4).rstrip() for line in re.split(r"\r\n|\r|\n", text)]
    words = "\n".join(lines).strip("\n")
    bad = next((letter for letter in words if letter != "\n" and _unseen(letter)), "")
    if bad or not words.strip():
        raise Refused("footer_malformed", letter=f"U+{ord(bad):04X}" if bad else "–")
    if len(words) > LONGEST_FOOTER:
        raise Refused("footer_too_long", limit=str(LONGEST_FOOTER), length=str(len(words)))
    if words.count("\n") >= MOST_LINES:
        raise Refused("footer_too_many_lines", limit=str(MOST_LINES), lines=str(words.count("\n") + 1))
    return words


# Settings that are such words, and what makes them fit.
WORDINGS: Mapping[str, Callable[[str], str]] = {"subject_tag": subject_tag, "footer": footer}


def fit(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with their words made fit. Raises Refused."""
    return {
        name: WORDINGS[name](value) if name in WORDINGS and isinstance(value, str) else value
        for name, value in settings.items()
    }


def _unseen(letter: str) -> bool:
    return unicodedata.category(letter) in _UNSEEN and letter not in _JOINERS


def _shown(text: str) -> str:
    return " ".join("".join(" " if _unseen(letter) else letter for letter in text[:200]).split())[:60]
