"""What `/group log` is to show, from its words: a person, a kind of act, `since` a date, a page, `csv`; French ones
are taken from everybody.

Pure: the time, the person's time zone and language come as arguments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from bot.commands import french
from bot.commands.dates import DAYS, zone
from bot.commands.grammar import Misread, Token, TokenKind, nearest
from bot.views.trail import Wanted

# What people call the acts -> how their verbs begin in the audit.
WHAT = {
    "groups": "group", "settings": "group.changed", "members": "membership", "contacts": "membership",
    "requests": "request", "posts": "post", "passwords": "password", "checkups": "checkup",
    "erasures": "person.forgotten",
}  # fmt: skip
# The kinds that are offered: the others mean the same.
OFFERED = tuple(word for word in WHAT if word != "contacts")
# Who acts that is no person, as the audit names them.
NOBODY = ("mail", "import", "system")
_VERB = re.compile(r"[a-z_]{2,30}\.[a-z_]{2,30}")


def read(words: Sequence[Token], now: datetime, time_zone: str, language: str = "en") -> Wanted:
    """Raises Misread: `unknown_trail` (with the nearest word where one is near), `malformed_since`, `malformed_page`,
    and as people are read."""
    wanted, left = Wanted(), list(words)
    while left:
        token = left.pop(0)
        word = _english(token.value)
        if token.kind is TokenKind.PERSON:
            wanted = replace(wanted, slack_id=token.value)
        elif token.kind is TokenKind.ADDRESS:
            wanted = replace(wanted, address=token.value)
        elif token.kind is not TokenKind.WORD:
            raise Misread("unknown_trail", word=token.label or token.value, known=_known(language))
        elif word == "since":
            wanted = replace(wanted, since=_since(left, now, time_zone))
        elif word == "page" or word.isdecimal():
            wanted = replace(wanted, page=_page(left.pop(0).value if word == "page" and left else word))
        elif word == "csv":
            wanted = replace(wanted, csv=True)
        elif word in NOBODY:
            wanted = replace(wanted, actor=word)
        else:
            wanted = replace(wanted, what=_what(token.value, language))
    return wanted


def _english(typed: str) -> str:
    return french.LOG.get(typed.lower(), typed.lower())


def _spoken(words: Sequence[str], language: str) -> list[str]:
    """Words as they are offered in a language."""
    return [french.LOGGED[word][0] if language == "fr" and word in french.LOGGED else word for word in words]


def _known(language: str) -> str:
    return ", ".join(_spoken(OFFERED, language))


def _what(text: str, language: str) -> str:
    word = _english(text)
    if word.startswith("@"):
        raise Misread("person_not_picked", word=text)
    if word in WHAT or f"{word}s" in WHAT:
        return WHAT[word if word in WHAT else f"{word}s"]
    if _VERB.fullmatch(word):
        return word
    choices = [*WHAT, *NOBODY, "since", "csv", "page"]
    near = nearest(word, dict.fromkeys([*_spoken(choices, language), *choices]))
    raise (
        Misread("unknown_trail", word=text[:60], known=_known(language))
        if near is None
        else Misread("unknown_trail_near", word=text[:60], near=near)
    )


def _page(word: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", word) or int(word) < 1:
        raise Misread("malformed_page", word=word)
    return int(word)


def _since(left: list[Token], now: datetime, time_zone: str) -> datetime:
    """`2026-03-01`, `today`, `yesterday`, `7 days`; the beginning of that day where the person is."""
    first = left.pop(0).value.lower() if left else ""
    if first.isdecimal() and left and left[0].value.lower().removesuffix("s") in DAYS:
        first = f"{first} {left.pop(0).value.lower()}"
    today = now.astimezone(zone(time_zone)).date()
    day = _day(first, today)
    if day is None:
        raise Misread("malformed_since", word=first or "since")
    return datetime.combine(day, time(), tzinfo=zone(time_zone)).astimezone(UTC)


def _day(words: str, today: date) -> date | None:
    words = _english(words)
    back = {"today": 0, "yesterday": 1}
    if words in back:
        return today - timedelta(days=back[words])
    count = re.fullmatch(r"([0-9]{1,4}) ?([a-z]+)", words)
    if count and count[2].removesuffix("s") in DAYS:
        return today - timedelta(days=int(count[1]) * DAYS[count[2].removesuffix("s")])
    try:
        return date.fromisoformat(words)
    except ValueError:
        return None
