"""What an Edition changed in a mail beyond its header, to be told in the report. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

KEPT = 20  # replaced attachments told one by one; the others are counted


class Unfooted(StrEnum):
    """Why a post went out without its group's footer."""

    SEALED = "sealed"  # signed or encrypted from end to end
    MALFORMED = "malformed"  # its MIME structure can be read in more than one way


@dataclass(frozen=True, slots=True)
class Replaced:
    """An attachment that a note stands for: its name ("" if none), media type, and size in bytes without encoding."""

    name: str
    kind: str
    size: int


@dataclass(frozen=True, slots=True)
class Alteration:
    """`replaced` holds the first KEPT attachments of `count`, largest first; `size` is the bytes of all of them."""

    replaced: tuple[Replaced, ...] = ()
    count: int = 0
    size: int = 0
    unfooted: Unfooted | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to tell."""
        return self.count > 0 or self.unfooted is not None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        unfooted = data.get("unfooted")
        return cls(
            tuple(Replaced(str(one["name"]), str(one["kind"]), int(one["size"])) for one in data["replaced"]),
            int(data["count"]),
            int(data["size"]),
            Unfooted(unfooted) if unfooted else None,
        )


AS_IT_CAME = Alteration()
