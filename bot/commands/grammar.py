"""The text of a slash command as tokens: words, quotes, and what Slack puts in place of people, channels and addresses.

Pure. Slack (with `should_escape`) writes `<@U1|ada>`, `<#C1|general>`, `<!subteam^S1|@ops>`, `<mailto:a@b|a@b>` and
`<http://b.org|b.org>`, and `&amp; &lt; &gt;` for what was typed; so an angle bracket in the raw text is always Slack's.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

MAX_TEXT = 8_000  # characters; Slack's box holds about as many, and a longer text belongs in a file for import
QUOTES = {'"': '"', "“": "”", "”": "”", "„": "“", "«": "»"}  # phones and French keyboards write the others
SEPARATORS = frozenset(",;")
ESCAPE = re.compile(r"<([^<>\s][^<>]*)>")
ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
JOINERS = "\u200c\u200d"
INVISIBLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


class Misread(Exception):  # noqa: N818 - an answer to a person, not an error of the program
    """The text could not be taken as a command: the catalogue's `commands.misread.<name>` says why and what to type."""

    def __init__(self, name: str, /, **values: str) -> None:
        super().__init__(name, values)
        self.name = name
        self.values = values


class TokenKind(StrEnum):
    WORD = "word"
    PERSON = "person"
    CHANNEL = "channel"
    TEAM = "team"  # a Slack user group
    ADDRESS = "address"
    BROADCAST = "broadcast"  # @here, @channel, @everyone


@dataclass(frozen=True, slots=True)
class Token:
    """`value` is the word, the Slack id or the address; `label` what Slack showed; `start` the offset in the raw text.

    `quoted` words are never taken for a keyword or an address; `angled` marks an address written as `<a@b>`.
    """

    kind: TokenKind
    value: str
    label: str = ""
    start: int = 0
    quoted: bool = False
    angled: bool = False


def tokens(text: str) -> list[Token]:
    """The tokens of a command's raw text, in order. Raises Misread `too_long` beyond MAX_TEXT characters.

    Commas and semicolons separate like blanks do. A quote that is never closed takes the rest.
    """
    if len(text) > MAX_TEXT:
        raise Misread("too_long", length=f"{len(text):,}", limit=f"{MAX_TEXT:,}")
    found: list[Token] = []
    at = 0
    while at < len(text):
        character = text[at]
        if character.isspace() or character in SEPARATORS:
            at += 1
        elif character in QUOTES:
            end = text.find(QUOTES[character], at + 1)
            end = len(text) if end < 0 else end
            found.append(Token(TokenKind.WORD, plain(text[at + 1 : end]), start=at, quoted=True))
            at = end + 1
        else:
            end = _word_end(text, at)
            found.extend(_unquoted(text[at:end], at))
            at = end
    return found


def plain(raw: str, *, joiners: bool = False) -> str:
    """Raw text as a person would read it: escapes give their label or target, entities their character.

    Invisible and direction-changing characters go: they hide what a name or an address really is. `joiners` stay in a
    text that is a value of its own: between letters of Persian or Hindi and within emoji they are spelling.
    """
    shown = ESCAPE.sub(lambda match: _readable(match[1]), raw)
    for entity, character in ENTITIES:
        shown = shown.replace(entity, character)
    return INVISIBLE.sub(lambda match: match[0] if joiners and match[0] in JOINERS else "", shown)


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice most like a mistyped word, or None where nothing is near."""
    ordered = sorted(choices)
    lowered = word.lower()[:64]
    prefixed = [choice for choice in ordered if len(lowered) >= 2 and choice.startswith(lowered)]
    if prefixed:
        return prefixed[0]
    close = difflib.get_close_matches(lowered, ordered, n=1, cutoff=0.6)
    return close[0] if close else None


def _word_end(text: str, at: int) -> int:
    """Where the unquoted word that begins at `at` ends; blanks and separators inside an escape belong to it."""
    while at < len(text) and not text[at].isspace() and text[at] not in SEPARATORS:
        escape = ESCAPE.match(text, at)
        if escape:
            at = escape.end()
        elif text.startswith(("&lt;", "&gt;", "&amp;"), at):
            at = text.index(";", at) + 1
        else:
            at += 1
    return at


def _unquoted(raw: str, start: int) -> list[Token]:
    """The tokens of one unquoted word: mentions stand alone even when glued, all else is one word or address."""
    found: list[Token] = []
    words_from = 0
    for escape in ESCAPE.finditer(raw):
        mention = _mention(escape[1], start + escape.start())
        if mention is None:
            continue
        found.extend(_word(raw[words_from : escape.start()], start + words_from))
        found.append(mention)
        words_from = escape.end()
    found.extend(_word(raw[words_from:], start + words_from))
    return found


def _word(raw: str, start: int) -> list[Token]:
    value = plain(raw)
    if not value:
        return []
    if re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", value):
        return [Token(TokenKind.ADDRESS, value[1:-1], start=start, angled=True)]
    if re.fullmatch(r"[^<>@\s]+@[^<>@\s]+", value):
        return [Token(TokenKind.ADDRESS, value, start=start)]
    return [Token(TokenKind.WORD, value, start=start)]


MENTIONS = (
    ("@", re.compile(r"@([UW][A-Z0-9]{1,40})"), TokenKind.PERSON),
    ("#", re.compile(r"#([CGD][A-Z0-9]{1,40})"), TokenKind.CHANNEL),
    ("!", re.compile(r"!subteam\^(S[A-Z0-9]{1,40})"), TokenKind.TEAM),
    ("!", re.compile(r"!(here|channel|everyone)"), TokenKind.BROADCAST),
)


def _mention(inner: str, start: int) -> Token | None:
    """The token of an escape that names someone or somewhere, or None for a link (whose text joins the word)."""
    target, _, label = inner.partition("|")
    for sign, pattern, kind in MENTIONS:
        match = pattern.fullmatch(target) if target.startswith(sign) else None
        if match:
            return Token(kind, match[1], label=plain(label), start=start)
    return None


def _readable(inner: str) -> str:
    """What an escape stands for in running text; a mailto gives its address, so a label cannot disguise it."""
    target, _, label = inner.partition("|")
    if target.lower().startswith("mailto:"):
        return target[len("mailto:") :].partition("?")[0]
    sign = target[:1] if target[:1] in {"@", "#"} else ""
    if sign:
        return sign + (label.removeprefix(sign) or target[1:])
    return label or re.sub(r"^https?://", "", target).removesuffix("/")
