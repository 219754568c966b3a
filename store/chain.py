"""Chain: how a row of the audit is hashed onto the one before it. Pure; standard library only.

What is covered is the row with every text of its details replaced by a commitment, SHA-256 over a random salt, the
text's place and the text. So a text about a person can be erased later, its salt with it: the commitment that stays in
its place says nothing any more, and the chain still verifies. Numbers, ids and the names of things stay as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

ORIGIN: Final = "0" * 64  # what the first row is hashed onto
ERASED: Final = "erased"  # {"erased": commitment} stands where a text was


@dataclass(frozen=True, slots=True)
class Row:
    """An audit row as far as the chain covers it; `seal` is its place, from 1."""

    seal: int
    id: int
    at: datetime
    actor: str
    as_operator: bool
    verb: str
    group_id: int | None
    subject: str
    details: Mapping[str, Any]


def salted(details: Any, draw: Callable[[], str]) -> dict[str, str]:
    """A salt for every text within, by its place (RFC 6901); `draw` gives a random one."""
    return {place: draw() for place, _ in texts(details)}


def texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text within a JSON value, with its place."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from texts(inner, f"{place}/{_escaped(name)}")
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from texts(inner, f"{place}/{number}")


def commitment(salt: str, place: str, text: str) -> str:
    """What stands for a text in the hash."""
    return _sha256([salt, place, text])


def link(previous: str, row: Row, salts: Mapping[str, str]) -> str:
    """The hash of the chain up to this row, hexadecimal."""
    covered = _covered(row.details, salts, "")
    moment = row.at.isoformat(timespec="microseconds")
    return _sha256(
        [previous, row.seal, row.id, moment, row.actor, row.as_operator, row.verb, row.group_id, row.subject, covered]
    )


def erase(details: Any, salts: Mapping[str, str], gone: Callable[[str], bool]) -> tuple[Any, dict[str, str]]:
    """Details and salts without the texts of which `gone` is true; both as they were where there is none."""
    doomed = {place for place, text in texts(details) if place in salts and gone(text)}
    kept = {place: salt for place, salt in salts.items() if place not in doomed}
    return _without(details, salts, doomed, ""), kept


def erased(value: Any, salts: Mapping[str, str], place: str = "") -> int:
    """How many texts within were erased."""
    if is_erased(value, salts, place):
        return 1
    if isinstance(value, Mapping):
        return sum(erased(inner, salts, f"{place}/{_escaped(name)}") for name, inner in value.items())
    if isinstance(value, list):
        return sum(erased(inner, salts, f"{place}/{number}") for number, inner in enumerate(value))
    return 0


def is_erased(value: Any, salts: Mapping[str, str], place: str) -> bool:
    """Whether a value stands for a text that is gone: such a commitment has no salt, a text of that shape has."""
    return isinstance(value, Mapping) and set(value) == {ERASED} and f"{place}/{ERASED}" not in salts


def _covered(value: Any, salts: Mapping[str, str], place: str) -> Any:
    if isinstance(value, str):
        # A text without salt was written into a row that had none of it: the sealed hash will differ.
        return commitment(salts.get(place, ""), place, value)
    if is_erased(value, salts, place):
        return value[ERASED]
    if isinstance(value, Mapping):
        return {name: _covered(inner, salts, f"{place}/{_escaped(name)}") for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_covered(inner, salts, f"{place}/{number}") for number, inner in enumerate(value)]
    return value


def _without(value: Any, salts: Mapping[str, str], doomed: set[str], place: str) -> Any:
    if place in doomed:
        return {ERASED: commitment(salts[place], place, value)}
    if isinstance(value, Mapping):
        return {name: _without(inner, salts, doomed, f"{place}/{_escaped(name)}") for name, inner in value.items()}
    if isinstance(value, list):
        return [_without(inner, salts, doomed, f"{place}/{number}") for number, inner in enumerate(value)]
    return value


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _sha256(value: Any) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
