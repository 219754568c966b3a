"""What is drawn in French: whole, within Slack's limits without a cut, and with no English word left in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from bot.views import limits
from bot.views.limits import Surface
from tests.bot.views import states
from tests.store.test_languages import CODE, ENGLISH

OUTSIDE = "\N{SNOWMAN}"


def said(value: Any) -> Iterator[str]:
    """Every text for people in a structure: not ids, values and styles."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name in {"text", "alt_text", "accessibility_label"} and isinstance(part, str):
                yield part
            else:
                yield from said(part)
    elif isinstance(value, list):
        for part in value:
            yield from said(part)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_is_drawn_is_in_one_language(language: str) -> None:
    drawn: list[Any] = [[shown.text, shown.blocks] for shown in states.messages(OUTSIDE, language)]
    for shown in states.messages(OUTSIDE, language):
        assert limits.check(Surface.MESSAGE, shown.blocks) == []
    drawn += list(states.views(OUTSIDE, language))
    texts = {text for one in drawn for text in [*said(one), *([one[0]] if isinstance(one, list) else [])]}
    assert len(texts) > 200
    assert [text for text in texts if text.endswith("…")] == []
    bare = [re.sub(r"<!date[^>]*>|```.*?```", "", text, flags=re.DOTALL) for text in texts]
    english = [text for text in bare if ENGLISH.search(CODE.sub("", text))]
    assert (english == []) is (language == "fr")
