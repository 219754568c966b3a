"""The tokens of a command that are not yet taken. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bot.commands.grammar import QUOTES, Token, TokenKind, plain, tokens


@dataclass(slots=True)
class Reader:
    """The tokens not yet taken."""

    text: str
    left: list[Token] = field(default_factory=list)

    def rest(self) -> str:
        """All that is left, as typed; one pair of quotes around the whole is taken off."""
        if not self.left:
            return ""
        first = self.left[0]
        raw = self.text[first.start :].strip()
        if first.quoted and len(self.left) == 1:
            raw = raw[1:].removesuffix(QUOTES[raw[0]])
        rest = plain(raw, joiners=True).strip()
        self.left = []
        return rest

    def goes_on(self, start: int) -> None:
        """Read on from within a word, as if a new one began there."""
        self.left = [replace(token, start=token.start + start) for token in tokens(self.text[start:])]


def shown(token: Token) -> str:
    """A token as the person sees it."""
    return token.label or token.value


def is_word(token: Token, *words: str) -> bool:
    """Whether it is one of these words, written as one."""
    return token.kind is TokenKind.WORD and not token.quoted and token.value.lower() in words
