"""Patterns of authors, as a ban names them: one address, a domain with all below it, or a glob. Pure.

A glob has `*` for any letters and `?` for one, and nothing else: what people type must never cost more than its length,
which a regular expression of theirs could.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from store.mailbox import Address, InvalidAddress, folded

LONGEST: Final = 200
_WILD: Final = frozenset("*?")


class PatternKind(StrEnum):
    ADDRESS = "address"
    DOMAIN = "domain"
    GLOB = "glob"


class BadPattern(ValueError):  # noqa: N818 - said to people through Refused
    """The text is no pattern: `malformed`, `short_domain`, `too_wide` (it would match everybody) or `too_long`."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Pattern:
    """`text` is the form it is kept and shown in: `eve@spam.example`, `@spam.example` or `*-news@*.example`."""

    kind: PatternKind
    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """From what a person typed. Raises BadPattern."""
        text = folded(text.strip()).removeprefix("<").removesuffix(">")
        if len(text) > LONGEST:
            raise BadPattern("too_long")
        if _WILD.isdisjoint(text):
            return cls._plain(text)
        return cls(PatternKind.GLOB, _glob_form(text))

    @classmethod
    def _plain(cls, text: str) -> Self:
        local, _, domain = text.rpartition("@")
        try:
            address = Address.parse(f"{local or 'x'}@{domain}")
        except InvalidAddress as fault:
            raise BadPattern("malformed") from fault
        if "." not in address.domain:
            raise BadPattern("short_domain")
        return cls(PatternKind.ADDRESS, address.key) if local else cls(PatternKind.DOMAIN, f"@{address.domain}")

    def matches(self, key: str) -> bool:
        """Whether an address in comparing form is meant. Takes at most the product of both lengths."""
        match self.kind:
            case PatternKind.ADDRESS:
                return key == self.text
            case PatternKind.DOMAIN:
                return self.text in exact(key)
            case PatternKind.GLOB:
                return _globbed(self.text, key)


def exact(key: str) -> list[str]:
    """The texts without wildcards that mean this address: itself, its domain and every one above it."""
    labels = key.rpartition("@")[2].split(".")
    return [key, *(f"@{'.'.join(labels[n:])}" for n in range(len(labels) - 1))]


def _glob_form(text: str) -> str:
    """Lower case, the domain's letters beyond ASCII as A-labels; `*.example` alone means everybody there."""
    local, at, domain = text.rpartition("@")
    if not at:
        if "." not in domain:
            raise BadPattern("malformed")
        local = "*"
    # Wildcards as letters that an address may hold, so that the rest is looked at as an address is.
    shape = f"{local}@{domain}".translate({ord("*"): "x", ord("?"): "x"})
    try:
        Address.parse(shape)
        labels = [label if label.isascii() else label.encode("idna").decode("ascii") for label in domain.split(".")]
    except (InvalidAddress, UnicodeError) as fault:
        raise BadPattern("malformed") from fault
    if not any(c.isalnum() for c in f"{local}{domain}" if c not in _WILD):
        raise BadPattern("too_wide")
    return f"{local}@{'.'.join(labels)}"


def _globbed(pattern: str, text: str) -> bool:
    """Head and tail stand at the ends, each piece between two stars at the first place where it fits: no other choice
    could succeed where that one fails, so none is tried again."""
    head, *middle = pattern.split("*")
    if not middle:
        return len(head) == len(text) and _fits(head, text, 0)
    tail = middle.pop()
    at, end = len(head), len(text) - len(tail)
    if end < at or not _fits(head, text, 0) or not _fits(tail, text, end):
        return False
    for piece in middle:
        at = next((n for n in range(at, end - len(piece) + 1) if _fits(piece, text, n)), -1)
        if at < 0:
            return False
        at += len(piece)
    return True


def _fits(piece: str, text: str, at: int) -> bool:
    return all(wanted in ("?", found) for wanted, found in zip(piece, text[at : at + len(piece)], strict=True))
