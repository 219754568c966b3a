"""The page of attacks and the tests say the same: each attack has its line, and each test that is named is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "safety.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
ROWS = dict(re.findall(r"^\| (V\d+) \|(.*)\|$", PAGE, re.MULTILINE))


def test_every_attack_of_the_wire_and_of_the_mail_has_a_line_with_a_test() -> None:
    assert list(ROWS) == [f"V{number}" for number in range(1, 27)]
    assert [attack for attack, row in ROWS.items() if "::test_" not in row] == []
    assert len(NAMED) == len(set(re.findall(r"::(test_\w+)", PAGE)))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_it_is_there(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert name in {node.name for node in functions}
