"""A YAML file as values that know their line, so that every fault can be named by file and line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from store.terms import Refused
from store.texts import say

NOTHING = frozenset({"", "~", "null", "none"})
YES = frozenset({"yes", "true", "on"})
NO = frozenset({"no", "false", "off"})
LINES_KEPT = 50


class ImportRefused(Exception):  # noqa: N818 - an answer to the person who imports
    """The file cannot be imported; nothing was changed. `lines` name each fault and where it is."""

    def __init__(self, lines: list[str]) -> None:
        more = len(lines) - LINES_KEPT
        shown = [*lines[:LINES_KEPT], say("en", "store.import.more_faults", n=more)] if more > 0 else lines
        super().__init__("\n".join(shown))
        self.lines = tuple(shown)


class Faults:
    """What is wrong with a file, gathered so that all of it is told at once."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, place: str, name: str, /, **values: Any) -> None:
        """Note `store.import.<name>` at `place` (`file:line`)."""
        self.lines.append(f"{place}: {say('en', f'store.import.{name}', via=_shown, **values)}")

    def add_refusal(self, place: str, refused: Refused) -> None:
        """Note what a verb or a reader of the store refuses, in its own words."""
        values: dict[str, Any] = dict(refused.values)
        self.lines.append(f"{place}: {say('en', f'refused.{refused.name}', via=_shown, **values)}")

    def refuse(self) -> None:
        """Raises ImportRefused if there is any."""
        if self.lines:
            raise ImportRefused(self.lines)


@dataclass(frozen=True, slots=True)
class Value:
    """A node of the file. Its readers give None, having noted the fault, where it is not what they read."""

    node: yaml.Node
    file: str
    faults: Faults

    @property
    def place(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.node.start_mark.line + 1}"

    @property
    def scalar(self) -> bool:
        """Whether it is a single value, not a mapping or a sequence."""
        return isinstance(self.node, yaml.ScalarNode)

    @property
    def empty(self) -> bool:
        """Whether it says that there is none: nothing, null or the word none."""
        return isinstance(self.node, yaml.ScalarNode) and self.node.value.strip().lower() in NOTHING

    def text(self) -> str | None:
        """A scalar as it is written: `0123` and `no` stay text."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.faults.add(self.place, "not_text")
            return None
        return str(self.node.value).strip()

    def flag(self) -> bool | None:
        """yes or no, as YAML writes them."""
        word = (self.text() or "").lower()
        if word not in YES | NO:
            self.faults.add(self.place, "not_yes_or_no", text=word)
            return None
        return word in YES

    def items(self) -> Iterator[Value]:
        """The members of a sequence; none of an empty scalar."""
        if isinstance(self.node, yaml.SequenceNode):
            for node in self.node.value:
                yield Value(node, self.file, self.faults)
        elif not self.empty:
            self.faults.add(self.place, "not_sequence")

    def fields(self, known: frozenset[str]) -> dict[str, Value]:
        """The members of a mapping by key; notes keys that are unknown or there twice."""
        found: dict[str, Value] = {}
        if not isinstance(self.node, yaml.MappingNode):
            self.faults.add(self.place, "not_mapping")
            return found
        for key_node, node in self.node.value:
            key = Value(key_node, self.file, self.faults)
            name = key.text()
            if name is None:
                continue
            if name not in known:
                near = get_close_matches(name, known, n=1)
                if near:
                    self.faults.add(key.place, "unknown_key_near", key=name, near=near[0])
                else:
                    self.faults.add(key.place, "unknown_key", key=name, known=", ".join(sorted(known)))
            elif name in found:
                self.faults.add(key.place, "key_twice", key=name)
            else:
                found[name] = Value(node, self.file, self.faults)
        return found


def read(path: Path, faults: Faults) -> Value | None:
    """The root of a YAML file; None, with the fault noted, where it is unreadable or no YAML."""
    text = read_text(path, faults)
    if text is None:
        return None
    try:
        # Nodes only: nothing in the file is ever constructed, and tags mean nothing.
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        faults.add(f"{path.name}:{line}", "not_yaml", problem=error.problem or "")
        return None
    except yaml.YAMLError as error:
        faults.add(path.name, "not_yaml", problem=str(error).splitlines()[0])
        return None
    if node is None:
        faults.add(path.name, "file_empty")
        return None
    return Value(node, path.name, faults)


def read_text(path: Path, faults: Faults) -> str | None:
    """A text file in UTF-8, with or without byte order mark; None, with the fault noted, where it is none."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        faults.add(path.name, "file_unreadable", problem=error.strerror or "")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        faults.add(f"{path.name}:{line}", "file_not_utf8")
    return None


def _shown(text: str) -> str:
    return " ".join(text.split())[:120]
