"""Marks: what of a message itself may make a group hold it, as policy saw it. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Marks:
    """Kept with the post: it is judged anew when its group resumes, and its card shows them.

    `recipients` are the addresses in To and Cc; `unnamed` says that none of the group's stands there; `command` is
    what its text asks of a mailing list (`join`, `leave`, `help`) and nothing else, or ""; `spam` is the verdict of a
    front relay of ours, `score` the number it gave, or ""; `bulk` says that it went to many, so that nothing of ours
    may answer it.
    """

    recipients: int = 0
    unnamed: bool = False
    command: str = ""
    spam: bool = False
    score: str = ""
    bulk: bool = False

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """From a row; what another version added is left out."""
        return cls(**{name: value for name, value in data.items() if name in cls.__dataclass_fields__})


UNMARKED = Marks()
