"""Who wrote it: the one mailbox of the one From field, by a grammar with a single reading.

Membership rests on this address, and so does every attack on it: two parsers that disagree on `a@us <b@evil>` let one
check the first and show the second (CVE-2023-27043; espoofer's client and server cases). So what has two readings has
none here: no groups, no routes, no unquoted @ in a name, no comment inside an address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailbridge.policy import display
from store.terms import Address, InvalidAddress

_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\U0010ffff-]+")
# Unquoted words of a display name: atoms and dots (RFC 5322 4.1 obs-phrase), UTF-8, brackets, which people write, and
# encoded words that hold a comma or colon against RFC 2047 5, but never what could make an address.
_WORDS = re.compile(
    r"(?:=\?[^?\s<>()\"@\\]+\?[bBqQ]\?[^?\s<>()\"@\\]*\?=|[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\U0010ffff\[\] \t-])+"
)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_BARE = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^\s"(),:;<>@\[\]\\]+)@[^\s"(),:;<>@\\]+')
_DEEPEST_COMMENT = 5
_LONGEST = 4_096


class NoAuthor(ValueError):  # noqa: N818 - an answer about the message
    """The value is not exactly one mailbox that can be read in one way only."""


@dataclass(frozen=True, slots=True)
class Author:
    """The mailbox, and the name beside it as display text ("" if none)."""

    address: Address
    name: str


def author(value: bytes) -> Author:
    """Parse an unfolded From value (RFC 5322 3.6.2, one mailbox). Raises NoAuthor."""
    text = _text(value)
    at, comment = _comments(text, 0)
    bare = _BARE.match(text, at)
    if bare:
        address, name = _address(bare[0]), ""
        at = bare.end()
    else:
        name, at, comment = _phrase(text, at, comment)
        end = text.find(">", at)
        if text[at : at + 1] != "<" or end < 0:
            raise NoAuthor("there is no address")
        address = _address(text[at + 1 : end])
        at = end + 1
    at, comment = _comments(text, at, comment)
    if at != len(text):
        raise NoAuthor("there is more than one mailbox")
    return Author(address, display.text((name or comment).encode("utf-8", "surrogatepass"), 200))


def _phrase(text: str, at: int, comment: str) -> tuple[str, int, str]:
    """A display name from `at` on: its text, where it ends, and the last comment in it."""
    words: list[str] = []
    while True:
        quoted = _QUOTED.match(text, at)
        plain = None if quoted else _WORDS.match(text, at)
        if quoted:
            words.append(re.sub(r"\\(.)", r"\1", quoted[1]))
            at = quoted.end()
        elif plain:
            words.append(plain[0].strip())
            at = plain.end()
        else:
            return " ".join(words).strip(), at, comment
        at, comment = _comments(text, at, comment)


def _text(value: bytes) -> str:
    if len(value) > _LONGEST:
        raise NoAuthor("the From field is too long")
    text = display.raw_text(value)
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text):
        raise NoAuthor("the From field holds a control character")
    return text.strip(" \t")


def _address(text: str) -> Address:
    """An addr-spec without comments, blanks or routes. A quoted local part must need no quotes."""
    local, at, domain = text.rpartition("@")
    quoted = _QUOTED.fullmatch(local)
    if quoted:
        local = re.sub(r"\\(.)", r"\1", quoted[1])
    if not at or not _ATOM.fullmatch(local):
        raise NoAuthor("there is no address that can be read in one way only")
    try:
        return Address.parse(f"{local}@{domain}")
    except InvalidAddress as error:
        raise NoAuthor("there is no address that can be read in one way only") from error


def _comments(text: str, at: int, last: str = "") -> tuple[int, str]:
    """Skip blanks and comments (RFC 5322 3.2.2): where they end, and the text of the last comment."""
    while True:
        while text[at : at + 1] in (" ", "\t") and at < len(text):
            at += 1
        if text[at : at + 1] != "(":
            return at, last
        start, depth = at + 1, 0
        while True:
            letter = text[at : at + 1]
            if not letter:
                raise NoAuthor("a comment is not closed")
            depth += (letter == "(") - (letter == ")")
            # A thousand nested comments overflow the stack of recursive parsers; nobody writes six.
            if depth > _DEEPEST_COMMENT:
                raise NoAuthor("comments are nested too deeply")
            at += 2 if letter == "\\" else 1
            if not depth:
                break
        last = text[start : at - 1]
