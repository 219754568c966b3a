"""A group's word on authors, as values. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RulingKind(StrEnum):
    """A group's standing word on authors: `ban` refuses them, `allow` takes proven ones like members."""

    BAN = "ban"
    ALLOW = "allow"


class Subject(StrEnum):
    """What waits for a decision."""

    REQUEST = "request"
    POST = "post"


@dataclass(frozen=True, slots=True)
class Word:
    """A group's word on an author: the pattern that bans them ("" for none), and whether they are always allowed."""

    banned: str = ""
    allowed: bool = False


UNSAID = Word()
