"""What decides who stands in From, from its row and back, and where there was no such column."""

from __future__ import annotations

import json

from store.terms import Origin


def test_it_comes_back_as_it_was() -> None:
    origin = Origin(asks=True, signed=(0, 3), own=(3,), chain="pass")
    assert Origin.from_json(json.loads(json.dumps(origin.as_json()))) == origin


def test_a_post_older_than_the_facts_has_none() -> None:
    assert Origin.from_json({}) == Origin(asks=False, signed=(), own=(), chain="")
