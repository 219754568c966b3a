"""A difference in words: what an import changes, a line each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from store import sizes
from store.exchange.difference import Change, Subject
from store.exchange.groupfile import SIZES
from store.texts import say

SAMPLE = 10
SAMPLE_KEPT_OUT = 200


def lines(changes: Iterable[Change], *, dry_run: bool, language: str = "en") -> list[str]:
    """Everything that was changed, or would be."""
    told = [line for change in changes for line in _of(change, language)]
    changed = any(not change.empty for change in changes)
    if not changed:
        told.append(say(language, "store.difference.nothing"))
    elif dry_run:
        told.append(say(language, "store.difference.dry_run"))
    return told


def _of(change: Change, language: str) -> Iterator[str]:
    group = change.file.address.key

    def line(name: str, **values: Any) -> str:
        return say(language, f"store.difference.{name}", group=group, **values)

    def many(name: str, who: Iterable[str], most: int = SAMPLE) -> Iterator[str]:
        some = list(who)
        if some:
            more = ", …" if len(some) > most else ""
            yield line(name, n=len(some), sample=", ".join(some[:most]) + more)

    if change.new is not None:
        yield line("group_created")
    for setting, (before, after) in change.settings.items():
        yield line(
            "setting", setting=setting, before=_value(setting, before, language), after=_value(setting, after, language)
        )
    for alias in change.aliases_added:
        yield line("alias_added", alias=alias.key)
    for gone in change.aliases_removed:
        yield line("alias_removed", alias=gone)
    for kind, patterns in change.ruled.items():
        yield from many(f"{kind}_added", (one.text for one in patterns))
    for kind, texts in change.unruled.items():
        yield from many(f"{kind}_removed", texts)
    for flag, subjects in change.added.items():
        yield from many(f"added_{flag}", (_who(subject) for subject in subjects))
    yield from many("added_contact", (address.key for address, _ in change.contacts))
    yield from many("renamed", (f"{address} ({name})" for address, name in change.renamed.values()))
    for flag, rows in change.removed.items():
        yield from many(f"removed_{flag}", rows.values())
    for reason, keys in change.kept_out.items():
        yield from many(str(reason), keys, SAMPLE_KEPT_OUT)
    yield from many("unlinked", dict.fromkeys(change.unlinked))


def _who(subject: Subject) -> str:
    return subject if isinstance(subject, str) else subject.key


def _value(setting: str, value: object, language: str) -> str:
    if value is None:
        return say(language, "store.difference.value_none")
    if isinstance(value, bool):
        return say(language, f"store.difference.value_{'yes' if value else 'no'}")
    if setting in SIZES and isinstance(value, int):
        return sizes.show(value, language)
    return " ".join(str(value).split())
