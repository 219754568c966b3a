"""What is drawn in French: whole, within Slack's limits without a cut, and with no English word left in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from bot.views import limits
from bot.views.limits import Surface
from store import texts
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
def test_what_is_drawn_is_in_one_language(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    find = texts._find
    # The states are drawn in English; here whatever is asked for in it is found in the other language.
    monkeypatch.setattr(texts, "_find", lambda _, key: find(language, key))
    messages = list(states.messages(OUTSIDE))
    drawn: list[Any] = [[shown.text, shown.blocks] for shown in messages]
    for shown in messages:
        assert limits.check(Surface.MESSAGE, shown.blocks) == []
    drawn += list(states.views(OUTSIDE))
    found = {text for one in drawn for text in [*said(one), *([one[0]] if isinstance(one, list) else [])]}
    assert len(found) > 200
    ours = {find(language, key)[1] for key in texts.keys(language) if isinstance(find(language, key)[1], str)}
    assert [text for text in found - ours if text.endswith("…") and len(text) < 900] == []
    bare = [re.sub(r"<!date[^>]*>|```.*?```", "", text, flags=re.DOTALL) for text in found]
    english = [text for text in bare if ENGLISH.search(CODE.sub("", text))]
    assert (english == []) is (language == "fr")
